"""Hostile archives: the four files are taken or the archive is refused; nothing else is written."""

from __future__ import annotations

import gzip
import random
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.test_download import (
    CONTENT,
    SMALL,
    Fetch,
    Server,
    fetch,
    folder,
    here,
    packed,
    refused,
    server,
)
from effort import examples, telling
from hostile.archives import EVIL, HARMLESS, REFUSED, WHOLE, zipped
from hostile.mutations import mutate
from pace import slowness
from paribus.data import download
from paribus.errors import DownloadError

__all__ = ["fetch", "folder", "server"]  # fixtures

ABSOLUTE = Path("/tmp/paribus-absolute.bin")


def test_there_are_thirty_of_them() -> None:
    assert len(HARMLESS) + len(REFUSED) >= 30


def require_nothing_elsewhere(place: Path) -> None:
    allowed = {"data", "data/stl10_binary"} | {f"data/stl10_binary/{name}" for name in CONTENT}
    result = [path for path in place.rglob("*") if path.name != "cache"]
    assert {path.relative_to(place).as_posix() for path in result} <= allowed
    assert not any(path.is_symlink() for path in result)
    assert not ABSOLUTE.exists()


@pytest.mark.parametrize(
    "name",
    telling(
        HARMLESS,
        "..",
        "absolute",
        "its folder as a link",
        "a device",
        "a second of one name",
        "pax records of another place",
    ),
)
def test_the_known_files_are_taken_and_nothing_else(
    name: str, server: Server, fetch: Fetch, tmp_path: Path
) -> None:
    server.content = HARMLESS[name]
    assert here(fetch()) == CONTENT
    require_nothing_elsewhere(tmp_path)


@pytest.mark.parametrize(
    "name",
    telling(
        REFUSED,
        "a symbolic link",
        "a pipe",
        "the wrong one first",
        "too short",
        "too long",
        "a size of pax that lies",
        "a size that takes years to pass over",
        "a name of a terabyte",
        "digits without end",
        "long names of long names",
        "a sparse file",
        "more members than memory holds",
        "half an end",
    ),
)
def test_it_is_refused_soon_with_a_reason_and_nothing_wrong_is_kept(
    name: str, server: Server, fetch: Fetch, folder: Path, tmp_path: Path
) -> None:
    server.content, reason = REFUSED[name]
    began = time.process_time()
    assert reason in refused(fetch)
    assert (time.process_time() - began) / slowness() < 5
    assert here(folder).items() <= CONTENT.items()
    require_nothing_elsewhere(tmp_path)


def test_an_archive_that_unpacks_to_too_much_is_left(
    server: Server, fetch: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "LARGEST_UNPACKED", 1 << 22)
    server.content = packed([("x", bytes(1 << 22)), *WHOLE])
    assert "more than 4,194,304 bytes when unpacked" in refused(fetch)


def test_files_are_not_written_through_what_lies_in_their_place(
    server: Server, fetch: Fetch, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "mine.bin").write_bytes(EVIL)
    folder.mkdir(parents=True)
    (folder / "train_X.bin").symlink_to(tmp_path / "mine.bin")
    assert here(fetch()) == CONTENT
    assert (tmp_path / "mine.bin").read_bytes() == EVIL
    assert not (folder / "train_X.bin").is_symlink()


@examples(40)
@given(seed=st.integers(0, 2**32 - 1), inside=st.booleans())
def test_any_damage_leaves_the_right_files_or_a_reason(
    server: Server, fetch: Fetch, folder: Path, seed: int, inside: bool
) -> None:

    draw = random.Random(seed)
    tar = gzip.decompress(SMALL)
    # Within: where the headers are, and not in a file of noise.
    server.content = zipped(mutate(tar[:512], draw), tar[512:]) if inside else mutate(SMALL, draw)
    for path in folder.glob("*"):
        path.unlink()
    try:
        assert here(fetch()) == CONTENT
    except DownloadError as error:
        assert str(error)
    assert here(folder).items() <= CONTENT.items()
