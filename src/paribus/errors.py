"""The errors Paribus raises: each says what was expected, what it got, and what to do."""

import errno
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from paribus.names import printable

#: Problems that a message lists; the rest are counted.
MOST_PROBLEMS = 100


class ParibusError(Exception):
    """Base of all errors; the command line prints it and ends with `exit_code`."""

    exit_code = 1


@dataclass(frozen=True)
class Problem:
    """One thing wrong in a study: in a file at a line and column, both from 1; else they are 0."""

    line: int
    column: int
    path: str  # the dotted name of the key, as `optimizer.lr`
    message: str  # what was expected, what was there, and the nearest valid name

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class StudyError(ParibusError):
    """A study that can't be run; carries every problem, not the first one."""

    exit_code = 2

    def __init__(self, file: str, problems: Sequence[Problem]) -> None:
        self.file = file
        self.problems = tuple(sorted(problems, key=lambda p: (p.line, p.column)))
        lines = [f"{_place(file, problem)}: {problem}" for problem in self.problems]
        super().__init__("\n".join(map(printable, listed(lines))))


def _place(file: str, problem: Problem) -> str:
    return f"{file}:{problem.line}:{problem.column}" if problem.line else file


class DataError(ParibusError):
    """Images or labels that are missing, damaged or not what the study says."""


class DownloadError(DataError):
    """A download that could not be completed with the right bytes."""


class NetworkError(ParibusError):
    """A network that can't be built for these images and classes."""


class SettingsError(ParibusError):
    """Settings that can't be trained, found out before any was; `why` has each one's reason."""

    exit_code = 2

    def __init__(self, why: Mapping[str, str], settings: int) -> None:
        self.why = dict(why)
        some = f"{len(why)} of {settings} settings" if settings > 1 else "The setting"
        lines = [f"{name}: {reason}" for name, reason in why.items()]
        title = f"{some} can't be trained, so nothing was trained:"
        super().__init__("\n".join(map(printable, [title, *listed(lines)])))


class DeviceError(ParibusError):
    """A study asks for a device that isn't there."""

    exit_code = 2


class EngineError(ParibusError):
    """The engine that a study asks for, which can't train a setting or isn't there."""

    exit_code = 2


class StreamsError(ParibusError, ValueError):
    """Random generators of a script that can't be made, or put back, as asked."""


class SourceError(ParibusError):
    """Runs of another tool that can't be read as what they look like."""


class ExportError(ParibusError):
    """Runs that can't be written for another tool: its library is missing, or refuses them."""


class RecordError(ParibusError):
    """A record on disk that is incomplete, damaged or of another format."""


class ComparisonError(ParibusError, ValueError):
    """A comparison that can't be made as asked: what was expected, what was given, what to do."""

    exit_code = 2


class ChoiceError(ParibusError, ValueError):
    """A setting, class or table that there isn't; the message names the valid ones."""

    exit_code = 2


class InUseError(ParibusError):
    """A folder of results in which another process is at work."""


class FolderError(ParibusError):
    """A folder that results can't go into without touching what isn't theirs."""

    exit_code = 2


class RunsFailedError(ParibusError):
    """No run of a study finished."""

    def __init__(self, study: str, unfinished: Sequence[str], report: str) -> None:
        title = f"No run of {study!r} finished; {report} shows what there is."
        super().__init__("\n".join(map(printable, [title, *listed(unfinished)])))


class ResumeError(ParibusError):
    """A run begun elsewhere, which would not be bit-identical if it resumed here."""


class TrustError(ParibusError):
    """A list of trusted studies that can't be believed, or a study that isn't in it."""


class ClusterError(ParibusError):
    """A cluster that isn't there, isn't set up as it must be, or was lost."""


class DiskError(ParibusError, OSError):
    """Something that can't be written: the disk is full, read-only, failing or gone.

    It is an OSError with its usual three arguments: number, reason, path.
    """

    def __str__(self) -> str:
        return (
            f"{self.filename}: can't be written ({self.strerror}). Finished runs are kept. "
            f"{_REMEDIES.get(self.errno or 0, _USUAL_REMEDY)}"
        )


class ReadError(DiskError):
    """Something that can't be read now: the disk is failing, access is denied, ...

    What it holds is unknown, so nothing is concluded from it and nothing is made again.
    """

    def __str__(self) -> str:
        return (
            f"{self.filename}: can't be read ({self.strerror}). It may be sound, so it is left as "
            "it is. Fix this and rerun the same command."
        )


class PlaceError(DiskError):
    """A place where no folder can be made: below a file, a dead link, or what isn't a real disk."""

    def __str__(self) -> str:
        return f"{self.filename}: no folder can be made there ({self.strerror}). Choose another."


_RERUN = "rerun the same command: it resumes"
_USUAL_REMEDY = f"Fix this and {_RERUN}."
_REMEDIES = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT), f"Free some space there and {_RERUN}."),
    errno.EROFS: f"Allow writing there and {_RERUN}; or choose another folder.",
    errno.EACCES: f"Allow writing there and {_RERUN}; or choose another folder.",
    errno.EIO: "The disk is failing: save what is there first.",
    errno.ENOENT: f"The folder was moved or removed: put it back and {_RERUN}.",
    # Of a lock; a file on a server that lost it says the same.
    errno.ESTALE: "If the folder was moved, put it back; if another process works there, wait "
    f"until it has finished. Then {_RERUN}.",
}


def listed(problems: Sequence[str]) -> list[str]:
    """The problems that a message lists, and how many more there are."""
    more = len(problems) - MOST_PROBLEMS
    return [*problems[:MOST_PROBLEMS], *[f"... and {more:,} more"] * (more > 0)]


def first_line(error: BaseException) -> str:
    """The beginning of what an error says, or its kind where it says nothing."""
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


class NonFiniteLossError(ParibusError):
    """The loss became infinite or NaN."""

    def __init__(
        self, kind: str, setting: str, seed: int, epoch: int, step: int, loss: float
    ) -> None:
        self.epoch, self.step = epoch, step
        super().__init__(
            f"{setting}, seed {seed}: the {kind} loss became {loss} at epoch {epoch}, "
            f"step {step}. A smaller optimizer.lr often helps."
        )
