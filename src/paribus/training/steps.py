"""A network's training steps by PyTorch or the native engine."""

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from paribus.engine.library import library
from paribus.engine.native import Forward, Trainer
from paribus.errors import EngineError
from paribus.network.users import Shape
from paribus.records.types import EngineFacts
from paribus.study.config import Config
from paribus.study.optimizers import Sam
from paribus.training.device import CPU, Computing, Device
from paribus.training.objective import PLAIN, Objective
from paribus.training.optimizers import Sharp
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
    def device(self) -> Device:
        """Where they are computed."""

    @property
    def predict(self) -> Predict:
        """The network in evaluation mode, always in its current state."""

    def step(self, images: Tensor, labels: Tensor) -> float | Tensor:
        """One step; returns the mean cross entropy (nats) before it, whatever is minimized.

        A tensor where it is still being computed, which its value would have to wait for.

        Args:
            images: (n, channels, height, width), normalized.
            labels: (n,) class numbers, or (n, classes) each class's share of an image.
        """


@dataclass(frozen=True)
class TorchSteps:
    """Steps by PyTorch."""

    network: nn.Module
    optimizer: torch.optim.Optimizer
    objective: Objective = PLAIN
    device: Device = CPU

    @property
    def predict(self) -> Predict:
        """The network itself, in the device's precision."""
        return _computing(self.network, self.device)

    @cached_property
    def _forward(self) -> Predict:
        """What a step computes; compiled at the first one where that is asked for."""
        network = _computing(self.network, self.device)
        return torch.compile(network) if self.device.compiled else network

    def step(self, images: Tensor, labels: Tensor) -> float | Tensor:
        """One step; returns the mean cross entropy before it."""
        loss = self._gradients(images, labels)
        if isinstance(self.optimizer, Sharp):
            with self.optimizer.uphill():
                self._gradients(images, labels)
        self.optimizer.step()
        return loss if self.device.is_apart else loss.item()

    def _gradients(self, images: Tensor, labels: Tensor) -> Tensor:
        """Work out all gradients; the mean cross entropy."""
        output = self._forward(images)
        loss = self.objective(output, labels)
        self.optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        if self.objective.is_plain:
            return loss.detach()
        return cross_entropy(output.detach(), labels)


class NativeSteps:
    """Steps by the native engine, in the memory of torch's tensors."""

    device = CPU

    def __init__(
        self,
        network: nn.Module,
        optimizer: torch.optim.Optimizer,
        shape: Shape,
        batch_size: int,
        objective: Objective = PLAIN,
    ) -> None:
        """For images of `shape`; the optimizer's state must be loaded already."""
        self.network, self.optimizer, self._objective = network, optimizer, objective
        # One more, since a single last image joins the batch before it.
        self._trainer = Trainer(network, shape, optimizer, batch_size + 1)
        self.predict = Forward(network, shape)

    def step(self, images: Tensor, labels: Tensor) -> float:
        """One step; returns the mean cross entropy before it."""
        if self._objective.is_plain:
            return self._trainer.step(images, labels)
        return self._trainer.step(images, labels, self._objective.targets(labels))


def steps_by(
    engine: EngineFacts | None,
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    shape: Shape,
    batch_size: int,
    objective: Objective = PLAIN,
    device: Device = CPU,
) -> Steps:
    """The steps of an engine (None: PyTorch) in batches of up to `batch_size` images.

    The network is on the device already.

    Raises:
        EngineError: if the library has changed since the engine was chosen.
    """
    if engine is None:
        return TorchSteps(network, optimizer, objective, device)
    if library().digest != engine.digest:
        raise EngineError(
            f"expected the engine with digest {engine.digest[:12]}, got {library().digest[:12]}: "
            "it was compiled again. Run the study again."
        )
    return NativeSteps(network, optimizer, shape, batch_size, objective)


def predict_by(
    engine: EngineFacts | None, network: nn.Module, shape: Shape, device: Device = CPU
) -> Predict:
    """A network's predictions by an engine (None: PyTorch), always in its current state."""
    return Forward(network, shape) if engine else _computing(network, device)


def _computing(network: nn.Module, device: Device) -> nn.Module:
    """The network, in the device's precision."""
    return network if device.precision == "float32" else Computing(network, device)


def beyond_the_engine(config: Config, device: Device) -> str | None:
    """What of a setting's steps the native engine doesn't support, as a clause; None if nothing."""
    if device.is_apart:
        return "the native engine computes on the CPU"
    if device.precision != "float32":
        return "the native engine computes in float32"
    if device.compiled:
        return "torch.compile compiles what PyTorch does"
    if isinstance(config.optimizer, Sam):
        return "sam takes the gradients of each step twice, and the engine once"
    return None
