"""A network's training steps, by PyTorch or by Paribus's own engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from paribus.engine.library import library
from paribus.engine.native import Forward, Trainer
from paribus.errors import EngineError
from paribus.network.build import Shape
from paribus.records.types import EngineFacts
from paribus.training.predict import Predict


class Steps(Protocol):
    """Trains a network batch by batch; its parameters and the optimizer's state are torch's."""

    @property
    def network(self) -> nn.Module:
        """The network, as it is now."""

    @property
    def optimizer(self) -> torch.optim.Optimizer:
        """Whose learning rate and weight decay the next step follows."""

    @property
    def predict(self) -> Predict:
        """What the network, as it is when asked, gives for images in evaluation mode."""

    def step(self, images: Tensor, labels: Tensor) -> float:
        """One step; the mean cross entropy (nats) before it.

        Args:
            images: (n, channels, height, width), normalized.
            labels: (n,) class numbers.
        """


@dataclass(frozen=True)
class TorchSteps:
    """Steps as PyTorch takes them."""

    network: nn.Module
    optimizer: torch.optim.Optimizer

    @property
    def predict(self) -> Predict:
        """The network itself."""
        return self.network

    def step(self, images: Tensor, labels: Tensor) -> float:
        """One step; the mean cross entropy before it."""
        loss = cross_entropy(self.network(images), labels)
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        self.optimizer.step()
        return loss.item()


class NativeSteps:
    """Steps as Paribus's own engine takes them, in the memory of torch's tensors."""

    def __init__(
        self, network: nn.Module, optimizer: torch.optim.Optimizer, shape: Shape, batch_size: int
    ) -> None:
        """For images of `shape`; the optimizer's state must be the one to go on from."""
        self.network, self.optimizer = network, optimizer
        # One more, since a last image left alone joins the batch before.
        self.step = Trainer(network, shape, optimizer, batch_size + 1).step
        self.predict = Forward(network, shape)


def steps_by(
    engine: EngineFacts | None,
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    shape: Shape,
    batch_size: int,
) -> Steps:
    """The steps of an engine, None being PyTorch, in batches of `batch_size` such images.

    Raises:
        EngineError: if the library here isn't the one that was chosen, which records will name.
    """
    if engine is None:
        return TorchSteps(network, optimizer)
    if library().digest != engine.digest:
        raise EngineError(
            f"the engine chosen has the digest {engine.digest[:12]}, the one here "
            f"{library().digest[:12]}: it was compiled anew since. Run the study again."
        )
    return NativeSteps(network, optimizer, shape, batch_size)
