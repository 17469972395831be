"""A task that trains nothing: it counts, slowly if asked to, and leaves files that tell."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from paribus.errors import DiskError
from paribus.events import EpochDone, RunBegins, Watch
from paribus.execution.place import Outcome, Task
from paribus.io.disk import append_line, write_file
from paribus.study.plan import Run, runs
from paribus.study.spec import Study


@dataclass(frozen=True)
class Count(Task):
    """Counts up to `steps`, `pause` seconds each, and goes on where it was interrupted.

    Each time that it begins it adds a line to `begun/<seed>`. What it does at a step is decided by
    `does`: a Python signal for its own process, "fail", "full" or "stuck" (keep nothing).
    """

    out: Path
    steps: int = 1
    pause: float = 0.0
    does: str = ""
    version: int = 1
    retries: int = 0
    data: Path | None = None

    def perform(self, tell: Watch) -> Outcome:
        began, key = time.perf_counter(), self.run.key
        append_line(self.out / "begun" / str(key[1]), f"{os.getpid()} {self.retries}".encode())
        if self.data:
            append_line(self.out / "read" / str(key[1]), str(self.data).encode())
        at = self.out / "unfinished" / str(key[1]) / "count"
        done = int(at.read_text()) if at.exists() else 0
        tell(RunBegins(*key, done, self.steps))
        for step in range(done + 1, self.steps + 1):
            time.sleep(self.pause)
            self._misbehave(step)
            if self.does != "stuck":
                write_file(at, str(step).encode())
            tell(EpochDone(*key, step, self.steps))
        write_file(self.out / "runs" / str(key[1]) / "count", str(self.steps).encode())
        failed = self.does == "fail"
        seconds = time.perf_counter() - began
        return Outcome(self.run, "failed" if failed else "finished", seconds, "as asked" * failed)

    def _misbehave(self, step: int) -> None:
        if self.does.startswith("SIG") and step == 2 and self.retries == 0:
            os.kill(os.getpid(), signal.Signals[self.does])
        if self.does == "always killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.does == "full":
            raise DiskError(28, "No space left on device", str(self.out / "x"))

    def again(self) -> Count:
        return replace(self, retries=self.retries + 1)

    @property
    def identity(self) -> str:
        return f"count {self.run.key} {self.steps} {self.version}"

    @property
    def reads(self) -> tuple[Path, ...]:
        return (self.data,) if self.data else ()

    @property
    def keeps(self) -> tuple[Path, ...]:
        seed = str(self.run.key[1])
        return self.out / "unfinished" / seed, self.out / "runs" / seed

    def moved(self, out: Path, reads: Mapping[Path, Path]) -> Count:
        data = reads.get(self.data, self.data) if self.data else None
        return replace(self, out=out, data=data)


def some_runs(number: int) -> list[Run]:
    study = Study.model_validate(
        {"name": "counting", "data": {"source": "digits"}, "epochs": 1, "seeds": number}
    )
    return list(runs(study))


def counts(out: Path, number: int, **how: object) -> list[Count]:
    return [replace(Count(run, out), **how) for run in some_runs(number)]  # type: ignore[arg-type]


def begun(out: Path) -> dict[int, int]:
    """How often each run was begun, by its seed."""
    lines = {int(p.name): p.read_text().splitlines() for p in (out / "begun").iterdir()}
    return {seed: len(lines[seed]) for seed in sorted(lines)}


def of(tasks: Sequence[Count], seed: int, **how: object) -> list[Count]:
    """The same tasks, of which one is different."""
    return [replace(t, **how) if t.run.seed == seed else t for t in tasks]  # type: ignore[arg-type]
