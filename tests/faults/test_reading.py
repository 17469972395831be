"""What can't be read now is no damage: it is tried again, or the command stops and keeps it all."""

import errno
import os
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner

from effort import EFFORT, telling
from faults.here import run_here
from faults.reads import reads, refuse
from faults.small import draw_images, small_study, train_until, training
from paribus.cli import main
from paribus.errors import ReadError
from paribus.events import Event, RecordSetAside, RunAnalyzed, RunBegins, quiet
from paribus.records.store import CURVES, checkpoint_folder, checkpoints, run_folder

CODES = (errno.EIO, errno.EMFILE, errno.ESTALE, errno.EACCES)
#: Whom a file is written for: these change whenever a command runs.
WRITTEN = {".lock", ".report-lock", "log.jsonl"}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A finished study beside its images and its cache."""
    root = tmp_path_factory.mktemp("reading")
    draw_images(root / "images")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("paribus.io.reading.PAUSES", (0, 0))
        patch.setenv("PARIBUS_CACHE", str(root / "cache"))
        again(root)
        yield root


def again(place: Path) -> list[Event]:
    """Run the study once more; its report isn't made."""
    heard: list[Event] = []
    study = small_study(place / "images", epochs=2).model_copy(update={"engine": "torch"})
    run_here(study, place / "out", {"report.html": b""}, heard.append)
    return heard


def contents(place: Path) -> dict[str, object]:
    """Every file; of those that are made once, even when."""
    files = (path for path in place.rglob("*") if path.is_file() and path.name not in WRITTEN)
    return {
        str(path.relative_to(place)): (path.read_bytes(), path.parent.name == "out" or made(path))
        for path in files
    }


def made(path: Path) -> int:
    return path.stat().st_mtime_ns


def chosen(seen: list[str]) -> list[int]:
    """The numbers of the reads to fail: all, or in `make test` the first of each kind of file."""
    if EFFORT:
        return list(range(len(seen)))
    kinds = [re.sub("[0-9]+|l2|baseline|[0-9a-f]{8,}", "", Path(path).name) for path in seen]
    return sorted({kinds.index(kind) for kind in kinds})


def made_again(heard: list[Event]) -> list[Event]:
    return [event for event in heard if isinstance(event, RecordSetAside | RunBegins | RunAnalyzed)]


@pytest.mark.parametrize("code", telling(CODES, errno.EIO), ids=errno.errorcode.get)
def test_a_read_that_fails_once_is_made_again_and_nothing_else(place: Path, code: int) -> None:
    before = contents(place)
    with reads(place) as seen:
        assert made_again(again(place)) == []
    assert {"SHA256SUMS", "record.json", "curves.safetensors", "predictions.safetensors"} < {
        Path(path).name for path in seen
    }
    for number in chosen(seen):
        with reads(place, refuse(number, code, [], lasting=False)) as now:
            assert made_again(again(place)) == []
        assert len(now) > len(seen)
        assert contents(place) == before


@pytest.mark.parametrize("code", telling(CODES, errno.EACCES), ids=errno.errorcode.get)
def test_a_read_that_always_fails_stops_the_study_and_changes_nothing(
    place: Path, code: int
) -> None:
    before = contents(place)
    with reads(place) as seen:
        again(place)
    for number in chosen(seen):
        refused: list[str] = []
        with (
            reads(place, refuse(number, code, refused, lasting=True)),
            pytest.raises(ReadError) as caught,
        ):
            again(place)
        assert str(caught.value).startswith(refused[0])
        assert contents(place) == before


def test_a_read_that_fails_in_the_middle_is_no_damage_either(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(place)

    real, curves = os.read, run_folder(place / "out", "l2", 0) / CURVES

    def fail(handle: int, size: int) -> bytes:
        if os.path.sameopenfile(handle, descriptor):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return real(handle, size)

    monkeypatch.setattr("os.read", fail)
    with curves.open("rb") as file:
        descriptor = file.fileno()
        with pytest.raises(ReadError, match=r"curves\.safetensors: can't be read \(Input/output"):
            again(place)
    assert contents(place) == before


def test_a_record_of_which_it_can_not_be_known_whether_it_is_there_is_not_trained_again(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, folder, real = contents(place), run_folder(place / "out", "l2", 0), Path.stat

    def stat(path: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        refuse_path(str(path), str(folder))
        return real(path, follow_symlinks=follow_symlinks)

    with monkeypatch.context() as patch, pytest.raises(ReadError, match="seed-0: can't be read"):
        patch.setattr(Path, "stat", stat)
        again(place)
    assert contents(place) == before


def test_a_checkpoint_that_can_not_be_read_now_is_kept_and_gone_on_from_later(
    place: Path, tmp_path: Path
) -> None:
    task = training(small_study(place / "images"), tmp_path)
    train_until(task, 3)
    folder = checkpoint_folder(tmp_path, "baseline", 0)
    before = checkpoints(folder)
    for path in (str(folder), str(before[0])):
        with (
            reads(tmp_path, partial(refuse_path, path=path)),
            pytest.raises(ReadError, match=re.escape(f"{path}: can't be read (Stale file handle)")),
        ):
            task.perform(quiet)
        assert checkpoints(folder) == before
    heard: list[Event] = []
    task.perform(heard.append)
    assert [event.epoch for event in heard if isinstance(event, RunBegins)] == [3]


def refuse_path(read: str, path: str) -> None:
    if read == path:
        raise OSError(errno.ESTALE, os.strerror(errno.ESTALE), read)


@pytest.mark.parametrize(
    ("command", "name"),
    [("status", "study.json"), ("status", "record.json"), ("status", "log.jsonl"),
     ("report", "SHA256SUMS"), ("report", "original-*.png")],
)  # fmt: skip
def test_report_and_status_say_what_can_not_be_read(place: Path, command: str, name: str) -> None:
    out = place / "out"
    paths = [str(path) for path in out.rglob(name)]
    with reads(out, lambda read: refuse_path(read, read if read in paths else "")):
        done = CliRunner().invoke(main, [command, str(out)])
    assert (done.exit_code, done.stdout) == (1, "")
    path, _, words = done.stderr.partition(": ")
    assert path in paths
    assert words.startswith("can't be read (Stale file handle)")
