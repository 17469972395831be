"""Tasks under way on a cluster: given out, heard of, tried again where a node was lost."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import ray
from ray.exceptions import OutOfMemoryError, RayError, TaskCancelledError, WorkerCrashedError

from paribus.errors import DiskError
from paribus.events import Event, Waiting, WorkerKilled
from paribus.execution.place import Outcome, Task
from paribus.places.ray_cluster import LOST, PATIENCE, Cluster
from paribus.places.ray_files import Change
from paribus.places.ray_mail import Letter
from paribus.places.ray_work import Done

#: How often a task may be lost before it counts as killed: with its node, or its process alone.
MOST_LOST, MOST_KILLED = 5, 2
#: Seconds without any task under way, after which it is said what is waited for.
STARTING = 30.0


@dataclass
class Attempt:
    """One attempt at a task, and what became of those before."""

    task: Task
    number: int
    lost: int = 0
    killed: int = 0
    full: set[str] = field(default_factory=set)  # nodes whose disk refused to keep it
    node: tuple[str, str] | None = None  # where it is: name, and number in Ray
    heard: int = 0  # letters


class Round:
    """Tasks of one call, with those under way."""

    def __init__(
        self,
        cluster: Cluster,
        submit: Callable[[Task, int, Collection[str]], Any],
        watch: Callable[[Event], None],
        bring_in: Callable[[Task, Change], None],
    ) -> None:
        """Tasks that `submit` gives to a node; `bring_in` keeps what comes back.

        Args:
            submit: takes a task, the number of the attempt, and the nodes that it must not be
                on; gives the reference of its `Done`.
        """
        self._cluster, self._submit = cluster, submit
        self._watch, self._bring_in = watch, bring_in
        self._waiting: deque[Attempt] = deque()
        self._running: dict[Any, Attempt] = {}
        self._numbers = count()
        self._quiet_since: float | None = time.monotonic()

    def outcomes(self, tasks: Iterable[Task], most: Callable[[], int]) -> Iterable[Outcome]:
        """Perform the tasks, at most so many given out at once; outcomes as they end.

        Raises:
            DiskError: what was found out can't be kept here, or on two nodes.
            ClusterError: the cluster is lost.
        """
        self._waiting.extend(Attempt(task, next(self._numbers)) for task in tasks)
        while self._waiting or self._running:
            while self._waiting and len(self._running) < most():
                self._give(self._waiting.popleft())
            for done in self._wait():
                yield from self._ended(done)

    def cancel(self) -> None:
        """End all that is under way; nothing of it is waited for."""
        for reference in self._running:
            ray.cancel(reference, force=True)
        self._running = {}

    def _give(self, attempt: Attempt) -> None:
        reference = self._submit(attempt.task, attempt.number, attempt.full)
        self._running[reference] = attempt

    def _wait(self) -> list[Any]:
        """Wait for letters or an end; gives what has ended."""
        pending = [self._cluster.asked, *self._running]
        ready, _ = ray.wait(pending, num_returns=1, timeout=PATIENCE)
        if self._cluster.asked in ready:
            self._hear()
        done, _ = ray.wait(pending[1:], num_returns=len(pending) - 1, timeout=0)
        return list(done)

    def _hear(self) -> None:
        """Read the letters that have arrived."""
        by_number = {attempt.number: attempt for attempt in self._running.values()}
        for letter in self._cluster.letters():
            self._cluster.used.add(letter.node[1])
            if attempt := by_number.get(letter.attempt):  # else of one that was lost before
                attempt.heard += 1
                self._read(letter, attempt)
        self._tell_waiting()

    def _read(self, letter: Letter, attempt: Attempt) -> None:
        attempt.node = letter.node
        if letter.change:
            self._bring_in(attempt.task, letter.change)
        for event in letter.events:
            self._watch(event)

    def _tell_waiting(self) -> None:
        """Say once what is waited for, if no node takes a task for long."""
        if any(attempt.node for attempt in self._running.values()):
            self._quiet_since = None
        if self._quiet_since is not None and time.monotonic() - self._quiet_since > STARTING:
            self._quiet_since = None
            self._watch(
                Waiting(
                    f"No node of the Ray cluster has taken a run for {STARTING:.0f} seconds; "
                    "waiting until one has the processors, GPUs and memory that a run asks for"
                )
            )

    def _ended(self, reference: Any) -> Iterable[Outcome]:
        try:
            done: Done = self._cluster.result(reference)
        except LOST as error:
            self._hear()  # the last checkpoint may lie there
            yield from self._lost(self._running.pop(reference), error)
            return
        while self._running[reference].heard < done.letters:
            self._hear()
        attempt = self._running.pop(reference)
        self._read(done.last, attempt)
        result = done.result
        if isinstance(result, DiskError):
            self._elsewhere(attempt, result)
        elif result.status == "killed":  # the task has seen that what it started was killed
            yield from self._again(attempt, result.message, killed=1)
        else:
            yield result

    def _elsewhere(self, attempt: Attempt, error: DiskError) -> None:
        """Try a task on another node, once, if only the disk of its own is full."""
        assert attempt.node is not None
        others = self._cluster.nodes().keys() - {attempt.node[1]}
        if attempt.full or not others:
            raise error
        self._watch(WorkerKilled(*attempt.task.run.key, str(error)))
        full = {attempt.node[1]}
        self._waiting.append(
            Attempt(attempt.task, next(self._numbers), attempt.lost, attempt.killed, full)
        )

    def _lost(self, attempt: Attempt, error: RayError) -> Iterable[Outcome]:
        """Try a task again that was lost with its process or node."""
        name = attempt.node[0] if attempt.node else "unnamed"
        if isinstance(error, OutOfMemoryError | WorkerCrashedError | TaskCancelledError):
            what = f"its process on {name} was killed, probably out of memory"
            return self._again(attempt, what, killed=1)
        return self._again(attempt, f"the node that it was on, {name}, was lost", lost=1)

    def _again(
        self, attempt: Attempt, message: str, *, lost: int = 0, killed: int = 0
    ) -> Iterable[Outcome]:
        """Try a task again after all that wait; an outcome if it has been tried often enough."""
        lost, killed = attempt.lost + lost, attempt.killed + killed
        if lost >= MOST_LOST or killed >= MOST_KILLED:
            times = f"{message}; it has been tried {lost + killed} times"
            yield Outcome(attempt.task.run, "killed", 0.0, times)
            return
        self._watch(WorkerKilled(*attempt.task.run.key, message))
        again = Attempt(attempt.task.again(), next(self._numbers), lost, killed, attempt.full)
        self._waiting.append(again)
