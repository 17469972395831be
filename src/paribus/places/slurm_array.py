"""An array of jobs under way: how far each job's tasks are, and what became of lost ones."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from paribus.errors import DiskError
from paribus.events import RunEvent
from paribus.execution.place import Outcome, Task
from paribus.io.reading import UnfitError
from paribus.places.slurm_files import Planned, close, is_closed, read_submission
from paribus.places.slurm_messages import (
    Begun,
    Broken,
    Ended,
    Message,
    Told,
    event_of,
    last_lines,
    listen,
)
from paribus.places.slurm_queue import INTERRUPTED, Job
from paribus.places.slurm_worker import NO_DISK

#: The state of a job that used more memory than it had asked for.
_MEMORY = "OUT_OF_MEMORY"
#: What Slurm writes into the output of a job that it ends for reasons of its own.
_BY_SLURM = re.compile(r"CANCELLED AT \S+ DUE TO (JOB REQUEUE|PREEMPTION|TIME LIMIT)")
#: So often in a row a job must be seen as ended before its tasks count as lost.
SEEN = 2
#: Jobs that may be lost over a task; then it counts as killed.
MOST_LOSSES = 1


@dataclass(frozen=True)
class Item:
    """A task, and how it fared in jobs before."""

    task: Task
    planned: Planned

    def lost(self) -> Item:
        """The same after a job was lost over it."""
        planned = self.planned.model_copy(update={"losses": self.planned.losses + 1})
        return Item(self.task.again(), planned)


@dataclass
class Part:
    """One job of an array, and those of its tasks that haven't ended."""

    folder: Path
    number: int
    left: dict[int, Item]
    unwanted: set[int] = field(default_factory=set)  # tasks of another plan, which haven't ended
    begun: set[int] = field(default_factory=set)
    # Tasks whose own process was killed, as a script's may be: they are tried again.
    killed: list[tuple[Item, str]] = field(default_factory=list)
    job: Job | None = None  # as Slurm last had it
    position: int = 0
    seen_ended: int = 0

    @property
    def is_done(self) -> bool:
        """Whether all tasks that were to be performed have ended."""
        return not self.left and not self.unwanted

    @property
    def runs(self) -> bool:
        """Whether it was at work when Slurm was last asked."""
        return self.job is not None and not self.job.has_ended and self.job.state != "PENDING"

    def look(self, jobs: Mapping[tuple[str, int], Job]) -> None:
        """Note what Slurm says of the job."""
        now = jobs.get((self.folder.name, self.number))
        self.seen_ended = self.seen_ended + 1 if now is None or now.has_ended else 0
        self.job = now or self.job

    def news(self) -> Iterator[RunEvent | Outcome]:
        """What the job has told since: events, and the outcomes of tasks that are wanted.

        Raises:
            DiskError: the job can't keep what it did.
        """
        before = -1
        while before < self.position:
            before = self.position
            messages, self.position = listen(self.folder, self.number, before)
            for message in messages:
                yield from self._heard(message)

    def _heard(self, message: Message) -> Iterator[RunEvent | Outcome]:
        match message:
            case Broken():
                raise message.as_error()
            case Begun(task=place, kept=kept) if item := self.left.get(place):
                self.begun.add(place)
                begun = (*item.planned.begun, kept)
                planned = item.planned.model_copy(update={"begun": begun})
                self.left[place] = replace(item, planned=planned)
            case Told(task=place) if item := self.left.get(place):
                if event := event_of(message, item.task.run.key):
                    yield event
            case Ended(task=place):
                self.unwanted.discard(place)
                if item := self.left.pop(place, None):
                    run = item.task.run
                    if message.status == "killed" and item.planned.losses < MOST_LOSSES:
                        self.killed.append((item, message.message))
                        return
                    yield Outcome(run, message.status, message.seconds, message.message)

    def lost(self) -> tuple[list[Item], list[tuple[Item, str]]]:
        """What is left of a job that has ended: tasks to be put into others, and why.

        The first are as they were; the second, with the reason, were begun when it was lost, or
        all of them where none was.

        Raises:
            DiskError: it couldn't write.
        """
        close(self.folder, self.number)
        state, code = (self.job.state, self.job.exit_code) if self.job else ("", 0)
        if code in (NO_DISK, NO_DISK << 8):
            raise DiskError(None, f"{self.name} couldn't write there", str(self.folder.parents[1]))
        items = list(self.left.items())
        if state in INTERRUPTED or self.unwanted or self._was_ended_by_slurm():
            return [item for _, item in items], []
        at_fault = [place for place, _ in items if place in self.begun] or list(self.left)
        kept = [item for place, item in items if place not in at_fault]
        return kept, [(item, self.why_lost()) for place, item in items if place in at_fault]

    @property
    def name(self) -> str:
        """The job, for people."""
        if self.job is None:
            return f"job {self.number} of {self.folder.name}"
        return f"job {self.job.id}" + (f" on {self.job.node}" if self.job.node else "")

    def _was_ended_by_slurm(self) -> bool:
        """Whether the job's output says so: its state may be that of how it ended then."""
        return bool(_BY_SLURM.search(last_lines(self.folder, self.number)))

    def why_lost(self) -> str:
        """What became of the job, as a clause."""
        state = self.job.state if self.job and self.job.has_ended else ""
        how = f"ended as {state}" if state else "vanished from Slurm's queue"
        printed = last_lines(self.folder, self.number)
        said = f"its output ends: {printed}" if printed else "it printed nothing"
        memory = " (more memory in [slurm] of paribus.toml may help)" * (state == _MEMORY)
        return f"its {self.name} {how}{memory}; {said}"


@dataclass
class Array:
    """An array of jobs.

    Attributes:
        digest: the SHA-256 of what its folder says, where it was just written.
        sure: whether Slurm has taken it; else only its queue can tell.
    """

    folder: Path
    parts: list[Part]
    digest: str = ""
    sure: bool = False

    @property
    def name(self) -> str:
        """As Slurm has it."""
        return self.folder.name

    @property
    def open(self) -> list[Part]:
        """The jobs whose tasks haven't all ended."""
        return [part for part in self.parts if not part.is_done]

    @property
    def is_known(self) -> bool:
        """Whether Slurm or a file has a sign of it."""
        return self.sure or any(part.job or part.position for part in self.parts)


def planned_array(folder: Path, jobs: Sequence[Sequence[Item]], digest: str) -> Array:
    """An array whose folder was just written."""
    parts = [Part(folder, n, dict(enumerate(items))) for n, items in enumerate(jobs)]
    return Array(folder, parts, digest)


def array_in(folder: Path, wanted: Mapping[str, Task]) -> Array | None:
    """An array that an earlier process submitted; of its tasks only the wanted ones matter.

    Jobs that were given up are left out; None where the folder doesn't say what was submitted.
    """
    try:
        submission = read_submission(folder)
    except UnfitError:
        return None
    parts = []
    for number, job in enumerate(submission.jobs):
        left = {
            place: Item(wanted[planned.identity], planned)
            for place, planned in enumerate(job.tasks)
            if planned.identity in wanted
        }
        unwanted = set(range(len(job.tasks))) - left.keys()
        if not is_closed(folder, number):
            parts.append(Part(folder, number, left, unwanted))
    return Array(folder, parts)
