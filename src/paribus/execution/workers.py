"""Tasks in parallel on this machine: one process per core, one thread per process."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from multiprocessing import Pipe
from multiprocessing.connection import wait
from pathlib import Path
from typing import Self

import paribus
from paribus.errors import DiskError
from paribus.events import Event, Watch, WorkerKilled
from paribus.execution.place import Outcome, Task
from paribus.io.lock import Hold
from paribus.search_path import local_folders, safe_path


def cores() -> int:
    """The processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Workers:
    """Worker processes, started when there is work for them and stopped when the context ends.

    A process takes seconds to import torch, so the same ones train and then analyze.
    """

    def __init__(
        self,
        jobs: int | None = None,
        *,
        code: bool = False,
        gpus: Sequence[str] = (),
        per_device: int = 1,
    ) -> None:
        """At most `jobs` processes; one per core by default, or `per_device` on each GPU.

        With `code` they also find modules in the current folder and the script's, after all
        others: for studies that name code, which the user has allowed.

        Args:
            gpus: those that the processes share, each seeing one, as CUDA_VISIBLE_DEVICES names it.
        """
        most = len(gpus) * per_device if gpus else jobs or cores()
        self.most = min(jobs or most, most)
        self.gpu_share = math.ceil(self.most / len(gpus)) if gpus else 0
        self._code, self._gpus = code, gpus
        self._workers: list[_Worker] = []
        self.hold: Hold | None = None  # of the folder that tasks write into, once there is one

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def needed(self, tasks: Sequence[Task]) -> int:
        """How many processes share the tasks; one where there is none."""
        return max(1, min(self.most, len(tasks)))

    def perform(
        self, tasks: Sequence[Task], watch: Watch, on_outcome: Callable[[Outcome], None]
    ) -> list[Outcome]:
        """Perform every task, in the order given; outcomes as they end.

        A worker that dies takes its own task with it and no other. One that is killed is likely
        to have wanted more memory than there was: its task is tried once more at the end, with
        no other worker there.

        Raises:
            DiskError: if a worker can't keep what it did.
        """
        outcomes: list[Outcome] = []
        killed: list[Task] = []

        def ended(outcome: Outcome) -> None:
            outcomes.append(outcome)
            on_outcome(outcome)

        for task, outcome in self._performed(tasks, watch):
            if outcome.status == "killed":
                killed.append(task.again())
                watch(WorkerKilled(*task.run.key, outcome.message))
            else:
                ended(outcome)
        for task in killed:
            self._stop()
            for _, outcome in self._performed([task], watch):
                ended(_killed_alone(outcome) if outcome.status == "killed" else outcome)
        return outcomes

    def _performed(self, tasks: Sequence[Task], watch: Watch) -> Iterator[tuple[Task, Outcome]]:
        waiting = deque(tasks)
        # One that died while it had nothing to do has no task to lose, but can't be given one.
        self._workers = [worker for worker in self._workers if worker.is_alive()]
        for _ in range(min(self.most, len(tasks)) - len(self._workers)):
            self._workers.append(_Worker(self._code, self._free_gpu()))
        for worker in self._workers[: len(waiting)]:
            worker.give(waiting.popleft(), self.hold)
        while busy := [worker for worker in self._workers if worker.task]:
            ready = wait([worker.connection for worker in busy])
            for worker in busy:
                task = worker.task
                outcome = worker.listen(watch) if worker.connection in ready else None
                if outcome is None:
                    continue
                assert task is not None
                yield task, outcome
                if not worker.is_alive():
                    fresh = _Worker(self._code, worker.gpu)
                    self._workers[self._workers.index(worker)] = worker = fresh
                if waiting:
                    worker.give(waiting.popleft(), self.hold)

    def _free_gpu(self) -> str | None:
        """The GPU that has the fewest processes; None where there is none."""
        busy = [worker.gpu for worker in self._workers]
        return min(self._gpus, key=busy.count, default=None)

    def _stop(self) -> None:
        for worker in self._workers:
            worker.stop()
        self._workers = []


def _killed_alone(outcome: Outcome) -> Outcome:
    message = (
        f"{outcome.message}, and again with no other worker running. A smaller "
        "batch_size or network needs less memory"
    )
    return replace(outcome, message=message)


class _Worker:
    """A process that performs one task after another, and the connection to it."""

    def __init__(self, code: bool, gpu: str | None) -> None:
        self.task: Task | None = None
        self.gpu = gpu
        sees = {} if gpu is None else {"CUDA_VISIBLE_DEVICES": gpu}
        self.connection, theirs = Pipe()
        # A program of its own, not one of `multiprocessing`'s: those load the user's script again,
        # look for modules in the current folder first, and can't be started by each other.
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "paribus.execution.worker", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            # The order of sets of texts, in which a network may build its layers, is the same too.
            env=os.environ
            | {"PYTHONPATH": os.pathsep.join(search_path(code)), "PYTHONHASHSEED": "0"}
            | sees,
        )
        theirs.close()

    def is_alive(self) -> bool:
        return self.process.poll() is None

    def give(self, task: Task, hold: Hold | None) -> None:
        self.task = task
        with suppress(ConnectionError):  # it has just died, as `listen` will find
            self.connection.send((task, hold))

    def listen(self, watch: Watch) -> Outcome | None:
        """Take one message; the outcome when the task has ended, one way or another."""
        assert self.task is not None
        try:
            message: Event | Outcome | DiskError = self.connection.recv()
        except (EOFError, ConnectionError):
            task, self.task = self.task, None
            return Outcome(task.run, *self._end())
        if isinstance(message, DiskError):
            raise message
        if isinstance(message, Outcome):
            self.task = None
            return message
        watch(message)
        return None

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
        self.connection.close()

    def _end(self) -> tuple[str, float, str]:
        """Status, seconds and message of the task that was lost with its process."""
        code = self.process.wait()
        if code == -signal.SIGKILL:
            return "killed", 0.0, "its process was killed by SIGKILL, probably out of memory"
        if code < 0:
            return "failed", 0.0, f"its process was killed by {signal.Signals(-code).name}"
        return "failed", 0.0, f"its process ended with exit code {code}"


def search_path(code: bool) -> list[str]:
    """Where a worker looks for modules: as this process does, but for what may be a stranger's."""
    home = str(Path(paribus.__file__).parents[1])  # where it may be found in no other way
    folders = [*safe_path(), home, *(local_folders() if code else ())]
    return [folder for folder in dict.fromkeys(folders) if os.pathsep not in folder]
