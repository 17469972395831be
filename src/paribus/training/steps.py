"""A network's training steps by PyTorch or the native engine, optimizers, and learning rates."""

import math
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from paribus.engine.library import library
from paribus.engine.native import Forward, Trainer
from paribus.errors import EngineError
from paribus.network.users import Shape
from paribus.records.types import EngineFacts
from paribus.study.config import Adam, AdamW, Constant, Cosine, Sgd, Step
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
        """One step; returns the mean cross entropy (nats) before it.

        Args:
            images: (n, channels, height, width), normalized.
            labels: (n,) class numbers.
        """


@dataclass(frozen=True)
class TorchSteps:
    """Steps by PyTorch."""

    network: nn.Module
    optimizer: torch.optim.Optimizer

    @property
    def predict(self) -> Predict:
        """The network itself."""
        return self.network

    def step(self, images: Tensor, labels: Tensor) -> float:
        """One step; returns the mean cross entropy before it."""
        loss = cross_entropy(self.network(images), labels)
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        self.optimizer.step()
        return loss.item()


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
) -> Steps:
    """The steps of an engine (None: PyTorch) in batches of up to `batch_size` images.

    Raises:
        EngineError: if the library has changed since the engine was chosen.
    """
    if engine is None:
        return TorchSteps(network, optimizer)
    if library().digest != engine.digest:
        raise EngineError(
            f"expected the engine with digest {engine.digest[:12]}, got {library().digest[:12]}: "
            "it was compiled again. Run the study again."
        )
    return NativeSteps(network, optimizer, shape, batch_size)


def build_optimizer(spec: Adam | AdamW | Sgd, network: nn.Module) -> torch.optim.Optimizer:
    """PyTorch's fused optimizer for all parameters of a network."""
    parameters = network.parameters()
    lr, decay = spec.lr, spec.weight_decay
    match spec:
        case Adam():
            return torch.optim.Adam(parameters, lr=lr, weight_decay=decay, fused=True)
        case AdamW():
            return torch.optim.AdamW(parameters, lr=lr, weight_decay=decay, fused=True)
        case Sgd():
            return torch.optim.SGD(
                parameters, lr=lr, momentum=spec.momentum, weight_decay=decay, fused=True
            )


def learning_rate(
    schedule: Constant | Step | Cosine, initial: float, epoch: int, epochs: int
) -> float:
    """The learning rate during `epoch` (from 1) of `epochs`.

    Step: initial * factor^floor((epoch - 1) / every). Cosine (Loshchilov & Hutter 2017,
    without restarts): final + (initial - final) * (1 + cos(pi * (epoch - 1) / epochs)) / 2.
    """
    match schedule:
        case Constant():
            return initial
        case Step():
            return float(initial * schedule.factor ** ((epoch - 1) // schedule.every))
        case Cosine():
            along = (1 + math.cos(math.pi * (epoch - 1) / epochs)) / 2
            return schedule.final + (initial - schedule.final) * along


def set_learning_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Use `rate` from the next step on."""
    for group in optimizer.param_groups:
        group["lr"] = rate
