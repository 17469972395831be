"""Whatever the disk refuses, what was there stays or what is new is whole, and words say which."""

import copy
import errno
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from effort import telling
from faults.here import Here
from faults.seam import Seam, die_at, nothing, refuse_at, seam
from faults.small import Killed
from paribus import cli
from paribus.errors import DiskError, ParibusError, PlaceError, ReadError
from paribus.io.disk import append_line, move, remove, sweep, write_file, write_folder

REFUSALS = (errno.ENOSPC, errno.EIO, errno.EROFS, errno.ENOENT)

OLD = {"a": b"old a" * 1000, "b": b"old b"}
NEW = {"a": b"new a" * 1000, "b": b"", "c": b"new c"}


def prepare(root: Path) -> None:
    """A file and a folder, written before anything is wrong."""
    write_file(root / "file", OLD["a"])
    write_folder(root / "folder", OLD)


def read(path: Path) -> object:
    if path.is_dir():
        return {each.name: each.read_bytes() for each in path.iterdir()}
    return path.read_bytes() if path.exists() else None


OLD_AND_NEW = (OLD["a"], NEW["a"])

#: What is done, where it shows, and what may be there afterwards.
Operation = tuple[Callable[[Path], object], str, list[object]]
OPERATIONS: dict[str, Operation] = {
    "a new file": (lambda root: write_file(root / "x/y", NEW["a"]), "x/y", [None, NEW["a"]]),
    "a file again": (lambda root: write_file(root / "file", NEW["a"]), "file", [*OLD_AND_NEW]),
    "a new folder": (lambda root: write_folder(root / "x/y", NEW), "x/y", [None, NEW]),
    "a folder again": (lambda root: write_folder(root / "folder", NEW), "folder", [OLD, NEW]),
    "a move": (lambda root: move(root / "folder", root / "x/y"), "x/y", [None, OLD]),
}  # fmt: skip


def steps_of(operation: Callable[[Path], object], root: Path) -> list[str]:
    prepare(root)
    with seam(root) as taken:
        operation(root)
    return taken.labels


def neither(name: str, label: str, lasting: bool) -> list[object]:
    """Between the two renames of a replaced folder nothing is there, as `write_folder` says."""
    between = name == "a folder again" and label.startswith("rename") and lasting
    return [None] if between else []


@pytest.mark.parametrize("lasting", [False, True], ids=["once", "from then on"])
@pytest.mark.parametrize("code", telling(REFUSALS, errno.ENOSPC), ids=errno.errorcode.get)
@pytest.mark.parametrize("name", OPERATIONS)
def test_a_refusal_at_any_step_leaves_the_old_or_the_new_and_says_what_and_where(
    name: str, code: int, lasting: bool, tmp_path: Path
) -> None:
    operation, shown, allowed = OPERATIONS[name]
    refused = 0
    for number, label in enumerate(steps_of(operation, tmp_path / "all")):
        root = tmp_path / str(number)
        prepare(root)
        try:
            with seam(root, refuse_at(number, code, lasting=lasting)):
                operation(root)
        except DiskError as error:
            refused += 1
            assert str(root) in str(error)
            assert f"({os.strerror(code)})" in str(error)
            if isinstance(error, PlaceError):
                assert code == errno.ENOENT  # where all that is needed is there
            else:
                assert "can't be written" in str(error)
                assert "Finished runs are kept." in str(error)
        assert read(root / shown) in allowed + neither(name, label, lasting)
        if not lasting and not label.startswith("rmtree"):
            assert not list(root.rglob(".*.new"))
        if name != "a move" or read(root / shown) is None:
            operation(root)  # and when the disk takes it again, all is as ever
        assert read(root / shown) == allowed[-1]
    assert refused >= 3


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_kill_at_any_step_leaves_the_old_or_the_new(name: str, tmp_path: Path) -> None:
    operation, shown, allowed = OPERATIONS[name]
    for number, label in enumerate(steps_of(operation, tmp_path / "all")):
        root = tmp_path / str(number)
        prepare(root)
        with pytest.raises(Killed), seam(root, die_at(number)):
            operation(root)
        assert read(root / shown) in allowed + neither(name, label, True)
        sweep(root, {"file", "folder", "x"})
        assert not list(root.rglob(".*.new"))


def test_only_what_was_half_written_here_is_swept(tmp_path: Path) -> None:
    ours = [".file.0123abcd.new", "folder/x/.seed-0.0123abcd.new", "folder/.y.89abcdef.new"]
    others = [
        ".notes.new", ".notes.0123abcd.new", ".file.0123ABCD.new", ".file.0123abcd.new.txt",
        "file.0123abcd.new", "folder/.file.new", "folder/x/..0123abcd.new",
        "photos/.file.0123abcd.new", "photos/folder/.file.0123abcd.new",
    ]  # fmt: skip
    for name in (*ours, *others):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("anything")
    sweep(tmp_path, {"file", "folder"})
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert left == set(others)


def test_a_write_that_the_system_takes_in_pieces_is_whole(tmp_path: Path) -> None:
    class Pieces(Seam):
        def _step(self, name: str, real: Callable[..., object]) -> Callable[..., object]:
            if name == "write":
                return lambda handle, content: os.write(handle, content[:7])
            return super()._step(name, real)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("paribus.io.disk.os", Pieces(tmp_path, nothing))
        write_file(tmp_path / "file", b"0123456789" * 10)
    assert (tmp_path / "file").read_bytes() == b"0123456789" * 10


def test_a_line_that_a_kill_cut_short_spoils_no_other(tmp_path: Path) -> None:
    append_line(tmp_path / "log", b"one")
    with pytest.raises(Killed), seam(tmp_path, die_at(1)) as steps:
        append_line(tmp_path / "log", b"a long line")
    assert steps.labels == ["open log", "write log"]
    assert (tmp_path / "log").read_bytes() == b"one\na long"
    append_line(tmp_path / "log", b"three")
    assert (tmp_path / "log").read_bytes() == b"one\na long\nthree\n"


def test_what_is_not_there_is_removed_already(tmp_path: Path) -> None:
    remove(tmp_path / "nothing")


@pytest.mark.parametrize("code", telling(REFUSALS, errno.ENOSPC), ids=errno.errorcode.get)
def test_the_command_ends_with_1_and_says_what_where_and_what_to_do(
    code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "study.yaml").write_text(
        "name: s\ndata: {source: digits, size: 16}\nepochs: 1\nseeds: 1\n"
        "variations: {l2: {optimizer.weight_decay: 0.1}}\n"
    )
    for room in ("paribus.execution.session", "paribus.execution.gpus"):
        monkeypatch.setattr(f"{room}.Workers", Here)
    monkeypatch.chdir(tmp_path)

    def fault(seam: Seam, label: str, at: int) -> None:
        if label.startswith("write unfinished"):
            raise OSError(code, os.strerror(code))

    with seam(tmp_path / "out", fault):
        done = CliRunner().invoke(cli.main, ["run", "study.yaml", "--out", "out"])
    assert (done.exit_code, done.stdout) == (1, "")
    last = done.stderr.splitlines()[-1]
    assert re.match(r"out/unfinished/baseline/seed-0/epoch-1\..*: can't be written", last)
    assert os.strerror(code) in last
    assert any(
        word in last
        for word in ("Free some space", "Allow writing", "disk is failing", "put it back")
    )


@pytest.mark.parametrize("kind", [DiskError, ReadError])
def test_a_disk_error_keeps_what_it_says_on_its_way_out_of_a_worker(kind: type[DiskError]) -> None:
    error = kind(errno.ENOSPC, "No space left on device", "/x")
    again = copy.copy(error)  # by the same method as pickling
    assert isinstance(again, ParibusError) and type(again) is kind
    assert (str(again), again.errno) == (str(error), errno.ENOSPC)


# ---- the order, as the kernel sees it -------------------------------------------------------

CODE = """
import sys
from pathlib import Path
from paribus.io.disk import write_file, write_folder
out = Path(sys.argv[1])
write_file(out / "file", b"content")
write_folder(out / "folder", {"a": b"a", "b": b"b"})
write_folder(out / "folder", {"a": b"c", "b": b"d"})
"""


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_everything_is_synced_before_its_rename_and_its_folder_after(tmp_path: Path) -> None:
    out = tmp_path / "out"
    calls = "trace=openat,open,write,fsync,rename,renameat,renameat2,mkdir,mkdirat,close"
    done = subprocess.run(
        ["strace", "-y", "-e", calls, "-o", tmp_path / "trace", sys.executable, "-c", CODE, out],
        capture_output=True,
        text=True,
    )
    if "ptrace" in done.stderr.lower() and not out.exists():
        pytest.skip("strace may not trace here")
    assert done.returncode == 0, done.stderr
    lines = [line for line in (tmp_path / "trace").read_text().splitlines() if str(out) in line]
    renames = 0
    for number, line in enumerate(lines):
        if not line.startswith("rename"):
            continue
        before, after = re.findall(r'"([^"]+)"', line)
        if Path(before).name == "folder":
            continue  # an old folder steps aside, to be removed
        renames += 1
        written = {path for each in lines[:number] for path in writes(each, before)}
        synced = {path for each in lines[:number] for path in syncs(each)}
        assert written
        assert written <= synced  # each file, and for a folder itself too
        assert f"fsync({Path(after).parent}" in re.sub(r"\d+<", "", lines[number + 1 :][0]) or (
            str(Path(after).parent)
            in {path for each in lines[number + 1 :] for path in syncs(each)}
        )
    assert renames == 3


def writes(line: str, below: str) -> list[str]:
    """What a line of strace shows to be written at or below a path."""
    if line.startswith("mkdir"):
        return [path for path in re.findall(r'"([^"]+)"', line) if path.startswith(below)]
    if line.startswith("write("):
        return [path for path in re.findall(r"<([^>]+)>", line)[:1] if path.startswith(below)]
    return []


def syncs(line: str) -> list[str]:
    return re.findall(r"<([^>]+)>", line)[:1] if line.startswith("fsync(") else []
