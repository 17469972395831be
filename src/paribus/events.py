"""What a study tells about itself while it is under way."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class DataRead:
    """Some of the images have been read, resized or downloaded."""

    what: str
    done: int
    total: int | None


@dataclass(frozen=True)
class FilesLeftOut:
    """Files of a folder that are not among its images, each with the reason."""

    files: tuple[str, ...]


@dataclass(frozen=True)
class EngineMissing:
    """Paribus's own engine isn't there, and PyTorch trains instead; `message` is a clause."""

    message: str


@dataclass(frozen=True)
class TrainingBegins:
    """`left` of a study's `runs` runs are to be trained, `epochs` epochs in all."""

    runs: int
    left: int
    epochs: int
    jobs: int


@dataclass(frozen=True)
class StudyBegins:
    """A process has begun to work on a study, or goes on with it."""

    study: str
    pid: int


@dataclass(frozen=True)
class StudyEnded:
    """A study's process has ended: its report is written, or `message` says what stopped it."""

    message: str


@dataclass(frozen=True)
class StudyChanged:
    """Records are there that were made otherwise: `again` runs are trained again for it.

    Attributes:
        changes: what differs, in words.
        kept: how many records stay as they are.
    """

    changes: tuple[str, ...]
    again: int
    kept: int


@dataclass(frozen=True)
class RecordSetAside:
    """A record that can't be read was moved to `where`; its run is trained again."""

    setting: str
    seed: int
    where: str
    message: str


@dataclass(frozen=True)
class CheckpointPassedOver:
    """A checkpoint is damaged; the one before it serves, or the run begins again."""

    setting: str
    seed: int
    file: str


@dataclass(frozen=True)
class RunBegins:
    """A process has taken a run; the first `epoch` of its `epochs` epochs were done before."""

    setting: str
    seed: int
    epoch: int
    epochs: int


@dataclass(frozen=True)
class EpochDone:
    """A run has finished an epoch."""

    setting: str
    seed: int
    epoch: int
    epochs: int


@dataclass(frozen=True)
class WorkerKilled:
    """The process at work on a run was killed; the run is tried once more, alone."""

    setting: str
    seed: int
    message: str


@dataclass(frozen=True)
class RunEnded:
    """A run has ended: "finished", "failed" or "killed"; `message` says why."""

    setting: str
    seed: int
    status: str
    seconds: float
    message: str


@dataclass(frozen=True)
class AnalysisBegins:
    """The networks of `left` of the `runs` finished runs are to be analyzed."""

    runs: int
    left: int
    jobs: int


@dataclass(frozen=True)
class RunAnalyzed:
    """A run's network has been analyzed: "finished", "failed" or "killed"; `message` says why."""

    setting: str
    seed: int
    status: str
    message: str


Event = (
    DataRead
    | FilesLeftOut
    | EngineMissing
    | StudyBegins
    | StudyChanged
    | RecordSetAside
    | TrainingBegins
    | RunBegins
    | CheckpointPassedOver
    | EpochDone
    | WorkerKilled
    | RunEnded
    | AnalysisBegins
    | RunAnalyzed
    | StudyEnded
)
Watch = Callable[[Event], None]


def quiet(event: Event) -> None:
    """Hear an event and say nothing."""
