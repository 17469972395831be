"""A folder of results is held by one process, which notices when it no longer holds it."""

import errno
import fcntl
import json
import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import pytest

from paribus.errors import DiskError, InUseError
from paribus.events import Event, Waiting
from paribus.io import lock
from paribus.io.disk import append_line, checked, move, remove, write_file, write_folder
from paribus.io.lock import LOCK, REPORT_LOCK, Holder, held, holder, writing_report

UNNAMED = "a process that isn't named in the lock file"


@contextmanager
def locked(path: Path, kind: int) -> Iterator[None]:
    """As by `flock`, on a lock file in which a process that was killed wrote itself down."""
    dead = subprocess.Popen(["true"])
    dead.wait()
    by = Holder(dead.pid, socket.gethostname(), "2026-01-01T00:00:00+00:00", "paribus run x")
    path.write_text(json.dumps(asdict(by)))
    with path.open() as file:
        fcntl.flock(file, kind)
        yield


@pytest.mark.parametrize("kind", [fcntl.LOCK_SH, fcntl.LOCK_EX])
def test_a_lock_of_another_program_is_not_blamed_on_the_process_that_was_there_before(
    tmp_path: Path, kind: int
) -> None:
    with (
        locked(tmp_path / LOCK, kind),
        pytest.raises(InUseError, match=f"in use by {UNNAMED}. Wait until it has finished, or"),
        held(tmp_path),
    ):
        pass


def test_a_lock_that_was_given_back_names_nobody(tmp_path: Path) -> None:
    with held(tmp_path):
        by = holder(tmp_path)
        assert by is not None
        assert by.pid == os.getpid()
    assert (tmp_path / LOCK).read_bytes() == b""
    assert holder(tmp_path) is None


def test_who_waits_for_a_report_says_for_whom_and_ends_after_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "REPORT_PATIENCE", 0.2)
    heard: list[Event] = []
    with (
        writing_report(tmp_path),
        pytest.raises(InUseError) as refused,
        writing_report(tmp_path, heard.append),
    ):
        pass
    this = f"process {os.getpid()} on {socket.gethostname()} since "
    (waiting,) = heard
    assert isinstance(waiting, Waiting)
    assert waiting.message.startswith(f"{tmp_path / REPORT_LOCK}: held by {this}")
    assert f"{tmp_path}: its report is being written by {this}" in str(refused.value)
    with (
        locked(tmp_path / REPORT_LOCK, fcntl.LOCK_EX),
        pytest.raises(InUseError, match=f"written by {UNNAMED}, and hasn't been finished for 0 s"),
        writing_report(tmp_path),
    ):
        pass


def refusals(out: Path) -> set[str]:
    """What is said when something is written: one message, whichever way it is written."""
    messages = set()
    ways: tuple[Callable[[], object], ...] = (
        lambda: write_file(out / "tables" / "runs.csv", b"new"),
        lambda: write_folder(out / "runs" / "own" / "seed-0", {"a": b"new"}),
        lambda: append_line(out / "log.jsonl", b"{}"),
        lambda: move(out / "study.json", out / "set-aside" / "study.json"),
        lambda: remove(out / "study.json"),
    )
    for write in ways:
        with pytest.raises(DiskError) as refused:
            write()
        messages.add(str(refused.value))
    return messages


def test_nothing_is_written_once_the_lock_file_is_gone_even_if_there_is_another(
    tmp_path: Path,
) -> None:
    out = tmp_path / "out"
    with held(out):
        write_file(out / "study.json", b"old")
        (out / LOCK).unlink()
        said = refusals(out)
        (out / LOCK).touch()  # as a second process does
        assert refusals(out) == said
        assert (out / "study.json").read_bytes() == b"old"
        assert {path.name for path in out.iterdir()} == {LOCK, "study.json"}
    assert said == {
        f"{out}: can't be written (its lock file, .lock, was removed or replaced). Finished runs "
        "are kept. If the folder was moved, put it back; if another process works there, wait "
        "until it has finished. Then rerun the same command: it resumes."
    }


def test_a_folder_that_was_moved_is_not_made_again_and_goes_on_when_it_is_back(
    tmp_path: Path,
) -> None:
    out = tmp_path / "out"
    with held(out):
        write_file(out / "study.json", b"old")
        out.rename(tmp_path / "moved")
        said = refusals(out)
        assert not out.exists()
        (tmp_path / "moved").rename(out)
        write_file(out / "study.json", b"new")
    assert said == {
        f"{out}: can't be written (No such file or directory). Finished runs are kept. The folder "
        "was moved or removed: put it back and rerun the same command: it resumes."
    }


@pytest.mark.parametrize("place", ["/proc/x/out", "/dev/null/out", "link/out"])
def test_a_place_where_no_folder_can_be_made_is_not_said_to_have_been_moved(
    place: str, tmp_path: Path
) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    with pytest.raises(DiskError, match="no folder can be made there") as caught:
        write_folder(tmp_path / place / "run", {})
    assert "moved" not in str(caught.value)


def test_a_report_makes_no_folder(tmp_path: Path) -> None:
    with pytest.raises(DiskError, match="moved or removed"), writing_report(tmp_path / "absent"):
        pass
    assert not (tmp_path / "absent").exists()


def test_a_check_holds_for_a_folder_however_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise DiskError(errno.ESTALE, "lost", "out")

    monkeypatch.chdir(tmp_path)
    for folder, file in ((Path("out"), tmp_path / "out" / "x"), (tmp_path, Path("out", "x"))):
        with checked(folder, refuse), pytest.raises(DiskError, match="lost"):
            write_file(file, b"")
