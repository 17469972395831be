"""The frozen types that cross the disk: what one run leaves behind.

A record has parts. Its facts are always there; reported metrics, curves, predictions and weights
each may be missing, as where a run was trained by something else than Paribus.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from paribus.records.bounds import (
    MOST_CLASSES,
    Bytes,
    ClassName,
    Count,
    Moment,
    Operations,
    Ordinal,
    Reported,
    Seconds,
    Seed,
    Sha256,
    Share,
    Text,
)

#: How a record lies on disk. Format 1, which had all parts, is still read.
RECORD_FORMAT = 2
#: Raised when a change makes the same configuration train otherwise: older records are then
#: trained again.
TRAINING_FORMAT = 1
#: The same of users' networks: in 2, Python's `random` draws other numbers than NumPy does.
OWN_TRAINING_FORMAT = 2
#: The same of shifted images: in 3 they lie in memory as others do, and sums round otherwise.
SHIFTED_TRAINING_FORMAT = 3
CHECKPOINT_FORMAT = 1

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]


class Frozen(BaseModel):
    """Read from JSON as strictly as it was written; whatever is read has bounds."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Failure(Frozen):
    """Why a run ended before its last epoch, or without a result.

    Attributes:
        settled: another try would end the same.
        output: the last lines that a script printed.
    """

    message: Text
    epoch: Count | None = None
    step: Count | None = None
    settled: bool = False
    output: Text = ""


class DataFindings(Frozen):
    """What is odd about the images as networks see them; numbers of images.

    Attributes:
        test_in_training: test images that are equal to a training image.
        in_two_classes: images that are equal to one of another class.
        plain: of a single color.
        alike: the most that are equal to each other.
        flat_channels: color channels without spread.
        shared_groups: groups with both training and test images.
    """

    test_in_training: Count = 0
    in_two_classes: Count = 0
    plain: Count = 0
    alike: Count = 0
    flat_channels: Count = 0
    shared_groups: Count = 0


class DataFacts(Frozen):
    """The images a run was trained on; what isn't known is empty or None."""

    source: Text = ""
    fingerprint: Sha256 | Literal[""] = ""  # files are called by it
    classes: Annotated[tuple[ClassName, ...], Field(max_length=MOST_CLASSES)] = ()
    training: Count | None = None
    validation: Count | None = None
    test: Count | None = None
    shape: tuple[Count, Count, Count] | None = None  # channels, height, width
    mean: tuple[Share, ...] = ()  # per channel, of the training images scaled to 0..1
    std: tuple[Share, ...] = ()
    left_out: tuple[tuple[Text, Count], ...] = ()  # reason, number of files
    groups: tuple[tuple[Text, tuple[Text, ...]], ...] = ()  # class, several subfolders of it
    animated: Count = 0  # files of several images
    shortened: Count = 0  # color images of 16 bits a channel, read as 8
    findings: DataFindings | None = None
    test_groups: Count | None = None  # patients, scenes, ... that the test images show
    unused: Count = 0  # training images that the study leaves out
    changed_labels: Count = 0  # of training images, that the study makes wrong


#: Names that are left out of records where there are none.
Names = Annotated[tuple[Text, ...], Field(exclude_if=lambda names: not names)]


class NetworkFacts(Frozen):
    """What a module says of itself."""

    layers: tuple[Text, ...] = ()  # as published settings tables: "Conv-BatchNorm2d-ReLU-MaxPool"
    parameters: Count | None = None
    # Older records lack what follows.
    multiply_adds: Operations | None = None  # for one image; unknown of users' own networks
    varying: tuple[Text, ...] = ()  # tensors that start otherwise at every build from one seed
    unseeded: bool = False  # in training it draws what the seed doesn't fix
    unsteady: bool = False  # in evaluation mode it answers the same images otherwise each time
    probabilities: bool = False  # its outputs are nonnegative and sum to 1
    # What was fine-tuned; left out of records where nothing was.
    pretrained: Sha256 | None = Field(default=None, exclude_if=lambda digest: digest is None)
    new: Names = ()  # tensors of the last layer that the file doesn't have for these classes
    frozen: Names = ()  # parameters that weren't trained
    frozen_parameters: Annotated[Count, Field(exclude_if=lambda count: count == 0)] = 0


class StreamHashes(Frozen):
    """SHA-256 of what a run drew from each stream; equal hashes prove the pairing."""

    initial_values: dict[Text, Text]  # parameter name -> hash of its initial value
    order: Text
    augmentation: Text  # all flips and shifts together
    dropout: Text
    # Of each augmentation that was switched on; older records lack it.
    drawn: dict[Text, Text] | None = None


class EngineFacts(Frozen):
    """The training engine that is Paribus's own."""

    name: Literal["native"] = "native"
    build: Text  # the instruction set it was compiled for, as "x86-64-v3"
    digest: Text  # SHA-256 of its library


class DeviceFacts(Frozen):
    """The GPU that trained a run; "" where unknown.

    Attributes:
        kind: as PyTorch names it.
        name: its type, as "NVIDIA H200".
        driver: the version of its driver.
        libraries: those that compute on it, as "CUDA 13.0, cuDNN 91900".
        precision: what layers computed in.
        deterministic: whether only algorithms were used that give the same bits each time.
    """

    kind: Literal["cuda", "mps"]
    name: Text = ""
    driver: Text = ""
    libraries: Text = ""
    precision: Text = "float32"
    deterministic: bool = True


class Environment(Frozen):
    """The machine, the versions and the engine that trained a run; "" or None where unknown."""

    paribus: Text = ""
    python: Text = ""
    torch: Text = ""
    numpy: Text = ""
    platform: Text = ""
    cpu: Text = ""
    cpu_capability: Text = ""
    threads: Count | None = None
    git_commit: Text | None = None
    git_dirty: bool | None = None
    engine: EngineFacts | None = None  # None for PyTorch, as in all older records
    # None for the processor, as in all older records.
    device: DeviceFacts | None = Field(default=None, exclude_if=lambda device: device is None)

    @property
    def engine_name(self) -> str:
        """As a study names it: "torch" or "native"; "" where neither is known."""
        if self.engine:
            return self.engine.name
        return "torch" if self.torch else ""

    @property
    def device_kind(self) -> str:
        """As a study names it: "cpu", "cuda" or "mps"; "" where it isn't known."""
        if self.device:
            return self.device.kind
        return "cpu" if self.torch else ""


class RunProgress(Frozen):
    """A run's progress and how it got there; the same in records and in checkpoints.

    Attributes:
        other_machines: where it was trained before, if that differs in what decides the last
            bits; empty means bit-identical to a run that was never interrupted.
    """

    started: Moment = ""
    best_epoch: Ordinal | None = None  # of lowest validation loss; the first of several
    train_seconds: Seconds = 0.0  # in training steps, validation and evaluation not counted
    # The same in CPU time, which other programs don't lengthen; 0 of training on a GPU.
    train_cpu_seconds: Seconds = 0.0
    # Older records lack what follows.
    resumes: Count = 0
    other_machines: tuple[Environment, ...] = ()


class RunFacts(RunProgress):
    """A record's `record.json`: all that is known of a run but its arrays.

    A run is reused only while its digest, over all that decides its result, stays the same.
    """

    format: int = RECORD_FORMAT
    study: Text
    setting: Text
    baseline: Text
    seed: Seed
    status: Literal["finished", "failed"]
    failure: Failure | None = None
    changes: dict[str, Any]  # dotted path -> value, what this setting changes in the baseline
    config: dict[str, Any]  # the setting in full, as `paribus.study.config.Config` records it
    digest: Text  # SHA-256 over config, seed, data fingerprint and versions
    data: DataFacts = DataFacts()
    network: NetworkFacts = NetworkFacts()
    streams: StreamHashes | None = None
    environment: Environment = Environment()
    ended: Moment
    metrics: dict[Text, Reported] = {}
    # Older records lack what follows.
    code: Text | None = None  # SHA-256 of the files of a user's own network
    study_digest: Text | None = None  # SHA-256 over the whole study when the run ended
    retries: Count = 0  # how often it was begun again because its process was killed
    peak_memory: Bytes | None = None  # that its process used at most
    files: dict[Text, Text] = {}  # of a script, file -> SHA-256, of all that it depends on
    drawn: dict[Text, Text] = {}  # of a script, name of a stream -> SHA-256 of what it drew


class CheckpointFacts(RunProgress):
    """What is known of a run under way, beside its tensors.

    `inputs` is a SHA-256 over all that decides the result but for the machine and its torch.
    """

    format: int = CHECKPOINT_FORMAT
    setting: Text
    seed: Seed
    inputs: Text = Field(
        validation_alias=AliasChoices("inputs", "deciding")
    )  # as format 1 calls it
    environment: Environment  # of the last part


Axis = Literal["step", "epoch"]


@dataclass(frozen=True)
class Series:
    """A number followed through training."""

    axis: Axis  # what `at` counts
    at: Floats  # (n,) where each value stands, increasing; Paribus's own count from 1
    values: Floats  # (n,) not finite where the run left the numbers

    @classmethod
    def counted(cls, axis: Axis, values: Floats) -> Series:
        """A series whose values stand at 1, 2, 3, ..."""
        return cls(axis, np.arange(1, len(values) + 1, dtype=np.float32), values)


#: What Paribus's own loop always records.
OWN_CURVES = ("step_loss", "train_loss", "val_loss", "val_accuracy", "learning_rate")


@dataclass(frozen=True)
class Curves:
    """A training's curves: any named series, of which Paribus's own loop records five.

    `step_loss`: training loss of each batch, before its step. `train_loss`: the steps' losses
    averaged over the epoch's images, each batch weighted by its size. `val_loss` and
    `val_accuracy`: after each epoch, over all validation images. `learning_rate`: at the first
    step of each epoch. Where a moving average of the weights is tested, `unaveraged_val_loss` and
    `unaveraged_val_accuracy` are those of the weights themselves.
    """

    series: Mapping[str, Series] = field(default_factory=dict)

    @classmethod
    def of_training(cls, step_loss: Floats, **by_epoch: Floats) -> Curves:
        """The curves of Paribus's own loop: (steps,) losses, and (epochs,) the others."""
        every = {name: Series.counted("epoch", values) for name, values in by_epoch.items()}
        usual = {"step_loss": Series.counted("step", step_loss), **every}
        # Without a moving average of the weights, nothing is unaveraged.
        return cls({name: s for name, s in usual.items() if len(s.values) or name in OWN_CURVES})

    def values(self, name: str) -> Floats:
        """The values (n,) of a series; none where there is no such series."""
        series = self.series.get(name)
        return np.zeros(0, np.float32) if series is None else series.values


@dataclass(frozen=True)
class Predictions:
    """What a trained network predicts for the test images."""

    index: Integers  # (n,) each test image's number in its source
    labels: Integers  # (n,) its true class
    last: Floats | None = None  # (n, classes) log probabilities after the last epoch
    best: Floats | None = None  # (n, classes) the same at the epoch of lowest validation loss
    given: Integers | None = None  # (n,) the predicted class, where no probabilities are known
    group: Integers | None = None  # (n,) number of each image's group, where there are groups

    @property
    def predicted(self) -> Integers:
        """(n,) the class predicted after the last epoch."""
        if self.last is not None:
            return np.asarray(self.last.argmax(axis=1))
        assert self.given is not None, "predictions have probabilities or classes"
        return self.given


@dataclass(frozen=True, repr=False)
class Record:
    """A run as read back from disk."""

    facts: RunFacts
    curves: Curves = field(default_factory=Curves)
    predictions: Predictions | None = None  # none of a failed run, or where they weren't kept

    @property
    def key(self) -> tuple[str, int]:
        """The setting's name and the seed."""
        return self.facts.setting, self.facts.seed

    def __str__(self) -> str:
        """The setting and the seed, and how the run ended."""
        name, failure = f"{self.facts.setting}, seed {self.facts.seed}: ", self.facts.failure
        return name + (failure.message.removeprefix(name) if failure else self.facts.status)

    def __repr__(self) -> str:
        """As `str`, for its arrays would fill the screen."""
        return f"<Record {self}>"

    @property
    def has_own_split(self) -> bool:
        """Whether its parts were drawn for its seed, so that other seeds have other test images."""
        sources = self.facts.config.get("vary")
        return isinstance(sources, list) and "split" in sources

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes; none where they aren't known."""
        return self.facts.data.classes

    @property
    def finished(self) -> bool:
        """Whether the run reached its last epoch."""
        return self.facts.status == "finished"


@dataclass(frozen=True)
class Interventions:
    """What a run's network says of the test images once something in them is changed.

    `predicted` has, for each intervention (`paribus.metrics.interventions`), the class given to
    each test image (n,), in the order of the run's predictions.
    """

    predicted: Mapping[str, Integers]
    outside: Floats  # (m,) of a sample, the share of attribution that lies outside the center


@dataclass(frozen=True)
class Explanations:
    """Why a run's network answers as it does, for the images that a report shows.

    Attributes:
        gradients: (m, height, width) integrated gradients, summed over channels: what each
            pixel adds to the target's log probability, in nats.
        occlusion: (m, height, width) what the target's log probability loses where a patch
            is covered, in nats.
        nearest: (m, k) numbers of the training images nearest in the last hidden layer,
            the nearest first.
    """

    images: Integers  # (m,) each test image's number in its source
    targets: Integers  # (m,) the class whose log probability the maps explain
    gradients: Floats
    occlusion: Floats
    nearest: Integers
    nearest_labels: Integers  # (m, k) their classes
