"""Walking through a stranger's folder: natural order, honest names, no way out."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from paribus.data.images import LeftOut, below, files_under, natural, visible
from paribus.errors import ReadError
from paribus.names import shown


def test_names_sort_as_people_sort_them() -> None:
    names = ["b10", "B2", "a", "b1", "10", "9", "09", "b2", "", "2 b", "é"]
    assert sorted(names, key=natural) == [
        "",
        "2 b",
        "09",
        "9",
        "10",
        "a",
        "b1",
        "B2",
        "b2",
        "b10",
        "é",
    ]


def test_equal_letters_in_two_spellings_are_shown_alike() -> None:
    assert shown("e\u0301te\u0301") == shown("\u00e9t\u00e9") == "\u00e9t\u00e9"


def test_what_cannot_be_printed_is_shown_escaped() -> None:
    assert shown("two\nlines\x1b[31m") == r"two\nlines\x1b[31m"
    undecodable = os.fsdecode(b"caf\xe9.png")
    assert shown(undecodable) == r"caf\udce9.png"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    for name in ("b/2.png", "b/10.png", "a/deep/er/1.png", "a/.hidden/1.png", "a/.hidden.png"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return folder


def walk(root: Path) -> tuple[list[str], list[str]]:
    left_out: list[LeftOut] = []
    files = [below(root, path) for path in files_under(root, root, left_out)]
    return files, list(map(str, left_out))


def test_hidden_things_are_left_out(root: Path) -> None:
    assert [entry.name for entry in visible(root / "a")] == ["deep"]


def test_files_come_in_natural_order_however_deep(root: Path) -> None:
    assert walk(root) == (["a/deep/er/1.png", "b/2.png", "b/10.png"], [])


def test_links_to_files_inside_are_followed_and_all_others_named(root: Path) -> None:
    (root.parent / "outside").mkdir()
    (root.parent / "outside" / "1.png").touch()
    links = root / "c"
    links.mkdir()
    (links / "inside").symlink_to("../b/2.png")
    (links / "away").symlink_to(root.parent / "outside" / "1.png")
    (links / "away too").symlink_to("../../outside")
    (links / "gone").symlink_to("nowhere")
    (links / "loop").symlink_to("loop")
    (links / "up").symlink_to("..")
    files, unusable = walk(root)
    assert files[-1] == "c/inside"
    assert len(files) == 4
    assert unusable == [
        "c/away: a link that leads out of the folder",
        "c/away too: a link that leads out of the folder",
        "c/gone: a link to nowhere",
        "c/loop: a link to nowhere",
        "c/up: a link to a folder; only links to images are followed",
    ]


def test_what_is_no_file_is_passed_over(root: Path) -> None:
    os.mkfifo(root / "b" / "pipe.png")
    assert len(walk(root)[0]) == 3


def test_a_folder_that_cannot_be_entered_is_named_and_not_passed_over(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.scandir

    def refuse(folder: Path) -> Iterator[os.DirEntry[str]]:
        if folder.name == "deep":  # the tests may run as root, whom no mode stops
            raise PermissionError(13, "Permission denied", str(folder))
        return real(folder)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(ReadError, match=r"a/deep: can't be read \(Permission denied\)"):
        walk(root)
