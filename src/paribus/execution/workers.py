"""Tasks in parallel on this machine: one process per core, one thread per process."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

import torch

from paribus.errors import DiskError
from paribus.events import Event, Watch, WorkerKilled
from paribus.study.plan import Run

#: In a worker. More would change the last bits of every sum, and share the core anyway.
THREADS = 1


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


def cores() -> int:
    """The processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Workers:
    """Worker processes, started when there is work for them and stopped when the context ends.

    A process takes seconds to import torch, so the same ones train and then analyze.
    """

    def __init__(self, jobs: int | None = None) -> None:
        """At most `jobs` processes; one per core by default."""
        self._jobs = jobs or cores()
        self._workers: list[_Worker] = []

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def needed(self, tasks: Sequence[Task]) -> int:
        """How many processes share the tasks; one where there is none."""
        return max(1, min(self._jobs, len(tasks)))

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
        self._workers = [worker for worker in self._workers if worker.process.is_alive()]
        missing = min(self._jobs, len(tasks)) - len(self._workers)
        self._workers += [_Worker() for _ in range(missing)]
        for worker in self._workers[: len(waiting)]:
            worker.give(waiting.popleft())
        while busy := [worker for worker in self._workers if worker.task]:
            ready = wait([worker.connection for worker in busy])
            for worker in busy:
                task = worker.task
                outcome = worker.listen(watch) if worker.connection in ready else None
                if outcome is None:
                    continue
                assert task is not None
                yield task, outcome
                if not worker.process.is_alive():
                    self._workers[self._workers.index(worker)] = worker = _Worker()
                if waiting:
                    worker.give(waiting.popleft())

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

    def __init__(self) -> None:
        # Spawned, not forked: a fork would inherit torch's threads in an unknown state.
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process: SpawnProcess = context.Process(target=_serve, args=(theirs,), daemon=True)
        self.process.start()
        theirs.close()
        self.task: Task | None = None

    def give(self, task: Task) -> None:
        self.task = task
        self.connection.send(task)

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
        self.process.terminate()
        self.process.join()
        self.connection.close()

    def _end(self) -> tuple[str, float, str]:
        """Status, seconds and message of the task that was lost with its process."""
        self.process.join()
        code = self.process.exitcode or 0
        if code == -signal.SIGKILL:
            return "killed", 0.0, "its process was killed by SIGKILL, probably out of memory"
        if code < 0:
            return "failed", 0.0, f"its process was killed by {signal.Signals(-code).name}"
        return "failed", 0.0, f"its process ended with exit code {code}"


def _serve(connection: Connection) -> None:
    """A worker's life: take a task, perform it, say how it ended."""
    # These reach the whole group of processes; the parent decides what becomes of workers.
    for one in (signal.SIGINT, signal.SIGHUP):
        signal.signal(one, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    torch.set_num_threads(THREADS)
    with suppress(EOFError, ConnectionError):  # the parent is gone
        while True:
            task: Task = connection.recv()
            try:
                connection.send(task.perform(connection.send))
            except DiskError as error:
                connection.send(error)


def _end_with_parent() -> None:
    """End this process at once when its parent has, however that came about."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)
