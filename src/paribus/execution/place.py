"""What is done to runs, and where: on this machine, by Slurm, by Ray. No study knows which."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

from paribus.events import Watch
from paribus.io.lock import Hold
from paribus.records.types import RunFacts
from paribus.study.plan import Run


@dataclass(frozen=True)
class Outcome:
    """How a task ended; `message` says why it failed."""

    run: Run
    status: str  # "finished", "failed" or "killed"
    seconds: float
    message: str = ""


@dataclass(frozen=True)
class Task:
    """Something to be done to a run: its training, or its analysis. It is pickled."""

    run: Run

    def perform(self, tell: Watch) -> Outcome:
        """Do it; `tell` says how far it has come.

        Raises:
            DiskError: if what was found out can't be kept; no other task will fare better.
        """
        raise NotImplementedError

    def again(self) -> Task:
        """The same task, after a process was killed over it."""
        return self

    @property
    def identity(self) -> str:
        """What it is and all that its result follows from: equal tasks needn't be done twice."""
        raise NotImplementedError

    @property
    def reads(self) -> tuple[Path, ...]:
        """Files and folders that it needs and nothing changes, such as the prepared images."""
        return ()

    @property
    def keeps(self) -> tuple[Path, ...]:
        """Files and folders, below the folder of results, that it goes on from and leaves."""
        return ()

    def moved(self, out: Path, reads: Mapping[Path, Path]) -> Task:
        """The same with another folder of results, and with what it reads at other places."""
        raise NotImplementedError


class Inputs(Protocol):
    """All that a run's result follows from."""

    @property
    def digest(self) -> str:
        """SHA-256 over all of it; a record is reused while it stays equal."""
        ...

    def changes_since(self, facts: RunFacts) -> tuple[str, ...]:
        """In words, how this differs from what a record was made of; empty where nothing does."""
        ...


@dataclass(frozen=True)
class Making(Task):
    """A task that makes a run's record."""

    @property
    def follows_from(self) -> Inputs:
        """All that the record's numbers follow from."""
        raise NotImplementedError

    @property
    def steps(self) -> int:
        """How far it has to go, as its events `EpochDone` count; 0 where it tells none."""
        return 0


def is_final(facts: RunFacts) -> bool:
    """Whether making the run again would give the same result.

    A loss that became infinite or NaN would do so again; any other failure deserves another try.
    """
    failure = facts.failure
    return failure is None or failure.epoch is not None or failure.settled


class Place(Protocol):
    """Where tasks are performed; a context that starts and ends it.

    Attributes:
        hold: of the folder that tasks write into, once there is one.
        gpu_share: how many tasks are on a GPU at once; 0 where tasks get none.
    """

    hold: Hold | None

    @property
    def gpu_share(self) -> int:
        """As above."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def needed(self, tasks: Sequence[Task]) -> int:
        """How many processes share the tasks; one where there is none."""
        ...

    def perform(
        self, tasks: Sequence[Task], watch: Watch, on_outcome: Callable[[Outcome], None]
    ) -> list[Outcome]:
        """Perform every task, begun in the order given; outcomes as they end.

        The watch and `on_outcome` are called in the thread of the caller. A task whose process is
        killed or lost is tried again, from its last checkpoint, before it counts as killed.

        Raises:
            DiskError: if what was found out can't be kept.
        """
        ...
