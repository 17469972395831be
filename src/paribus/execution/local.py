"""Runs in parallel on this machine: one process a core, one thread a process."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

import torch

from paribus.execution.worker import Outcome, Task, train_and_record

#: Called after every epoch of a run with (task, epoch), and at its end with its outcome.
EpochWatch = Callable[[Task, int], None]
OutcomeWatch = Callable[[Outcome], None]


def cores() -> int:
    """The processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def execute(
    tasks: Sequence[Task], jobs: int, on_epoch: EpochWatch, on_outcome: OutcomeWatch
) -> list[Outcome]:
    """Train every task in `jobs` worker processes, in the order given; outcomes as they end.

    A worker that dies takes its own run with it and no other.
    """
    waiting, outcomes = deque(tasks), []
    workers = [_Worker() for _ in range(min(jobs, len(tasks)))]
    try:
        for worker in workers:
            worker.give(waiting.popleft())
        while busy := [worker for worker in workers if worker.task]:
            for worker in _ready(busy):
                outcome = worker.listen(on_epoch)
                if outcome is None:
                    continue
                outcomes.append(outcome)
                on_outcome(outcome)
                if outcome.status == "killed":
                    workers[workers.index(worker)] = worker = _Worker()
                if waiting:
                    worker.give(waiting.popleft())
        return outcomes
    finally:
        for worker in workers:
            worker.stop()


def _ready(busy: list[_Worker]) -> list[_Worker]:
    connections = wait([worker.connection for worker in busy])
    return [worker for worker in busy if worker.connection in connections]


class _Worker:
    """A process that trains one task after another, and the connection to it."""

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

    def listen(self, on_epoch: EpochWatch) -> Outcome | None:
        """Take one message; the outcome when the task has ended, one way or another."""
        assert self.task is not None
        try:
            message = self.connection.recv()
        except (EOFError, ConnectionError):
            task, self.task = self.task, None
            return Outcome(task, "killed", 0.0, self._cause_of_death())
        if isinstance(message, Outcome):
            self.task = None
            return message
        on_epoch(self.task, message)
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
    """A worker's life: take a task, train it, say how it ended."""
    # Ctrl-C reaches the whole group of processes; the parent decides what becomes of workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # More threads would change the last bits of every sum, and share the core anyway.
    torch.set_num_threads(1)
    try:
        while True:
            connection.send(train_and_record(connection.recv(), connection.send))
    except (EOFError, ConnectionError):
        return  # the parent is gone
