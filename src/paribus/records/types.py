"""The frozen types that cross the disk: what one run leaves behind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

#: Raised when a change makes older records unreadable or not comparable.
RECORD_FORMAT = 1
CHECKPOINT_FORMAT = 1

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]


class Frozen(BaseModel):
    """Read from JSON as strictly as it was written."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Failure(Frozen):
    """Why a run ended before its last epoch."""

    message: str
    epoch: int | None = None
    step: int | None = None


class DataFacts(Frozen):
    """The images a run was trained on."""

    source: str
    fingerprint: str
    classes: tuple[str, ...]
    training: int
    validation: int
    test: int
    shape: tuple[int, int, int]  # channels, height, width
    mean: tuple[float, ...]  # per channel, of the training images scaled to 0..1
    std: tuple[float, ...]


class NetworkFacts(Frozen):
    """What a module says of itself.

    `layers` is the published settings table: ["Conv-BatchNorm2d-ReLU-MaxPool", ...].
    """

    layers: tuple[str, ...]
    parameters: int


class StreamHashes(Frozen):
    """SHA-256 of what a run drew from each stream; equal hashes prove the pairing."""

    initial_values: dict[str, str]  # parameter name -> hash of its initial value
    order: str
    augmentation: str
    dropout: str


class EngineFacts(Frozen):
    """The training engine that is Paribus's own.

    Attributes:
        build: the instruction set it was compiled for, as "x86-64-v3".
        digest: SHA-256 of its library.
    """

    name: Literal["native"] = "native"
    build: str
    digest: str


class Environment(Frozen):
    """The machine, the versions and the engine that trained a run.

    Attributes:
        engine: None where PyTorch did, as it did in all older records.
    """

    paribus: str
    python: str
    torch: str
    numpy: str
    platform: str
    cpu: str
    cpu_capability: str
    threads: int
    git_commit: str | None = None
    git_dirty: bool | None = None
    engine: EngineFacts | None = None

    @property
    def engine_name(self) -> str:
        """As a study names it: "torch" or "native"."""
        return self.engine.name if self.engine else "torch"


class RunFacts(Frozen):
    """A record's `record.json`: all that is known of a run but its arrays.

    Attributes:
        status: "finished", or "failed" with `failure` saying why.
        changes: dotted path -> value, what this setting changes in the baseline.
        config: the setting in full, as `paribus.study.spec.Config` dumps it.
        digest: SHA-256 over config, seed, data fingerprint and versions; a run is reused
            only while it stays the same.
        best_epoch: the epoch (from 1) of lowest validation loss, the first where several tie.
        train_seconds: time in training steps, validation and evaluation not counted.
        train_cpu_seconds: the processor's share of it, which other programs don't lengthen.
        code: SHA-256 of the file of a user's own network.
        study_digest: SHA-256 over the whole study as it was when the run ended.
        retries: how often the run was begun again because its process was killed.
        resumes: how often it went on from a checkpoint.
        other_machines: on which it was trained before, where they differ in what decides the
            last bits; empty means that the bits are as if it had never been interrupted.
        peak_memory: bytes that its process used at most.
    """

    format: int = RECORD_FORMAT
    study: str
    setting: str
    baseline: str
    seed: int
    status: Literal["finished", "failed"]
    failure: Failure | None = None
    changes: dict[str, Any]
    config: dict[str, Any]
    digest: str
    data: DataFacts
    network: NetworkFacts
    streams: StreamHashes | None = None
    environment: Environment
    started: str  # ISO 8601, UTC
    ended: str
    best_epoch: int | None = None
    train_seconds: float = 0.0
    train_cpu_seconds: float = 0.0
    # Older records lack what follows.
    code: str | None = None
    study_digest: str | None = None
    retries: int = 0
    resumes: int = 0
    other_machines: tuple[Environment, ...] = ()
    peak_memory: int | None = None


class CheckpointFacts(Frozen):
    """What is known of a run under way, beside its tensors.

    Attributes:
        deciding: SHA-256 over all that decides the result but for the machine and its torch.
        environment: where the last part of it was trained.
    """

    format: int = CHECKPOINT_FORMAT
    setting: str
    seed: int
    inputs: str
    environment: Environment
    started: str
    best_epoch: int | None
    train_seconds: float
    train_cpu_seconds: float
    resumes: int
    other_machines: tuple[Environment, ...]


@dataclass(frozen=True)
class Curves:
    """The course of a training.

    Attributes:
        step_loss: (steps,) mean training loss of each batch, before its step.
        train_loss: (epochs,) the steps' losses averaged over the epoch's images, each
            batch weighted by its size.
        val_loss, val_accuracy: (epochs,) after each epoch, over all validation images.
        learning_rate: (epochs,) used during each epoch.
    """

    step_loss: Floats
    train_loss: Floats
    val_loss: Floats
    val_accuracy: Floats
    learning_rate: Floats


@dataclass(frozen=True)
class Predictions:
    """What a trained network says of the test images.

    Attributes:
        index: (n,) each test image's number in its source.
        labels: (n,) its true class.
        last: (n, classes) log probabilities after the last epoch.
        best: (n, classes) log probabilities at the epoch of lowest validation loss.
    """

    index: Integers
    labels: Integers
    last: Floats
    best: Floats


@dataclass(frozen=True)
class Record:
    """A run as read back from disk; a failed one has no predictions."""

    facts: RunFacts
    curves: Curves
    predictions: Predictions | None


@dataclass(frozen=True)
class Interventions:
    """What a run's network says of the test images once something in them is changed.

    Attributes:
        predicted: intervention (`paribus.metrics.interventions`) -> (n,) the class given to
            each test image, in the order of the run's predictions.
        outside: (m,) of a sample of them, the share of each one's attribution that lies outside
            the center.
    """

    predicted: Mapping[str, Integers]
    outside: Floats


@dataclass(frozen=True)
class Explanations:
    """Why a run's network answers as it does, for the images that a report shows.

    Attributes:
        images: (m,) each test image's number in its source.
        targets: (m,) the class whose log probability the maps explain.
        gradients: (m, height, width) integrated gradients, summed over channels: what each
            pixel adds to the target's log probability, in nats.
        occlusion: (m, height, width) what the target's log probability loses where a patch
            is covered, in nats.
        nearest: (m, k) numbers of the training images nearest in the last hidden layer,
            the nearest first.
        nearest_labels: (m, k) their classes.
    """

    images: Integers
    targets: Integers
    gradients: Floats
    occlusion: Floats
    nearest: Integers
    nearest_labels: Integers
