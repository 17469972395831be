"""What tasks read, where it comes from: data sets as they are, and folders of code."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from paribus.data.pixels import Bytes
from paribus.errors import ClusterError
from paribus.places.ray_files import stamps

#: Of a folder of code, which lies beside results, data and whatever else somebody keeps there.
MOST_FILES, MOST_BYTES = 10_000, 100_000_000


@dataclass(frozen=True)
class Reading:
    """A file or folder that tasks read.

    Attributes:
        programs: its files that can be executed, by their names below it.
    """

    path: Path
    is_file: bool = False
    programs: tuple[str, ...] = ()


def data(path: Path) -> tuple[Reading, dict[str, Bytes]]:
    """A file, or a folder with all that is in it, with its content, which is mapped."""
    if path.is_file():
        return Reading(path, is_file=True), {path.name: _mapped(path)}
    return Reading(path), {name: _mapped(path / name) for name in stamps(path, ["."])}


def code(folder: Path, out: Path) -> tuple[Reading, dict[str, Bytes]]:
    """A folder that scripts and modules lie in, with their content.

    What is hidden, compiled, a virtual environment or the folder of results stays behind.

    Raises:
        ClusterError: there is too much in it.
    """
    found: dict[str, Bytes] = {}
    programs, size = [], 0
    for path in _code_files(folder, out):
        facts, name = path.stat(), path.relative_to(folder).as_posix()
        size += facts.st_size
        if size > MOST_BYTES or len(found) >= MOST_FILES:
            raise ClusterError(
                f"{folder}: expected a folder of code to send to the nodes, of at most "
                f"{MOST_BYTES // 1_000_000} MB in {MOST_FILES:,} files, got more. Run the command "
                "in a folder that has only what the study needs; data belong on a disk of the "
                "nodes, under a path that is the same everywhere."
            )
        found[name] = _mapped(path)
        if facts.st_mode & stat.S_IXUSR:
            programs.append(name)
    return Reading(folder, programs=tuple(programs)), found


def _code_files(folder: Path, out: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        inside = [Path(place, name) for name in folders]
        folders[:] = [path.name for path in inside if _is_code(path, out)]
        files = [Path(place, name) for name in sorted(names) if not name.startswith(".")]
        yield from (path for path in files if path.is_file())


def _is_code(folder: Path, out: Path) -> bool:
    if folder.name.startswith(".") or folder.name == "__pycache__":
        return False
    return not ((folder / "pyvenv.cfg").exists() or folder.resolve() == out.resolve())


def _mapped(path: Path) -> Bytes:
    if not path.stat().st_size:
        return np.empty(0, np.uint8)
    # Not a `memmap` but an array on it, which Ray puts into its store without copying it before.
    return np.asarray(np.memmap(path, np.uint8, mode="r"))
