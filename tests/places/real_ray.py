"""A real Ray cluster of nodes on this machine, for the tests of a module."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from ray.cluster_utils import Cluster

#: Seconds, for a busy machine.
PATIENCE = 120.0

TESTS = Path(__file__).parents[1]


def wait_until(true: Callable[[], Any], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        time.sleep(0.05)


class Nodes:
    """A head that performs nothing, and nodes of one processor each."""

    def __init__(self, cluster: Any, client_port: int, folder: Path) -> None:
        self._cluster, self._folder = cluster, folder
        self._nodes: list[Any] = []
        self.address: str = cluster.address
        self.client_address = f"ray://127.0.0.1:{client_port}"

    def add(self) -> None:
        """One more node."""
        self._nodes.append(self._cluster.add_node(num_cpus=1))

    def at_work(self) -> dict[int, Any]:
        """The processes that perform a task of Paribus's, each with its node."""
        raylets = {node.all_processes["raylet"][0].process.pid: node for node in self._nodes}
        return {pid: raylets[parent] for pid, parent in _performing() if parent in raylets}

    def kill_the_one_at_work(self) -> None:
        """End all processes of the one node that performs a task, as where its power is cut."""
        [node] = self.at_work().values()
        self._nodes.remove(node)
        self._cluster.remove_node(node, allow_graceful=False)

    def left(self) -> list[Path]:
        """What Paribus has left on the nodes."""
        return list(self._folder.glob("paribus-*"))


def _performing() -> Iterator[tuple[int, int]]:
    """Processes of any cluster on this machine that perform a task, with their parents."""
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (folder / "cmdline").read_bytes().startswith(b"ray::perform"):
                # After the name in brackets: the state, then the parent.
                facts = (folder / "stat").read_text().rpartition(")")[2].split()
                yield int(folder.name), int(facts[1])


@contextmanager
def nodes_of(count: int, folder: Path) -> Iterator[Nodes]:
    """A cluster whose processes find the tests' own modules, and have `folder` for what is theirs.

    Ray's sockets lie elsewhere, for their paths must be short.
    """
    port = _free_port()
    head = {"num_cpus": 0, "include_dashboard": False, "ray_client_server_port": port}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("RAY_TMPDIR", "/tmp")
        patch.setenv("TMPDIR", str(folder))
        patch.setenv("PYTHONPATH", str(TESTS))
        cluster: Any = Cluster(initialize_head=True, head_node_args=head)
        try:
            nodes = Nodes(cluster, port, folder)
            for _ in range(count):
                nodes.add()
            yield nodes
        finally:
            cluster.shutdown()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
