"""A training in progress: its curves, its best network yet, and hashes of what it drew."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import Tensor, nn

from paribus.network.users import content, uncompiled
from paribus.records.types import Curves, Environment, RunProgress, StreamHashes

State = dict[str, Tensor]

#: What of a training in progress is a curve. Those of unaveraged weights are empty without `ema`.
CURVES = (
    "step_loss",
    "train_loss",
    "val_loss",
    "val_accuracy",
    "unaveraged_val_loss",
    "unaveraged_val_accuracy",
    "learning_rate",
)


@dataclass
class Progress:
    """A training in progress: its curves so far and its best network yet.

    Attributes:
        generator_states: what was drawn from the global generators in each epoch, as by dropout.
    """

    initial_values: dict[str, str]
    step_loss: list[float] = field(default_factory=list)
    train_loss: list[float] = field(default_factory=list)
    val_loss: list[float] = field(default_factory=list)
    val_accuracy: list[float] = field(default_factory=list)
    unaveraged_val_loss: list[float] = field(default_factory=list)
    unaveraged_val_accuracy: list[float] = field(default_factory=list)
    learning_rate: list[float] = field(default_factory=list)
    best_epoch: int | None = None
    best_state: State = field(default_factory=dict)
    started: str = ""
    train_seconds: float = 0.0
    train_cpu_seconds: float = 0.0
    resumes: int = 0
    other_machines: tuple[Environment, ...] = ()
    generator_states: list[Tensor] = field(default_factory=list)
    order: hashlib._Hash = field(default_factory=hashlib.sha256)
    augmentation: hashlib._Hash = field(default_factory=hashlib.sha256)
    drawn: dict[str, hashlib._Hash] = field(default_factory=dict)
    dropout: hashlib._Hash = field(default_factory=hashlib.sha256)

    @property
    def epoch(self) -> int:
        """The last complete epoch; 0 before the first."""
        return len(self.val_loss)

    def facts(self) -> RunProgress:
        """What a record and a checkpoint say of it."""
        return RunProgress(**{name: getattr(self, name) for name in RunProgress.model_fields})

    def continue_from(self, facts: RunProgress) -> None:
        """Take over what a checkpoint says of it."""
        for name in RunProgress.model_fields:
            setattr(self, name, getattr(facts, name))

    def add_validation(self, network: nn.Module, loss: float, accuracy: float) -> None:
        """Complete an epoch; keep the network if its validation loss is the lowest so far."""
        # Strictly lower: of epochs that tie, the first is the best.
        if not self.val_loss or loss < min(self.val_loss):
            self.best_epoch = self.epoch + 1
            state = network.state_dict()
            self.best_state = {name: value.detach().clone() for name, value in state.items()}
        self.val_loss.append(loss)
        self.val_accuracy.append(accuracy)

    def note(self, drawn: Mapping[str, npt.NDArray[Any]]) -> None:
        """Add to the hashes of what was drawn, by name."""
        for name, numbers in drawn.items():
            self.drawn.setdefault(name, hashlib.sha256()).update(numbers.tobytes())

    def curves(self) -> Curves:
        """The curves so far, as arrays."""
        return Curves.of_training(
            **{name: np.asarray(getattr(self, name), dtype=np.float32) for name in CURVES}
        )

    def streams(self) -> StreamHashes:
        """Hashes of everything drawn so far."""
        return StreamHashes(
            initial_values=self.initial_values,
            order=self.order.hexdigest(),
            augmentation=self.augmentation.hexdigest(),
            drawn={name: digest.hexdigest() for name, digest in self.drawn.items()},
            dropout=self.dropout.hexdigest(),
        )


def begin(network: nn.Module) -> Progress:
    """A run before its first step; hashes the network's initial values."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    hashes = {
        name: hashlib.sha256(content(value)).hexdigest()
        for name, value in uncompiled(network).named_parameters()
    }
    return Progress(hashes, started=now)
