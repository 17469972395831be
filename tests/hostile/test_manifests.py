"""Tables of images that a stranger wrote: refused in words or read, in bounded time and memory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from hostile.measured import paribus
from paribus.data.sources import verify

ROWS = "".join(f"{i}.png,{'ab'[i % 2]}\n" for i in range(8))


def tables() -> Iterator[tuple[str, str, str]]:
    """What it is, the table, and what is said; nothing where it is read."""
    head = "path,label\n"
    yield "the parent", f"{head}{ROWS}../0.png,a\n", "expected a path in the folder of the table"
    yield "the root", f"{head}{ROWS}/etc/passwd,a\n", "expected a path in the folder of the table"
    yield "a device", f"{head}{ROWS}zero,a\n", "zero: a link that leads out of the folder"
    yield "a pipe", f"{head}{ROWS}pipe,a\n", "pipe: no file is there"
    yield "a loop", f"{head}{ROWS}loop/loop/0.png,a\n", "loop/loop/0.png: "
    yield "a way out", f"{head}{ROWS}up/0.png,a\n", "up/0.png: a link that leads out of the folder"
    yield "a long path", f"{head}{ROWS}{'d/' * 4000}x,a\n", "File name too long"
    yield "a long name", f"{head}{ROWS}{'d' * 4000},a\n", "File name too long"
    yield "a zero byte", f"{head}{ROWS}a\0b,a\n", "expected the path of an image"
    yield "escapes", f"{head}{ROWS}\x1b[31m,a\n", r"\x1b[31m: no file is there"
    yield "a long label", f"{head}{ROWS}9.png,{'x' * 9000}\n", "label of at most 255 signs"
    yield "many labels", head + "".join(f"{i}.png,{i}\n" for i in range(5000)), "1,000 different"
    yield "many columns", "path,label," + "," * 5000 + "\n", "columns"
    yield "a long cell", f'{head}"{"x" * 200_000}",a\n', "not a table of text"
    yield "an open quote", f'{head}{ROWS}"9.png,a\n', "not a table of text"
    yield "one image many times", f"{head}{ROWS}" + "0.png,a\n" * 100_000, "an image once"
    yield (
        "many rows",
        head + ROWS + "".join(f"m{i}.png,a\n" for i in range(3_000)),
        "m2999.png: no file",
    )


EVERY = {name: (table, said) for name, table, said in tables()}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "mine"
    folder.mkdir()
    for i in range(8):
        Image.new("RGB", (8, 8), (i, 2 * i, 40)).save(folder / f"{i}.png")
    (folder / "zero").symlink_to("/dev/zero")
    (folder / "loop").symlink_to("loop")
    (folder / "up").symlink_to("..")
    os.mkfifo(folder / "pipe")
    return folder


@pytest.mark.parametrize("name", EVERY)
def test_a_table_does_no_more_than_name_what_is_wrong(
    name: str, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARIBUS_CACHE", str(root.parent / "cache"))
    table, said = EVERY[name]
    (root / "labels.csv").write_text(table)
    problems = verify(str(root / "labels.csv"))
    assert said in "\n".join(problems)
    assert not any("\x1b" in problem or "\0" in problem for problem in problems)


def test_the_command_lists_what_is_missing_in_bounded_memory(root: Path) -> None:
    (root / "labels.csv").write_text(EVERY["many rows"][0])
    done = paribus("data", "verify", root / "labels.csv", cwd=root.parent)
    assert done.code == 1
    assert "Traceback" not in done.message
    assert done.message.count("no file is there") == 3_000
    assert done.megabytes < 300
