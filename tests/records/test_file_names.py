"""Which file each test image is: kept as the system has it, and believed only if it is sound."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from paribus.records import file_names
from paribus.records.file_names import (
    FILE_NAMES,
    LONGEST,
    file_names_are_whole,
    keep_file_names,
    read_file_names,
)

ONE, OTHER = "1" * 64, "2" * 64
FILES = {7: "test/cat/IMG_0042.jpg", 12: "test/dog/犬 \u202egnp.jpg", 3: "dog/two\nlines.png"}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    keep_file_names(tmp_path, [ONE, OTHER], FILES)
    return tmp_path


def test_names_come_back_as_they_are_for_each_data_set_and_for_all(out: Path) -> None:
    for data in ([ONE], [OTHER], [OTHER, ONE]):
        assert read_file_names(out, data) == FILES


def test_other_data_have_no_names(out: Path) -> None:
    assert read_file_names(out, ["3" * 64]) == {}
    assert read_file_names(out, [ONE, ""]) == {}


def test_a_folder_without_the_file_has_no_names(tmp_path: Path) -> None:
    assert read_file_names(tmp_path, [ONE]) == {}
    assert not file_names_are_whole(tmp_path)


def test_a_source_without_files_leaves_none(tmp_path: Path) -> None:
    keep_file_names(tmp_path, [ONE], {})
    assert list(tmp_path.iterdir()) == []


def test_bytes_that_are_no_text_are_kept_as_codes(tmp_path: Path) -> None:
    keep_file_names(tmp_path, [ONE], {0: os.fsdecode(b"cat/\xff.png")})
    assert read_file_names(tmp_path, [ONE]) == {0: "cat/\\udcff.png"}


def test_equal_names_are_not_written_again_and_others_replace_them(out: Path) -> None:
    before = (out / FILE_NAMES).stat().st_ino
    keep_file_names(out, [OTHER, ONE], FILES)
    assert (out / FILE_NAMES).stat().st_ino == before
    keep_file_names(out, [ONE], {7: "other.png"})
    assert read_file_names(out, [ONE]) == {7: "other.png"}
    assert read_file_names(out, [OTHER]) == {}


def test_a_damaged_file_is_written_again(out: Path) -> None:
    (out / FILE_NAMES).write_bytes(b"{")
    keep_file_names(out, [ONE, OTHER], FILES)
    assert read_file_names(out, [ONE]) == FILES


def test_a_path_longer_than_any_is_left_out(tmp_path: Path) -> None:
    keep_file_names(tmp_path, [ONE], {0: "a" * (LONGEST + 1), 1: "a" * LONGEST})
    assert read_file_names(tmp_path, [ONE]).keys() == {1}


def test_too_many_names_are_neither_kept_nor_read(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_names, "LARGEST", (out / FILE_NAMES).stat().st_size - 1)
    assert read_file_names(out, [ONE]) == {}
    (out / FILE_NAMES).unlink()
    keep_file_names(out, [ONE, OTHER], FILES)
    assert not (out / FILE_NAMES).exists()


def test_any_flipped_bit_is_noticed(out: Path) -> None:
    content = (out / FILE_NAMES).read_bytes()
    for at in range(len(content)):
        flipped = content[:at] + bytes([content[at] ^ 1 << at % 8]) + content[at + 1 :]
        (out / FILE_NAMES).write_bytes(flipped)
        assert not file_names_are_whole(out) and read_file_names(out, [ONE]) == {}


@pytest.mark.parametrize(
    "files",
    [
        {"0": "/etc/passwd"},
        {"0": "../secret.png"},
        {"0": "cat/../../secret.png"},
        {"0": ""},
        {"0": "x" * (LONGEST + 1)},
        {"0": 5},
        {"0": None},
        {"-1": "a.png"},
        {"x": "a.png"},
        {"10000000000": "a.png"},
        ["a.png"],
        None,
    ],
)
def test_a_strangers_file_with_a_right_sum_says_nothing_impossible(
    tmp_path: Path, files: object
) -> None:
    sealed(tmp_path, {"data": [ONE], "files": files})
    assert read_file_names(tmp_path, [ONE]) == {}


def test_the_seal_of_these_tests_is_the_right_one(tmp_path: Path) -> None:
    sealed(tmp_path, {"data": [ONE], "files": {"0": "cat/a.png"}})
    assert read_file_names(tmp_path, [ONE]) == {0: "cat/a.png"}


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"null", b"{}", b"\xff", b'{"data": []}', b"[" * 999]
)
def test_anything_else_says_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE_NAMES).write_bytes(content)
    assert read_file_names(tmp_path, [ONE]) == {}


def test_nothing_but_a_regular_file_of_the_folder_is_read(out: Path, tmp_path: Path) -> None:
    folder = tmp_path / "results"
    folder.mkdir()
    (folder / FILE_NAMES).symlink_to(out / FILE_NAMES)
    assert read_file_names(folder, [ONE]) == {}
    (folder / FILE_NAMES).unlink()
    os.mkfifo(folder / FILE_NAMES)
    assert read_file_names(folder, [ONE]) == {}


def sealed(out: Path, values: dict[str, object]) -> None:
    """A file as `keep_file_names` writes it, whatever it holds."""
    sha256 = hashlib.sha256(json.dumps(values).encode()).hexdigest()
    (out / FILE_NAMES).write_text(json.dumps(values | {"sha256": sha256}, indent=1))
