"""What a study tells about itself while it is under way."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Event:
    """Something that a study tells."""


@dataclass(frozen=True)
class DataRead(Event):
    """Some of the images have been read, resized or downloaded."""

    what: str
    done: int
    total: int | None


@dataclass(frozen=True)
class RunExported(Event):
    """So many runs have been written for another tool."""

    done: int
    total: int


@dataclass(frozen=True)
class ImagesReady(Event):
    """The images that some settings see.

    Attributes:
        counts: of each class, how many train, validate and test.
        notes: sentences on what is odd about them.
        left_out: the first files that are not among them, each with the reason.
    """

    settings: tuple[str, ...]
    source: str
    fingerprint: str
    classes: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    notes: tuple[str, ...]
    left_out: tuple[str, ...]


@dataclass(frozen=True)
class Waiting(Event):
    """Another process has what this one needs; `message` says which."""

    message: str


@dataclass(frozen=True)
class EngineMissing(Event):
    """Paribus's own engine isn't there, and PyTorch trains instead; `message` is a clause."""

    message: str


@dataclass(frozen=True)
class ScriptNoticed(Event):
    """Something about a study's command that its user should know; `message` is a sentence."""

    message: str


@dataclass(frozen=True)
class NetworkNoticed(Event):
    """Something about a setting's network that its user should know; `message` is a sentence."""

    setting: str
    message: str


@dataclass(frozen=True)
class TrainingBegins(Event):
    """`left` of a study's `runs` runs are to be trained, `epochs` epochs in all (0: unknown)."""

    runs: int
    left: int
    epochs: int
    jobs: int


@dataclass(frozen=True)
class StudyBegins(Event):
    """A process has begun to work on a study, or resumes it."""

    study: str
    pid: int


@dataclass(frozen=True)
class StudyEnded(Event):
    """A study's process has ended: its report is written, or `message` says what stopped it."""

    message: str


@dataclass(frozen=True)
class StudyChanged(Event):
    """Records were made otherwise, as `changes` says: `again` of them are made again."""

    changes: tuple[str, ...]
    again: int
    kept: int


@dataclass(frozen=True)
class PlanChanged(Event):
    """What was planned is changed after results were seen, as the sentences of `message` say."""

    message: str


@dataclass(frozen=True)
class RunsFound(Event):
    """What was found in runs that are there already.

    Attributes:
        settings: the name of each, how many runs it has, their seeds and what it changes.
        notes: how they are compared, and what was taken to be so; sentences.
        warnings: what may make the values wrong.
        left_out: runs that don't count, and keys that make no settings, each with the reason.
    """

    settings: tuple[tuple[str, int, str, str], ...]
    notes: tuple[str, ...]
    warnings: tuple[str, ...]
    left_out: tuple[str, ...]


@dataclass(frozen=True)
class AnalysisBegins(Event):
    """The networks of `left` of the `runs` finished runs are to be analyzed."""

    runs: int
    left: int
    jobs: int


@dataclass(frozen=True)
class RunEvent(Event):
    """Something about one run."""

    setting: str
    seed: int


@dataclass(frozen=True)
class RecordSetAside(RunEvent):
    """A record that can't be read was moved to `where`; its run is trained again."""

    where: str
    message: str


@dataclass(frozen=True)
class CheckpointPassedOver(RunEvent):
    """A checkpoint is damaged; the one before it serves, or the run begins again."""

    file: str


@dataclass(frozen=True)
class RunBegins(RunEvent):
    """A process has taken a run; the first `epoch` of its `epochs` epochs were done before."""

    epoch: int
    epochs: int


@dataclass(frozen=True)
class EpochDone(RunEvent):
    """A run has finished an epoch."""

    epoch: int
    epochs: int


@dataclass(frozen=True)
class RunPrinted(RunEvent):
    """The last lines that a run's script has printed, after `more` that aren't among them."""

    lines: tuple[str, ...]
    more: int


@dataclass(frozen=True)
class WorkerKilled(RunEvent):
    """The process at work on a run was killed; the run is tried once more, alone."""

    message: str


@dataclass(frozen=True)
class RunEnded(RunEvent):
    """A run has ended: "finished", "failed" or "killed"; `message` says why."""

    status: str
    seconds: float
    message: str


@dataclass(frozen=True)
class RunAnalyzed(RunEvent):
    """A run's network has been analyzed: "finished", "failed" or "killed"; `message` says why."""

    status: str
    message: str


@dataclass(frozen=True)
class ChartsMissing(Event):
    """The charts of the report can't be drawn, as `message` says; it is written without them."""

    message: str


@dataclass(frozen=True)
class ReportBegins(Event):
    """Every run is made, and the report is about to be written."""


@dataclass(frozen=True)
class LiveReportNoticed(Event):
    """Something about the report of a study under way; `message` is a sentence."""

    message: str


Watch = Callable[[Event], None]


def quiet(event: Event) -> None:
    """Hear an event and say nothing."""


def to_all(watches: Sequence[Watch]) -> Watch:
    """A watch that passes what it hears on to several, in their order."""

    def hear(event: Event) -> None:
        for watch in watches:
            watch(event)

    return hear
