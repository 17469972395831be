"""One training step before any run: what keeps a setting from being trained, in words."""

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from paribus.errors import NetworkError
from paribus.network.own import located
from paribus.network.users import Shape, require_scores
from paribus.study.config import Config
from paribus.training.mixing import draw_mixes
from paribus.training.objective import objective
from paribus.training.optimizers import build_optimizer
from paribus.training.steps import TorchSteps


def try_step(config: Config, network: nn.Module, shape: Shape, classes: int, count: int) -> None:
    """Take one step on `count` images of noise; the network isn't to be used afterwards.

    Raises:
        NetworkError: the setting can't be trained.
    """
    kind = config.network.kind
    _require_parameters(kind, network)
    images, labels = torch.randn(count, *shape), torch.randint(classes, (count,))
    try:
        output = network.train()(images)
        require_scores(kind, output, count, classes, " while training")
        if not cross_entropy(output, labels).requires_grad:
            why = "no gradient reaches its parameters; look for no_grad() or detach() in forward"
            raise NetworkError(f"{kind}: {why}")
        optimizer = build_optimizer(config.optimizer, network, config.clip_gradients)
        loss = objective(config, labels.numpy(), classes)
        mixed = draw_mixes(config, batches=1, seed=0, epoch=1).mix(0, images, labels, classes)
        TorchSteps(network, optimizer, loss).step(*mixed)
    except NetworkError:
        raise
    except Exception as error:  # a user's network may raise anything
        raise NetworkError(f"{kind}: {_in_words(error, count)}") from error


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
    images = "1 image" if count == 1 else f"{count:,} images"
    return f"a training step on {images} failed: {located(error)}"
