"""Strangers' files: only regular ones are opened, and deep JSON is refused."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from paribus.errors import RecordError
from paribus.io.lock import LOCK, held, holder
from paribus.io.reading import leads_out, opened, read_whole
from paribus.log import LOG, read_log
from paribus.records.store import metadata
from paribus.study.read import STUDY, read_study_copy

DEEP = b'{"a":' + b"[" * 200_000


def bind(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(path))


@pytest.mark.parametrize(
    "make", [os.mkfifo, bind, Path.mkdir, lambda path: path.symlink_to("/dev/zero")]
)
def test_what_is_no_regular_file_is_refused_at_once(
    make: Callable[[Path], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # the name of a socket must be short
    make(Path("odd"))
    with pytest.raises(OSError), opened(Path("odd")):  # of several kinds
        pass
    with pytest.raises(OSError):
        read_whole(Path("odd"), 100)


def test_no_reader_of_json_falls_into_it(tmp_path: Path) -> None:
    (tmp_path / LOG).write_bytes(DEEP + b'\n{"event": "x"}\n')
    (tmp_path / STUDY).write_bytes(DEEP)
    assert list(read_log(tmp_path)) == [{"event": "x"}]
    with pytest.raises(RecordError, match="not a study"):
        read_study_copy(tmp_path)
    with pytest.raises(ValueError):
        metadata(len(DEEP).to_bytes(8, "little") + DEEP)
    with held(tmp_path):
        (tmp_path / LOCK).write_bytes(DEEP)
        assert holder(tmp_path) is not None


def test_only_a_link_that_stays_inside_is_followed(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "below").mkdir(parents=True)
    (tmp_path / "secret").write_text("")
    (root / "inside").symlink_to("below")
    (root / "outside").symlink_to(tmp_path / "secret")
    (root / "above").symlink_to("..")
    for name in ("below", "inside", "inside/file", "below/..", "missing"):
        assert not leads_out(root / name, root), name
    for name in ("outside", "above", "above/secret", "..", "../secret", "below/../.."):
        assert leads_out(root / name, root), name
