"""A script's run as a task: start it, read what it leaves, write its record."""

from __future__ import annotations

import fcntl
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from safetensors.numpy import load_file

from paribus.errors import DiskError, ParibusError, RecordError
from paribus.events import RunBegins, RunPrinted, Watch
from paribus.execution.machine import machine
from paribus.execution.place import Making, Outcome, Task
from paribus.found.points import Point
from paribus.io.disk import make_folder, remove, write_file, writing
from paribus.io.reading import UnfitError, leads_out, read_whole
from paribus.io.strict_json import dumps, loads
from paribus.records.bounds import LONGEST
from paribus.records.store import Arrays, run_folder, set_aside, write_record
from paribus.records.types import Failure, RunFacts
from paribus.scripts.calling import request
from paribus.scripts.command import Ended, run_command
from paribus.scripts.inputs import ScriptInputs
from paribus.scripts.layout import WEIGHTS
from paribus.scripts.left import read_given, read_left
from paribus.scripts.made import Made, made, record_of
from paribus.scripts.words import environment, outer, words
from paribus.study.folder import WORK
from paribus.study.plan import ScriptedRun
from paribus.study.trainer import Command

#: What lies in the folder of a run's own.
OUT, RESULT, OUTPUT = "out", "result", "output.txt"
INPUTS, PARAMETERS, STREAMS = "inputs.json", "parameters.json", "streams.json"

#: Bytes of a file that a script's processes may have written, and streams that are kept of it.
LARGEST, MOST_STREAMS = 1 << 20, 1_000


@dataclass(frozen=True)
class Script(Making):
    """A script's run to be made, with all that a worker process needs to know.

    Attributes:
        declared: the metrics that the study declares, the primary one first.
        point: which of the logged values counts.
        function: pickled, where Python was given it.
        python_path: PYTHONPATH of the process that began the study.
    """

    run: ScriptedRun
    study: str
    study_digest: str
    baseline: str
    inputs: ScriptInputs
    out: Path
    declared: tuple[str, ...]
    point: Point
    function: bytes = b""
    python_path: str | None = None
    retries: int = 0

    def perform(self, tell: Watch) -> Outcome:
        """Run the script and write its record, whatever it comes to.

        Of one that is killed, as where memory runs out, nothing is written the first time.
        """
        began, started = time.perf_counter(), _now()
        with _folder(self) as (work, resumed, lock):
            tell(RunBegins(*self.run.key, 0, 1))
            ended = self._run(work, lock, tell)
            if ended.killed and not self.retries:
                return self._outcome("killed", began, ended.why)
            result = self._result(work, ended, resumed)
            facts = self._facts(result, ended, started, work)
            write_record(self.out, record_of(facts, result), _weights(work / RESULT / WEIGHTS))
        if result.failure:
            return self._outcome("failed", began, result.failure.message)
        return self._outcome("finished", began)

    def again(self) -> Task:
        """The same run, one retry later; its folder is as the last attempt left it."""
        return replace(self, retries=self.retries + 1)

    @property
    def follows_from(self) -> ScriptInputs:
        """Its parameters, its trainer and the files of that."""
        return self.inputs

    @property
    def identity(self) -> str:
        """The run and its digest."""
        return f"script {self.run.setting.name} {self.run.seed} {self.inputs.digest}"

    @property
    def keeps(self) -> tuple[Path, ...]:
        """Its own folder and its record."""
        return work_folder(self.out, *self.run.key), run_folder(self.out, *self.run.key)

    def moved(self, out: Path, reads: Mapping[Path, Path]) -> Script:
        """The same with another folder of results."""
        return replace(self, out=out)

    def _run(self, work: Path, lock: int, tell: Watch) -> Ended:
        """Start the command, or a process that calls the function, and wait for its end."""
        trainer, parameters = self.run.setting.trainer, dict(self.run.setting.parameters)
        write_file(work / PARAMETERS, dumps(parameters, indent=1).encode())
        own = environment(
            self.run.seed, work / OUT, work / PARAMETERS, work / STREAMS, trainer.threads
        )
        given = b""
        if isinstance(trainer, Command):
            started = words(trainer, parameters, self.run.seed, work / OUT)
            own = outer(self.python_path) | own
        else:
            started = [sys.executable, "-P", "-m", "paribus.scripts.calling"]
            own = dict(os.environ) | own
            result = work / RESULT
            given = request(
                trainer.call, self.function, self.run.seed, work / OUT, parameters, result
            )
        return run_command(
            started,
            own,
            work / OUTPUT,
            lambda lines, left: tell(RunPrinted(*self.run.key, tuple(lines), left)),
            time_limit=trainer.time_limit,
            given=given,
            lock=lock,
        )

    def _result(self, work: Path, ended: Ended, resumed: bool) -> Made:
        """What the run came to."""
        trainer = self.run.setting.trainer
        if ended.why:
            *_, last = ended.last.splitlines() or [""]
            again = ", and again with no other process at work" if ended.killed else ""
            why = f"{ended.why}{again}{f': {last}' if last and not ended.killed else ''}"
            return Made(Failure(message=why[:LONGEST], output=ended.last))
        try:
            if isinstance(trainer, Command):
                left = read_left(work / OUT, trainer.reads, resumed=resumed)
            else:
                left = read_given(work / RESULT)
            return made(left, self.declared, self.point)
        except DiskError:
            raise
        except ParibusError as error:
            return Made(Failure(message=str(error)[:LONGEST], output=ended.last))

    def _facts(self, result: Made, ended: Ended, started: str, work: Path) -> RunFacts:
        """What the record says of the run."""
        setting, failure = self.run.setting, result.failure
        if failure and not failure.output:
            failure = failure.model_copy(update={"output": ended.last})
        return RunFacts(
            study=self.study,
            setting=setting.name,
            baseline=self.baseline,
            seed=self.run.seed,
            status="failed" if failure else "finished",
            failure=failure,
            changes={path: after for path, (_, after) in setting.changes.items()},
            config=dict(setting.recorded),
            digest=self.inputs.digest,
            environment=machine().model_copy(update={"threads": setting.trainer.threads}),
            started=started,
            ended=_now(),
            study_digest=self.study_digest,
            retries=self.retries,
            train_seconds=ended.seconds,
            train_cpu_seconds=ended.cpu_seconds,
            peak_memory=ended.peak,
            metrics=dict(result.metrics),
            files=dict(self.inputs.files),
            drawn=_drawn(work / STREAMS),
        )

    def _outcome(self, status: str, began: float, message: str = "") -> Outcome:
        return Outcome(self.run, status, time.perf_counter() - began, message)


def work_folder(out: Path, setting: str, seed: int) -> Path:
    """The folder of a run's own, `work/<setting>/seed-<k>`; its {out} lies below it."""
    return out / WORK / setting / f"seed-{seed}"


@contextmanager
def _folder(task: Script) -> Iterator[tuple[Path, bool, int]]:
    """The run's own folder, whether it goes on from an earlier attempt, and the lock it holds.

    What another command or other parameters left is set aside, so that a script doesn't go on
    from it.
    """
    work = work_folder(task.out, *task.run.key)
    make_folder(work.parent)
    with _alone(work.with_suffix(".lock")) as lock:
        marker = work / INPUTS
        before = _read(marker).get("digest")
        if work.exists() and before != task.inputs.digest:
            set_aside(task.out, work)
        make_folder(work / OUT)
        if leads_out(work / OUT, task.out):
            raise RecordError(f"{work}: a link that leads out of {task.out}")
        remove(work / RESULT)
        remove(work / STREAMS)
        make_folder(work / RESULT)
        write_file(marker, dumps({"digest": task.inputs.digest}).encode())
        yield work.absolute(), before == task.inputs.digest, lock


@contextmanager
def _alone(lock: Path) -> Iterator[int]:
    """Wait until the processes of an earlier attempt have ended, which hold this lock too."""
    with writing(lock):
        handle = os.open(lock, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o666)
    try:
        with suppress(OSError):  # a file system without locks
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield handle
    finally:
        os.close(handle)


def _read(path: Path) -> dict[str, Any]:
    """A mapping that Paribus wrote down; empty where it isn't there as it was written."""
    with suppress(UnfitError, ValueError):
        found = loads(read_whole(path, LARGEST))
        return found if isinstance(found, dict) else {}
    return {}


def _weights(path: Path) -> dict[str, Arrays]:
    """The weights that a function gave back, if any."""
    return {"last": load_file(path)} if path.is_file() else {}


def _drawn(path: Path) -> dict[str, str]:
    """Stream -> SHA-256 of what was drawn, as `paribus.streams` wrote it down in the script."""
    drawn = _read(path).get("drawn")
    named = drawn.items() if isinstance(drawn, dict) else ()
    return {
        name: digest
        for name, digest in list(named)[:MOST_STREAMS]
        if isinstance(digest, str) and max(len(name), len(digest)) <= LONGEST
    }


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
