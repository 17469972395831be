"""A network's training steps by PyTorch or the native engine."""

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
