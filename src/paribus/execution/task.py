"""What a worker process can be given to do, and how that ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from paribus.events import Watch
from paribus.study.plan import Run


@dataclass(frozen=True)
class Outcome:
    """How a task ended; `message` says why it failed."""

    run: Run
    status: str  # "finished", "failed" or "killed"
    seconds: float
    message: str = ""


class Task(Protocol):
    """Something to be done to a run: its training, or its analysis. It is pickled."""

    @property
    def run(self) -> Run:
        """The run that it is done to."""

    def perform(self, tell: Watch) -> Outcome:
        """Do it; `tell` says how far it has come.

        Raises:
            DiskError: if what was found out can't be kept; no other task will fare better.
        """

    def again(self) -> Task:
        """The same task, after a process was killed over it."""
