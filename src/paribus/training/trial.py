"""One training step before any run: what keeps a setting from being trained, in words."""

from dataclasses import dataclass, replace

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from paribus.errors import NetworkError
from paribus.network.own import located
from paribus.network.users import Shape, require_scores
from paribus.study.config import Config
from paribus.training.device import CPU, Device
from paribus.training.mixing import draw_mixes
from paribus.training.objective import objective
from paribus.training.optimizers import build_optimizer
from paribus.training.steps import TorchSteps


def try_step(
    config: Config,
    network: nn.Module,
    shape: Shape,
    classes: int,
    count: int,
    device: Device = CPU,
) -> None:
    """Take one step on `count` images of noise; the network isn't to be used afterwards.

    Raises:
        NetworkError: the setting can't be trained.
    """
    kind, trial = config.network.kind, _Trial(config, network, shape, classes, device)
    _require_parameters(kind, network)
    try:
        device.place(network, config)
        if trial.fits(count):
            return
        why = _too_large(count, trial.fitting(count), device)
    except NetworkError:
        raise
    except Exception as error:  # a user's network may raise anything
        raise NetworkError(f"{kind}: {_in_words(error, count)}") from error
    raise NetworkError(f"{kind}: {why}")


@dataclass(frozen=True)
class _Trial:
    """Steps of a network on noise."""

    config: Config
    network: nn.Module
    shape: Shape
    classes: int
    device: Device

    def step(self, count: int) -> None:
        """One step on so many images."""
        config, device = self.config, replace(self.device, compiled=False)
        images = torch.randn(count, *self.shape).to(device.kind)
        labels = torch.randint(self.classes, (count,)).to(device.kind)
        with device.autocast():
            output = self.network.train()(images)
        require_scores(config.network.kind, output, count, self.classes, " while training")
        if not cross_entropy(output, labels).requires_grad:
            why = "no gradient reaches its parameters; look for no_grad() or detach() in forward"
            raise NetworkError(f"{config.network.kind}: {why}")
        del output  # and what its backward pass would need, or a step would need twice the memory
        optimizer = build_optimizer(config.optimizer, self.network, config.clip_gradients)
        loss = objective(config, labels.cpu().numpy(), self.classes, device.kind)
        mixed = draw_mixes(config, batches=1, seed=0, epoch=1).mix(0, images, labels, self.classes)
        TorchSteps(self.network, optimizer, loss, device).step(*mixed)
        device.wait()

    def fits(self, count: int) -> bool:
        """Whether there is memory for a step on so many images."""
        try:
            self.step(count)
        except torch.OutOfMemoryError:
            return False  # here, for while it is handled the error holds what the step had
        return True

    def fitting(self, count: int) -> int:
        """The largest batch that fits, of those that halving `count` leads to; 0 if none does."""
        while count := count // 2:
            self.network.zero_grad()
            if self.fits(count):
                return count
        return 0


def _too_large(count: int, fits: int, device: Device) -> str:
    """That a batch doesn't fit into a GPU's memory, and what would."""
    whose = f"the memory of {device.name}"
    if device.share > 1:
        whose += f", of which a run has 1/{device.share} (--per-device {device.share})"
    instead = f"batch_size: {fits} does" if fits else "no batch does; take a smaller network"
    return f"a training step on {count:,} images doesn't fit into {whose}; {instead}"


def _require_parameters(kind: str, network: nn.Module) -> None:
    parameters = [*network.parameters()]
    if not any(parameter.requires_grad for parameter in parameters):
        why = "all its parameters have requires_grad=False" if parameters else "no parameters"
        raise NetworkError(f"{kind}: nothing to train: {why}")


def _in_words(error: Exception, count: int) -> str:
    if count == 1 and "more than 1 value per channel" in str(error):
        return (
            "batch normalization needs more than one image in a batch. Set batch_size to 2 or more."
        )
    if "does not have a deterministic implementation" in str(error):
        return (
            f"{str(error).split(maxsplit=1)[0]} has no form on a GPU that gives the same bits each "
            "time. Take another layer, or set deterministic: false."
        )
    images = "1 image" if count == 1 else f"{count:,} images"
    return f"a training step on {images} failed: {located(error)}"
