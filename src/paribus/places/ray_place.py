"""A Ray cluster as the place of a study: each run is a task of Ray's, on whatever node has room."""

from __future__ import annotations

import math
import secrets
from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paribus.errors import ClusterError
from paribus.events import Watch
from paribus.execution.place import Outcome, Task
from paribus.io.lock import Hold
from paribus.places.ray_files import Change, bring_in, read_files, stamps
from paribus.places.ray_reading import Reading, code, data
from paribus.places.ray_work import Order
from paribus.places.settings import RaySettings
from paribus.search_path import local_folders

if TYPE_CHECKING:
    pass

#: Tasks that wait on the cluster beside those that it has room for, so that no node idles and a
#: cluster that grows on demand sees the demand.
WAITING = 8


class RayPlace:
    """Tasks on a Ray cluster; a context that connects to it, or starts one here and ends it."""

    def __init__(
        self, out: Path, address: str | None, settings: RaySettings, *, code: bool = False
    ) -> None:
        """A place for tasks that write below `out`.

        Args:
            address: "auto", "host:port" or "ray://host:port"; by default what the settings say.
            code: nodes also find modules in the current folder and the script's.

        Raises:
            ClusterError: Ray isn't installed.
        """
        if find_spec("ray") is None:
            raise ClusterError("running on Ray needs ray: pip install 'paribus[ray]'")
        self._out, self._settings, self._code = out.absolute(), settings, code
        self._address = address or settings.address
        self._session = secrets.token_hex(8)
        self._readings: dict[Path, tuple[Reading, Any]] = {}
        self._open = ExitStack()
        self.hold: Hold | None = None

    def __enter__(self) -> RayPlace:
        from paribus.places.ray_cluster import connected

        self._cluster = self._open.enter_context(connected(self._address, self._settings))
        return self

    def __exit__(self, *error: object) -> None:
        try:
            # Not on Ctrl-C, when the user waits for the end.
            if isinstance(error[1], Exception | None):
                self._cluster.tidy(self._session)
        finally:
            self._open.close()

    @property
    def gpu_share(self) -> int:
        """How many tasks share a GPU, as the settings give each a part; 0 where they give none."""
        return math.ceil(1 / self._settings.gpus) if self._settings.gpus else 0

    def needed(self, tasks: Sequence[Task]) -> int:
        """How many of the tasks are under way at once; one where there is none."""
        return max(1, min(self._room(), len(tasks)))

    def perform(
        self, tasks: Sequence[Task], watch: Watch, on_outcome: Callable[[Outcome], None]
    ) -> list[Outcome]:
        """Perform every task, begun in the order given; outcomes as they end.

        A task that is lost with its node or process is tried again, from the last checkpoint
        that came back. One that finds a node's disk full is tried on another node, once.

        Raises:
            DiskError: what was found out can't be kept; names the node if it is a node's disk.
            ClusterError: the cluster was lost.
        """
        from paribus.places.ray_round import Round

        self._require_room()
        outcomes = []
        round_ = Round(self._cluster, self._submit, watch, self._bring_in)
        try:
            for outcome in round_.outcomes(tasks, self._most):
                outcomes.append(outcome)
                on_outcome(outcome)
        finally:
            round_.cancel()
        return outcomes

    @property
    def _is_shared(self) -> bool:
        """Whether the nodes write into the folder of results themselves."""
        return self._cluster.is_here or self._settings.shared

    def _require_room(self) -> None:
        """Raise ClusterError if no run will ever fit; another cluster may grow on demand."""
        if self._cluster.is_here and not self._room():
            asked = self._settings
            raise ClusterError(
                f"This machine hasn't got what a run asks for: a run asks for {asked.cpus:g} CPUs "
                f"and {asked.gpus:g} GPUs, as [ray] in paribus.toml says."
            )

    def _room(self) -> int:
        return self._settings.at_once or sum(self._cluster.nodes().values())

    def _most(self) -> int:
        """How many tasks the cluster may have at once, under way or waiting there."""
        return self._settings.at_once or 2 * self._room() + WAITING

    def _submit(self, task: Task, number: int, avoided: Collection[str]) -> Any:
        """Give an attempt at a task to a node, with all that it takes there."""
        folders = tuple(map(Path, local_folders())) if self._code else ()
        paths = () if self._cluster.is_here else dict.fromkeys((*task.reads, *folders))
        readings = [self._sent(path, path in folders) for path in paths]
        kept = () if self._is_shared else self._kept_names(task)
        order = Order(
            number,
            self._cluster.packed(task),
            self._session,
            self._out,
            self._is_shared,
            self.hold,
            kept,
            tuple(reading for reading, _ in readings),
            folders,
        )
        files = read_files(self._out, stamps(self._out, kept))
        return self._cluster.submit(order, files, [content for _, content in readings], avoided)

    def _sent(self, path: Path, is_code: bool) -> tuple[Reading, Any]:
        """What tasks read, and its reference; it goes there when the first of them needs it."""
        if path not in self._readings:
            reading, content = code(path, self._out) if is_code else data(path)
            self._readings[path] = reading, self._cluster.put(content)
        return self._readings[path]

    def _kept_names(self, task: Task) -> tuple[str, ...]:
        return tuple(place.absolute().relative_to(self._out).as_posix() for place in task.keeps)

    def _bring_in(self, task: Task, change: Change) -> None:
        bring_in(self._out, self._kept_names(task), change)
