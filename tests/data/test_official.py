"""Official files are found where users put them, and judged by size and MD5."""

import hashlib
import os
from pathlib import Path

import pytest

from paribus.data.official import OfficialFile, faults, missing, official_folder

CONTENT = {"a.bin": b"some bytes", "b.bin": b"others"}
FILES = tuple(
    OfficialFile(name, len(content), hashlib.md5(content).hexdigest())
    for name, content in CONTENT.items()
)


@pytest.fixture
def folder(tmp_path: Path, own_cache: Path) -> Path:
    place = tmp_path / "stl10_binary"
    place.mkdir()
    for name, content in CONTENT.items():
        (place / name).write_bytes(content)
    return place


def test_the_files_may_lie_in_the_named_folder_or_in_its_stl10_binary(folder: Path) -> None:
    assert official_folder(folder, FILES) == folder
    assert official_folder(folder.parent, FILES) == folder


def test_whole_files_have_no_fault(folder: Path) -> None:
    assert faults(folder, FILES) == {}
    assert missing(folder, FILES) == []


def test_each_fault_says_what_came_and_what_is_expected(folder: Path) -> None:
    (folder / "a.bin").write_bytes(b"some")
    (folder / "b.bin").write_bytes(b"OTHERS")
    got = hashlib.md5(b"OTHERS").hexdigest()
    assert faults(folder, FILES) == {
        "a.bin": "expected 10 bytes, got 4",
        "b.bin": f"expected MD5 {FILES[1].md5}, got {got}",
    }
    (folder / "a.bin").unlink()
    assert faults(folder, FILES)["a.bin"] == "it is missing"
    assert missing(folder, FILES) == ["a.bin"]


def test_a_folder_in_a_files_place_is_a_fault(folder: Path) -> None:
    (folder / "a.bin").unlink()
    (folder / "a.bin").mkdir()
    assert "a.bin" in faults(folder, FILES)


def test_a_repaired_file_is_seen_to_be_whole(folder: Path) -> None:
    (folder / "b.bin").write_bytes(b"OTHERS")
    assert faults(folder, FILES)
    (folder / "b.bin").write_bytes(CONTENT["b.bin"])
    assert faults(folder, FILES) == {}


def test_damage_that_keeps_size_and_time_is_found_by_a_full_check(folder: Path) -> None:
    faults(folder, FILES)
    file = folder / "a.bin"
    facts = file.stat()
    file.write_bytes(b"SOME bytes")
    os.utime(file, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    assert faults(folder, FILES) == {}
    assert list(faults(folder, FILES, trust_times=False)) == ["a.bin"]
    assert list(faults(folder, FILES)) == ["a.bin"]  # and is remembered
