"""What an array of jobs and the process that submitted it tell each other, in files below OUT.

`OUT/jobs/<name>/` has, for an array called <name>, until all its tasks have ended:

- `submission.json`: what the tasks of every job are, and how they fared before.
- `tasks`: the same tasks, packed, one job after another.
- `<n>.turn`: which process performs the tasks of job n; no other may write anywhere below OUT.
- `<n>.jsonl`: what it tells; only added to. `<n>.txt`: what it prints.
"""

import errno
import hashlib
import os
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from paribus.errors import DiskError, InUseError
from paribus.execution.place import Task
from paribus.io.disk import remove, write_file, write_folder
from paribus.io.reading import UnfitError, names_in, opened, read_whole
from paribus.io.strict_json import dumps
from paribus.places.slurm_packed import OtherTasksError, pack, unpack
from paribus.study.folder import JOBS

#: How an array is called, and its folder below that of jobs.
PREFIX = "paribus-"
_NAME = re.compile(f"{PREFIX}[0-9a-f]{{8}}")
SUBMISSION, TASKS = "submission.json", "tasks"
#: What a turn says when nobody may perform the tasks of a job any more.
CLOSED = "closed"

#: Bytes of the description of an array, and of a job's tasks.
LARGEST, LARGEST_TASKS = 1 << 28, 1 << 32


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Planned(_Document):
    """A task of a job: what it is, and how it fared in jobs before.

    Attributes:
        losses: how many jobs were lost while they performed it.
        begun: what it had kept, as `kept` says it, each time that it was begun.
    """

    identity: str
    losses: int = 0
    begun: tuple[str, ...] = ()


class Packed(_Document):
    """The tasks of one job, and where in the file of all tasks they are."""

    start: int
    size: int
    sha256: str
    tasks: tuple[Planned, ...]


class Submission(_Document):
    """An array of jobs, and the folder of results that they write into."""

    study: str
    out: str
    jobs: tuple[Packed, ...]


class TurnLostError(DiskError):
    """Another process performs the tasks of this job, or nobody is to any more."""


@dataclass(frozen=True)
class Turn:
    """The right to perform the tasks of a job and to write below OUT meanwhile."""

    file: Path
    holder: str

    @classmethod
    def taken(cls, folder: Path, number: int, holder: str) -> "Turn":
        """Take it from whoever had it, such as the same job before it was put back.

        Raises:
            TurnLostError: nobody is to perform these tasks any more.
        """
        turn = cls(folder / f"{number}.turn", holder)
        if is_closed(folder, number):
            raise turn.lost()
        write_file(turn.file, holder.encode())
        return turn

    def check(self) -> None:
        """Raise DiskError if the folder of results isn't there, or another has taken the turn."""
        try:
            now = read_whole(self.file, LARGEST).decode()
        except UnfitError as error:
            raise DiskError(error.errno, error.strerror, str(self.file.parent)) from None
        if now != self.holder:
            raise self.lost()

    def lost(self) -> TurnLostError:
        """The error of a process that isn't to write any more."""
        what = "the tasks of this job are another's now, or nobody's"
        return TurnLostError(errno.ESTALE, what, str(self.file))


def close(folder: Path, number: int) -> None:
    """See that no process, however late, performs the tasks of a job any more."""
    write_file(folder / f"{number}.turn", CLOSED.encode())


def is_closed(folder: Path, number: int) -> bool:
    """Whether nobody is to perform the tasks of a job."""
    try:
        return read_whole(folder / f"{number}.turn", LARGEST) == CLOSED.encode()
    except UnfitError:
        return False


def arrays_in(out: Path) -> list[Path]:
    """The folders of the arrays whose jobs may be at work in a folder of results."""
    places = [out / JOBS / name for name in names_in(out / JOBS) if _NAME.fullmatch(name)]
    return [place for place in places if (place / SUBMISSION).is_file()]


def require_no_jobs(out: Path) -> None:
    """Raise InUseError for a folder of results in which jobs of Slurm may be at work."""
    if arrays := arrays_in(out):
        raise InUseError(
            f"{out}: jobs of Slurm may be at work there. Run it with --on slurm, which finds them "
            f"again; or end them (scancel --name={','.join(array.name for array in arrays[:3])}) "
            f"and remove {out / JOBS}."
        )


def plan(folder: Path, study: str, jobs: Sequence[Sequence[tuple[Task, Planned]]]) -> str:
    """Write the folder of an array; gives the SHA-256 of what it says."""
    packed, contents, start = [], [], 0
    for job in jobs:
        content, digest = pack([task for task, _ in job])
        planned = tuple(planned for _, planned in job)
        packed.append(Packed(start=start, size=len(content), sha256=digest, tasks=planned))
        contents.append(content)
        start += len(content)
    submission = Submission(study=study, out=_out(folder), jobs=tuple(packed))
    said = submission.model_dump_json().encode()
    write_folder(folder, {TASKS: b"".join(contents), SUBMISSION: said})
    return hashlib.sha256(said).hexdigest()


def read_submission(folder: Path, digest: str | None = None) -> Submission:
    """What an array consists of; with `digest`, only if that is its SHA-256.

    Raises:
        UnfitError: there is none, or it isn't what was written for this folder of results.
    """
    said = read_whole(folder / SUBMISSION, LARGEST)
    if digest is not None and hashlib.sha256(said).hexdigest() != digest:
        raise UnfitError(errno.EINVAL, "not what was submitted", str(folder / SUBMISSION))
    try:
        submission = Submission.model_validate_json(said)
    except ValidationError:
        raise UnfitError(errno.EINVAL, "no array of jobs", str(folder / SUBMISSION)) from None
    if submission.out != _out(folder):  # a copy: the jobs write elsewhere
        raise UnfitError(errno.EINVAL, "an array of another folder", str(folder / SUBMISSION))
    return submission


def _out(folder: Path) -> str:
    return os.path.realpath(folder.parents[1])


def read_tasks(folder: Path, job: Packed) -> list[Task]:
    """The tasks of a job.

    Raises:
        OtherTasksError: they aren't those that were packed.
        OSError: they can't be read.
    """
    if job.size > LARGEST_TASKS:
        raise OtherTasksError("the tasks of this job are larger than any that are packed")
    with opened(folder / TASKS) as file:
        file.seek(job.start)
        return unpack(file.read(job.size), job.sha256)


def kept(task: Task) -> str:
    """What a task would go on from, in a word: another one if anything of it has changed."""
    seen = []
    for root in task.keeps:
        for place, _, files in os.walk(root):
            for path in (Path(place, name) for name in files):
                with suppress(OSError):
                    status = path.lstat()
                    seen.append((str(path.relative_to(root)), status.st_size, status.st_mtime_ns))
    return hashlib.sha256(dumps(sorted(seen)).encode()).hexdigest()[:16]


def forget(folder: Path) -> None:
    """Remove the folder of an array; its jobs, if there are any, write nothing more."""
    with suppress(OSError):  # a network file system keeps files that a job has open still
        remove(folder / SUBMISSION)
        remove(folder)
        folder.parent.rmdir()
