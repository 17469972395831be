"""What goes to nodes and comes back, as files: whole or not at all, and nowhere else."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest

from paribus.data.pixels import Bytes
from paribus.errors import DiskError, RecordError
from paribus.events import EpochDone, Event
from paribus.places import ray_mail
from paribus.places.ray_files import Change, Changes, bring_in
from paribus.places.ray_mail import Courier
from paribus.places.ray_node import node_folder, placed
from paribus.places.ray_reading import Reading, code, data

KEPT = ("unfinished/a/seed-0", "runs/a/seed-0")


def content(text: str) -> Bytes:
    return np.frombuffer(text.encode(), np.uint8)


def write(root: Path, **files: str) -> None:
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("_0", "-0")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def under(root: Path) -> dict[str, str]:
    files = (path for path in root.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): path.read_text() for path in files}


@pytest.fixture
def node(tmp_path: Path) -> Path:
    (tmp_path / "node").mkdir()
    return tmp_path / "node"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


def test_checkpoints_come_back_as_they_are_written_and_the_record_when_it_is_whole(
    node: Path, out: Path
) -> None:
    changes = Changes(node, KEPT)
    write(node, unfinished__a__seed_0__one="1", runs__a__seed_0__record="half")
    bring_in(out, KEPT, changes.under_way())
    assert under(out) == {"unfinished/a/seed-0/one": "1"}
    write(node, unfinished__a__seed_0__two="2")
    (node / "unfinished/a/seed-0/one").unlink()
    bring_in(out, KEPT, changes.under_way())
    assert under(out) == {"unfinished/a/seed-0/two": "2"}
    assert not changes.under_way()
    write(node, runs__a__seed_0__record="whole", runs__a__seed_0__sums="s")
    (node / "unfinished/a/seed-0/two").unlink()
    bring_in(out, KEPT, changes.at_end())
    assert under(out) == {"runs/a/seed-0/record": "whole", "runs/a/seed-0/sums": "s"}
    assert not (out / "unfinished").exists() or not list((out / "unfinished/a").iterdir())


def test_a_record_that_was_there_is_replaced_as_a_whole(node: Path, out: Path) -> None:
    for root in (node, out):
        write(root, runs__a__seed_0__record="old", runs__a__seed_0__weights="old")
    changes = Changes(node, KEPT)
    assert not changes.at_end()  # what hasn't changed isn't sent
    (node / "runs/a/seed-0/weights").unlink()
    write(node, runs__a__seed_0__record="new")
    bring_in(out, KEPT, changes.at_end())
    assert under(out) == {"runs/a/seed-0/record": "new"}


def test_half_written_files_and_links_stay_on_the_node(node: Path, out: Path) -> None:
    changes = Changes(node, KEPT)
    write(node, unfinished__a__seed_0__one="1")
    (node / "unfinished/a/seed-0/.two.01234567.new").write_text("half")
    (node / "unfinished/a/seed-0/link").symlink_to("/etc/hostname")
    bring_in(out, KEPT, changes.at_end())
    assert under(out) == {"unfinished/a/seed-0/one": "1"}


@pytest.mark.parametrize(
    "name",
    [
        "../x",
        "/x",
        "x",
        "runs/b/seed-0/x",
        "runs/a/seed-0/../../../x",
        "runs/a/seed-0//x",
        "runs/a/seed-00/x",
        "unfinished/a/seed-0/out/x",
        ".lock",
    ],
)
@pytest.mark.parametrize("gone", [False, True])
def test_nothing_is_written_or_removed_elsewhere(name: str, gone: bool, out: Path) -> None:
    write(out, x="mine", runs__a__seed_0__record="mine")
    (out / "unfinished/a/seed-0").mkdir(parents=True)
    (out / "unfinished/a/seed-0/out").symlink_to(out.parent)
    (out.parent / "x").write_text("mine")
    before = under(out.parent)
    change = Change(gone=(name,)) if gone else Change({name: content("theirs")})
    with pytest.raises(RecordError, match="expected files below"):
        bring_in(out, KEPT, change)
    assert under(out.parent) == before


# ---- letters --------------------------------------------------------------------------------


def test_letters_go_in_order_and_what_is_left_over_is_given_back() -> None:
    sent: list[Event] = []
    courier = Courier(lambda events, _: sent.extend(events), Change)
    told = [EpochDone("a", 0, epoch, 500) for epoch in range(500)]
    for event in told:
        courier.tell(event)
    left = courier.end()
    assert [*sent, *left] == told


def test_files_go_even_if_the_task_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_mail, "INTERVAL", 0.01)
    change = Change({"a": content("1")})
    looks = iter([change])
    sent: list[Change] = []
    courier = Courier(lambda _, change: sent.append(change), lambda: next(looks, Change()))
    while not sent:
        pass
    courier.end()
    assert sent == [change]


def test_a_task_ends_where_no_letter_arrives_any_more() -> None:
    def lost(*_: object) -> None:
        raise ValueError("the mailbox is gone")

    courier = Courier(lost, Change)
    with pytest.raises(ConnectionError, match="no letter arrives any more: the mailbox is gone"):
        while True:
            courier.tell(EpochDone("a", 0, 1, 1))


# ---- on a node ------------------------------------------------------------------------------


@pytest.fixture
def nodes_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(disk))
    node_folder.cache_clear()
    yield disk
    node_folder.cache_clear()


def test_what_tasks_read_is_fetched_and_written_once(nodes_disk: Path, tmp_path: Path) -> None:
    source = tmp_path / "digits"
    write(source, images="some", facts="of them", deep__er="too")
    reading, files = data(source)
    fetched = []

    def fetch() -> dict[str, Bytes]:
        fetched.append(1)
        return files

    places = {placed(node_folder("1"), reading, fetch) for _ in range(3)}
    assert [under(place) for place in places] == [under(source)]
    assert len(fetched) == 1
    assert [path.stat().st_mode & 0o077 for path in nodes_disk.iterdir()] == [0]


def test_a_full_disk_leaves_nothing_half_written(nodes_disk: Path, tmp_path: Path) -> None:
    write(tmp_path / "digits", images="some", facts="of them")
    reading, files = data(tmp_path / "digits")

    class Full(dict[str, Bytes]):
        def items(self):  # type: ignore[no-untyped-def]
            yield from list(super().items())[:1]
            raise OSError(28, "No space left on device")

    with pytest.raises((OSError, DiskError)):
        placed(node_folder("1"), reading, lambda: Full(files))
    assert under(placed(node_folder("1"), reading, lambda: files)) == under(tmp_path / "digits")


def test_a_folder_that_a_killed_session_left_is_removed_by_the_next(nodes_disk: Path) -> None:
    left = node_folder("left")  # its lock is this process's, as if a task were under way
    node_folder("1")
    assert left.exists()
    with unlocked(left):
        node_folder("2")
        assert not left.exists()
    assert {path.name.rpartition("-")[2] for path in nodes_disk.iterdir()} == {"1", "2"}


@contextmanager
def unlocked(folder: Path) -> Iterator[None]:
    """As if all processes that hold the folder had been killed."""
    for handle in list(Path("/proc/self/fd").iterdir()):
        with suppress(OSError):
            if handle.readlink() == folder / ".lock":
                fcntl.flock(int(handle.name), fcntl.LOCK_UN)
    yield


def test_a_folder_of_code_goes_without_results_environments_and_what_is_hidden(
    tmp_path: Path,
) -> None:
    write(tmp_path, net_py="import torch", package__mod_py="x = 1", out__runs="many")
    write(tmp_path, venv__lib="large", __pycache__="x", git__x="y")
    (tmp_path / "git").rename(tmp_path / ".git")
    (tmp_path / "venv" / "pyvenv.cfg").touch()
    (tmp_path / "train.sh").write_text("echo")
    (tmp_path / "train.sh").chmod(0o755)
    (tmp_path / "linked").symlink_to(tmp_path / "net_py")
    reading, files = code(tmp_path, tmp_path / "out")
    assert reading == Reading(tmp_path, programs=("train.sh",))
    assert sorted(files) == ["linked", "net_py", "package/mod_py", "train.sh"]
