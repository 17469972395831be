"""A Ray cluster, as the process that gives it tasks sees it: there already, or started here."""

from __future__ import annotations

import os
import socket
import tempfile
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import ray
from ray.cloudpickle import dumps
from ray.exceptions import (
    LocalRayletDiedError,
    NodeDiedError,
    ObjectLostError,
    OutOfMemoryError,
    RayError,
    TaskCancelledError,
    WorkerCrashedError,
)
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from paribus.errors import ClusterError, first_line
from paribus.execution.place import Task
from paribus.execution.workers import cores
from paribus.places.ray_files import Files
from paribus.places.ray_mail import Letter, Mailbox
from paribus.places.ray_quiet import own_signals, silence_client, silent
from paribus.places.ray_remote import perform, tidy
from paribus.places.ray_work import Order
from paribus.places.settings import RaySettings

#: What Ray raises where the process or node at work on a task is lost, or its result with it.
LOST = (
    LocalRayletDiedError,
    NodeDiedError,
    ObjectLostError,
    OutOfMemoryError,
    TaskCancelledError,
    WorkerCrashedError,
)
#: Of every worker process on a node: one thread, and the order of sets as on this machine.
ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "PYTHONHASHSEED": "0",
}
#: A resource that only the head node of a cluster has.
HEAD = "node:__internal_head__"
#: Times that a cluster is asked to serve this process as its client.
TRIES = 3
#: Seconds to wait for letters.
PATIENCE = 1.0
#: Seconds for which it is believed how many nodes there are.
BELIEVED = 1.0
#: Seconds in which a cluster must answer.
ANSWERING = 20.0
#: Seconds that the nodes get to remove what the session left there.
TIDYING = 10.0


# Ray declares no types for these.
_dumps: Any = dumps
_nodes: Any = ray.nodes


class Cluster:
    """A connection to a cluster; made by `connected`.

    Attributes:
        is_here: it was started here, so that all its nodes have this machine's disk.
        used: the numbers of the nodes that a letter has come from.
    """

    def __init__(self, settings: RaySettings, is_here: bool) -> None:
        self.is_here = is_here
        self.used: set[str] = set()
        self._cpus, self._gpus = settings.cpus, settings.gpus
        self._perform = ray.remote(perform)
        box = ray.remote(Mailbox).options(num_cpus=0, resources={HEAD: 0.001})
        self._mailbox: Any = box.remote()
        self.asked = self._ask()  # the reference of the letters that are to be taken next
        self._nodes: tuple[float, dict[str, int]] = (-BELIEVED, {})

    def put(self, content: Any) -> Any:
        """A reference to something that many tasks get; each node fetches it once."""
        return ray.put(content)

    def submit(
        self, order: Order, files: Files, contents: list[Any], avoided: Collection[str] = ()
    ) -> Any:
        """Give a task to some node, none of those avoided; the reference of its `Done`."""
        options: dict[str, Any] = {"num_cpus": self._cpus, "num_gpus": self._gpus, "max_retries": 0}
        if avoided and (others := [node for node in self.nodes() if node not in avoided]):
            other = others[order.attempt % len(others)]
            options["scheduling_strategy"] = NodeAffinitySchedulingStrategy(other, soft=True)
        return self._perform.options(**options).remote(order, files, contents, self._mailbox)

    def packed(self, task: Task) -> bytes:
        """A task as bytes, with the classes and functions that a notebook or script has."""
        content: bytes = _dumps(task)
        return content

    def letters(self) -> list[Letter]:
        """The letters that have arrived, waiting for a moment if there are none.

        Raises:
            ClusterError: the cluster is lost, or its nodes have no Paribus.
        """
        found: list[Letter] = self.result(self.asked)
        self.asked = self._ask()
        return found

    def _ask(self) -> Any:
        return self._mailbox.take.remote(PATIENCE)

    def result(self, reference: Any) -> Any:
        """What a reference stands for.

        Raises:
            LOST: the process or node that was at work on it is lost.
            ClusterError: the cluster is lost, or its nodes have no Paribus.
        """
        try:
            return ray.get(reference)
        except LOST:
            raise
        except RayError as error:
            raise ClusterError(
                f"The Ray cluster can't perform tasks, or was lost ({_last_line(error)}). Every "
                "node needs the same Paribus as this machine. The same command resumes the study."
            ) from None

    def nodes(self) -> dict[str, int]:
        """How many tasks each node has room for, by its number in Ray; those that are alive."""
        then, nodes = self._nodes
        if time.monotonic() - then >= BELIEVED:
            nodes = {
                node["NodeID"]: self._room(node["Resources"]) for node in _nodes() if node["Alive"]
            }
            self._nodes = time.monotonic(), nodes
        return nodes

    def _room(self, resources: dict[str, float]) -> int:
        """How many tasks fit into what a node has; a tenth of a thousandth forgives rounding."""
        rooms = [resources.get("CPU", 0.0) / self._cpus]
        if self._gpus:
            rooms.append(resources.get("GPU", 0.0) / self._gpus)
        return int(min(rooms) + 1e-4)

    def tidy(self, session: str) -> None:
        """Have the nodes remove what the session left there, if they do so soon.

        What is left all the same, the next session on that node removes.
        """
        with suppress(RayError, ConnectionError):
            self._tidy(session)

    def _tidy(self, session: str) -> None:
        function = ray.remote(tidy)
        asked = []
        for node in self.used & self.nodes().keys():
            strategy = NodeAffinitySchedulingStrategy(node, soft=False)
            options = function.options(num_cpus=0, max_retries=0, scheduling_strategy=strategy)
            asked.append(options.remote(session))
        if asked:
            ray.wait(asked, num_returns=len(asked), timeout=TIDYING)


def _last_line(error: Exception) -> str:
    """What went wrong, which Ray puts below a traceback from the node."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1][:300] if lines else type(error).__name__


@contextmanager
def connected(address: str | None, settings: RaySettings) -> Iterator[Cluster]:
    """A cluster at an address, or one started here and ended with the context.

    Raises:
        ClusterError: there is none, it doesn't fit this machine, or Ray is in use already.
    """
    if ray.is_initialized():
        raise ClusterError(
            "Ray is connected in this process already. Call ray.shutdown() before, or run the "
            "study in a process of its own."
        )
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # no telemetry, also of the processes it starts
    with silent():
        try:
            with own_signals():
                _connect(address)
            cluster = Cluster(settings, is_here=address is None)
            cluster.letters()
            yield cluster
        finally:
            ray.shutdown()


def _init(address: str, options: dict[str, Any]) -> None:
    """Connect; a busy cluster may not begin to serve a client within Ray's half a minute."""
    for left in reversed(range(TRIES)):
        try:
            ray.init(address=address, **options)
            return
        except ConnectionError as error:
            if not left or "Initialization failure" not in str(error):
                raise
            ray.shutdown()


def _connect(address: str | None) -> None:
    """Connect quietly; workers get an empty folder as their current one.

    Otherwise Ray would put this process's current folder first on their search path.
    """
    with tempfile.TemporaryDirectory() as empty:
        Path(empty, "README").write_text("Paribus has Ray's workers begin in an empty folder.\n")
        options: dict[str, Any] = {
            "runtime_env": {"env_vars": ENVIRONMENT, "working_dir": empty},
            "logging_level": "error",
        }
        if address is None:
            options |= {"num_cpus": cores(), "include_dashboard": False}
        if not (address or "").startswith("ray://"):
            options["log_to_driver"] = False
        try:
            _require_answer(address)
            _init(address or "local", options)
            silence_client()
        except (ConnectionError, RuntimeError, ValueError, RayError, OSError) as error:
            where = f"at {address}" if address else "on this machine"
            raise ClusterError(
                f"No Ray cluster can be used {where} ({first_line(error)}). Check the address, and "
                "that Ray and Python have the same versions there as here."
            ) from error


def _require_answer(address: str | None) -> None:
    """Raise OSError where nothing listens at HOST:PORT; Ray would try for minutes."""
    host, colon, port = (address or "").removeprefix("ray://").rpartition(":")
    if colon and port.isdecimal():
        socket.create_connection((host.strip("[]"), int(port)), ANSWERING).close()
