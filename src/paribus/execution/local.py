"""Tasks in parallel on this machine: one process a core, one thread a process."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

import torch

from paribus.execution.task import Outcome, Task

#: Called as often as a task tells how far it has come, and at its end with its outcome.
TaskWatch = Callable[[Task, int], None]
OutcomeWatch = Callable[[Outcome], None]


def cores() -> int:
    """The processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Workers:
    """Worker processes, started when there is work for them and stopped when the context ends.

    A process takes seconds to start, most of them for importing torch; so the same ones train,
    and then analyse.
    """

    def __init__(self, jobs: int | None = None) -> None:
        """At most `jobs` processes; one a core by default."""
        self._jobs = jobs or cores()
        self._workers: list[_Worker] = []

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.stop()

    def needed(self, tasks: Sequence[Task]) -> int:
        """How many processes share the tasks; one where there is none."""
        return max(1, min(self._jobs, len(tasks)))

    def perform(
        self, tasks: Sequence[Task], on_news: TaskWatch, on_outcome: OutcomeWatch
    ) -> list[Outcome]:
        """Perform every task, in the order given; outcomes as they end.

        A worker that dies takes its own task with it and no other.
        """
        waiting, outcomes = deque(tasks), []
        # One that died while it had nothing to do has no task to lose, but can't be given one.
        self._workers = [worker for worker in self._workers if worker.process.is_alive()]
        missing = min(self._jobs, len(tasks)) - len(self._workers)
        self._workers += [_Worker() for _ in range(missing)]
        for worker in self._workers[: len(waiting)]:
            worker.give(waiting.popleft())
        while busy := [worker for worker in self._workers if worker.task]:
            for worker in _ready(busy):
                outcome = worker.listen(on_news)
                if outcome is None:
                    continue
                outcomes.append(outcome)
                on_outcome(outcome)
                if outcome.status == "killed":
                    self._workers[self._workers.index(worker)] = worker = _Worker()
                if waiting:
                    worker.give(waiting.popleft())
        return outcomes


def _ready(busy: list[_Worker]) -> list[_Worker]:
    connections = wait([worker.connection for worker in busy])
    return [worker for worker in busy if worker.connection in connections]


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

    def listen(self, on_news: TaskWatch) -> Outcome | None:
        """Take one message; the outcome when the task has ended, one way or another."""
        assert self.task is not None
        try:
            message = self.connection.recv()
        except (EOFError, ConnectionError):
            task, self.task = self.task, None
            return Outcome(task.run, "killed", 0.0, self._cause_of_death())
        if isinstance(message, Outcome):
            self.task = None
            return message
        on_news(self.task, message)
        return None

    def stop(self) -> None:
        self.process.terminate()
        self.process.join()
        self.connection.close()

    def _cause_of_death(self) -> str:
        self.process.join()
        code = self.process.exitcode or 0
        if code < 0:
            name = signal.Signals(-code).name
            hint = " (out of memory?)" if name == "SIGKILL" else ""
            return f"its worker process was ended by {name}{hint}"
        return f"its worker process ended with exit code {code}"


def _serve(connection: Connection) -> None:
    """A worker's life: take a task, perform it, say how it ended."""
    # Ctrl-C reaches the whole group of processes; the parent decides what becomes of workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # More threads would change the last bits of every sum, and share the core anyway.
    torch.set_num_threads(1)
    try:
        while True:
            connection.send(connection.recv().perform(connection.send))
    except (EOFError, ConnectionError):
        return  # the parent is gone
