"""What a process on a node does: one task after another, each as a worker process here would."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import paribus
from paribus.errors import ClusterError, DiskError
from paribus.events import Event
from paribus.execution.place import Outcome, Task
from paribus.execution.worker import THREADS
from paribus.io.disk import checked
from paribus.io.lock import Hold
from paribus.places.ray_files import Change, Changes, Files, write_files
from paribus.places.ray_mail import Courier, Letter
from paribus.places.ray_node import node_folder, placed
from paribus.places.ray_reading import Reading


@dataclass(frozen=True)
class Order:
    """A task for a node, with all that it takes there.

    Attributes:
        task: the task, pickled: it is read where users' modules are found, and nowhere between.
        session: names the folder on each node that all tasks of one command share.
        out: the folder of results; it lies on the nodes too if `shared`.
        kept: the task's `keeps`, as names below `out`.
        readings: what the task reads, unless that lies at the same path on each node.
        folders: where the node looks for users' modules; among the readings, or there already.
    """

    attempt: int
    task: bytes
    session: str
    out: Path
    shared: bool
    hold: Hold | None = None
    kept: tuple[str, ...] = ()
    readings: tuple[Reading, ...] = ()
    folders: tuple[Path, ...] = ()
    paribus: str = paribus.__version__


@dataclass(frozen=True)
class Done:
    """How an attempt ended, what it left, and how many letters it has sent before."""

    result: Outcome | DiskError
    last: Letter
    letters: int


#: Sends a letter and returns when it has arrived.
Send = Callable[[Letter], None]


@dataclass(frozen=True)
class Arrived:
    """What came with an order.

    Attributes:
        files: what lies in the folder of results already, unless that is shared.
        fetch: gives the files of a reading, by its place among the order's.
        load: unpickles a task.
    """

    files: Files
    fetch: Callable[[int], Files]
    load: Callable[[bytes], Task]


def work(order: Order, arrived: Arrived, node: tuple[str, str], send: Send) -> Done:
    """Perform a task on this node, of that name and number, and send back what it leaves."""
    _require_same(order.paribus, node[0])
    send(Letter(order.attempt, node))  # it is known from now on where the task is
    try:
        with _unpacked(order, arrived) as (task, changes):
            return _performed(order, task, changes, node, send)
    except DiskError as error:
        return Done(_on_node(error, node[0]), Letter(order.attempt, node), 1)


def _performed(
    order: Order, task: Task, changes: Changes, node: tuple[str, str], send: Send
) -> Done:
    if torch := sys.modules.get("torch"):  # tasks that need it have imported it by now
        torch.set_num_threads(THREADS)

    def post(events: tuple[Event, ...], change: Change) -> None:
        send(Letter(order.attempt, node, events, change))

    courier = Courier(post, changes.under_way)
    result: Outcome | DiskError
    try:
        result = task.perform(courier.tell)
    except DiskError as error:
        result = _on_node(error, node[0])
    finally:
        events = courier.end()
    last = Letter(order.attempt, node, events, changes.at_end())
    return Done(result, last, 1 + courier.sent)


@contextmanager
def _unpacked(order: Order, arrived: Arrived) -> Iterator[tuple[Task, Changes]]:
    """The task as it is on this node, and what changes below what it keeps."""
    here = _placed(order, arrived)
    _find_modules([here.get(folder, folder) for folder in order.folders])
    task = arrived.load(order.task)
    if order.shared:
        hold = _as_seen_here(order.hold) if order.hold else None
        with checked(hold.path.parent, hold.check) if hold else nullcontext():
            yield task.moved(order.out, here), Changes(order.out, ())
        return
    with tempfile.TemporaryDirectory(dir=node_folder(order.session), prefix="run-") as place:
        out = Path(place)
        write_files(out, arrived.files)
        yield task.moved(out, here), Changes(out, order.kept)


def _placed(order: Order, arrived: Arrived) -> Mapping[Path, Path]:
    """Where each path that the task reads lies on this node."""
    if not order.readings:
        return {}
    folder = node_folder(order.session)
    return {
        one.path: placed(folder, one, partial(arrived.fetch, number))
        for number, one in enumerate(order.readings)
    }


def _find_modules(folders: list[Path]) -> None:
    """Find users' modules too, after all others, and the files that they name by their side."""
    for folder in map(str, folders):
        if folder not in sys.path:
            sys.path.append(folder)
    if folders:
        os.chdir(folders[0])


def _as_seen_here(hold: Hold) -> Hold:
    """A hold of a shared folder: each machine has its own number for the same file system."""
    try:
        return replace(hold, device=os.lstat(hold.path).st_dev)
    except OSError:
        return hold  # its check says what is wrong


def _on_node(error: DiskError, node: str) -> DiskError:
    """The error with the node's name before the path."""
    return type(error)(error.errno, error.strerror, f"{node}:{error.filename}")


def _require_same(version: str, node: str) -> None:
    if version != paribus.__version__:
        raise ClusterError(
            f"{node}: expected Paribus {version}, as on this machine, got {paribus.__version__}. "
            "Install the same version everywhere."
        )
