"""Walking through a stranger's folder: in an order people expect, and never out of it."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from paribus.data.decode import UnusableError
from paribus.names import printable


def natural(name: str) -> tuple[list[str | int], str]:
    """A key that sorts names as people do: "b2" before "b10", capitals beside small letters."""
    words = re.split(r"(\d+)", name.casefold())
    return [int(word) if i % 2 else word for i, word in enumerate(words)], name


def shown(name: str) -> str:
    """A name in one spelling (Unicode NFC), what can't be printed escaped."""
    return printable(unicodedata.normalize("NFC", name))


def visible(folder: Path) -> list[Path]:
    """What lies in a folder, in natural order, hidden things left out."""
    entries = [entry for entry in folder.iterdir() if not entry.name.startswith(".")]
    return sorted(entries, key=lambda entry: natural(entry.name))


def files_under(top: Path, root: Path, unusable: list[str]) -> Iterator[Path]:
    """Every file under `top`, in natural order; what can't be entered goes to `unusable`.

    Links to files inside `root` are followed, all others are not.
    """
    waiting = [top]
    while waiting:
        entry = waiting.pop()
        try:
            if entry.is_symlink():
                _check_link(entry, root)
            if entry.is_dir():
                waiting += reversed(visible(entry))
            elif entry.is_file():
                yield entry
        except OSError as error:
            unusable.append(f"{below(root, entry)}: can't be read ({error.strerror})")
        except UnusableError as error:
            unusable.append(f"{below(root, entry)}: {error}")


def below(root: Path, path: Path) -> str:
    """A path inside `root` as it is shown."""
    return shown(path.relative_to(root).as_posix())


def _check_link(link: Path, root: Path) -> None:
    target = Path(os.path.realpath(link))
    if not target.exists():
        raise UnusableError("a link to nowhere")
    if not target.is_relative_to(root):
        raise UnusableError("a link that leads out of the folder")
    if target.is_dir():
        raise UnusableError("a link to a folder; only links to images are followed")
