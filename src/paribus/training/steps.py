"""A network's training steps by PyTorch or the native engine, and its optimizer."""

from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from paribus.engine.library import library
from paribus.engine.native import Forward, Trainer
from paribus.errors import EngineError
from paribus.network.users import Shape
from paribus.records.types import EngineFacts
from paribus.study.optimizers import Adam, AdamW, Optimizer, Sgd
from paribus.training.objective import PLAIN, Objective
from paribus.training.predict import Predict


class Steps(Protocol):
    """Trains a network batch by batch, in torch's parameters and optimizer state."""

    @property
    def network(self) -> nn.Module:
        """The network in its current state."""

    @property
    def optimizer(self) -> torch.optim.Optimizer:
        """The optimizer, whose learning rate may change between steps."""

    @property
    def predict(self) -> Predict:
        """The network in evaluation mode, always in its current state."""

    def step(self, images: Tensor, labels: Tensor) -> float:
        """One step; returns the mean cross entropy (nats) before it, whatever is minimized.

        Args:
            images: (n, channels, height, width), normalized.
            labels: (n,) class numbers.
        """


@dataclass(frozen=True)
class TorchSteps:
    """Steps by PyTorch."""

    network: nn.Module
    optimizer: torch.optim.Optimizer
    objective: Objective = PLAIN

    @property
    def predict(self) -> Predict:
        """The network itself."""
        return self.network

    def step(self, images: Tensor, labels: Tensor) -> float:
        """One step; returns the mean cross entropy before it."""
        output = self.network(images)
        loss = self.objective(output, labels)
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        self.optimizer.step()
        if self.objective.is_plain:
            return loss.item()
        return cross_entropy(output.detach(), labels).item()


class NativeSteps:
    """Steps by the native engine, in the memory of torch's tensors."""

    def __init__(
        self, network: nn.Module, optimizer: torch.optim.Optimizer, shape: Shape, batch_size: int
    ) -> None:
        """For images of `shape`; the optimizer's state must be loaded already."""
        self.network, self.optimizer = network, optimizer
        # One more, since a single last image joins the batch before it.
        self.step = Trainer(network, shape, optimizer, batch_size + 1).step
        self.predict = Forward(network, shape)


def steps_by(
    engine: EngineFacts | None,
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    shape: Shape,
    batch_size: int,
    objective: Objective = PLAIN,
) -> Steps:
    """The steps of an engine (None: PyTorch) in batches of up to `batch_size` images.

    The engine was chosen for a loss that it supports (`objective.beyond_the_engine`).

    Raises:
        EngineError: if the library has changed since the engine was chosen.
    """
    if engine is None:
        return TorchSteps(network, optimizer, objective)
    assert objective.is_plain, "the engine minimizes nothing else"
    if library().digest != engine.digest:
        raise EngineError(
            f"expected the engine with digest {engine.digest[:12]}, got {library().digest[:12]}: "
            "it was compiled again. Run the study again."
        )
    return NativeSteps(network, optimizer, shape, batch_size)


def build_optimizer(
    spec: Optimizer, network: nn.Module, most: float | None = None
) -> torch.optim.Optimizer:
    """PyTorch's fused optimizer for all parameters of a network.

    Args:
        most: the largest norm of all gradients together; above it, each step scales them to it.
    """
    groups, lr = _groups(spec, network), spec.lr
    optimizer: torch.optim.Optimizer
    match spec:
        case Adam():
            optimizer = torch.optim.Adam(groups, lr=lr, betas=spec.betas, eps=spec.eps, fused=True)
        case AdamW():
            optimizer = torch.optim.AdamW(groups, lr=lr, betas=spec.betas, eps=spec.eps, fused=True)
        case Sgd():
            optimizer = torch.optim.SGD(
                groups, lr=lr, momentum=spec.momentum, nesterov=spec.nesterov, fused=True
            )
    if most is not None:
        # A hook, so that either engine's gradients are clipped wherever a step is taken.
        parameters = [*network.parameters()]
        optimizer.register_step_pre_hook(lambda *_: _clip(parameters, most))
    return optimizer


def _clip(parameters: list[nn.Parameter], most: float) -> None:
    nn.utils.clip_grad_norm_(parameters, most)


def _groups(spec: Optimizer, network: nn.Module) -> list[dict[str, Any]]:
    """The parameters of a network by their weight decay."""
    every, decay = [*network.parameters()], spec.weight_decay
    if spec.decay == "all":
        return [{"params": every, "weight_decay": decay}]
    parts = [p for p in every if p.ndim > 1], [p for p in every if p.ndim <= 1]
    decays = zip(parts, (decay, 0.0), strict=True)
    return [{"params": part, "weight_decay": own} for part, own in decays if part]


def set_learning_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Use `rate` from the next step on."""
    for group in optimizer.param_groups:
        group["lr"] = rate
