"""What a worker process can be given to do, and how that ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

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

    def perform(self, tell: Callable[[int], None]) -> Outcome:
        """Do it; `tell` says how far it has come."""
