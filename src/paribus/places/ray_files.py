"""Files of a run as arrays: they go to a node and come back where there is no shared disk."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np

from paribus.data.pixels import Bytes
from paribus.errors import RecordError
from paribus.io.disk import half_written, remove, remove_empty, write_file, write_folder, writing
from paribus.io.reading import UnfitError, leads_out, patiently

#: The content of files, (bytes,) each, by their names below a folder, with "/" between parts.
Files = Mapping[str, Bytes]
#: Which version of a file it is: time of its last change, size and inode.
Stamp = tuple[int, int, int]

#: The folder of records. Each of them is a folder that appears whole.
RECORDS = "runs"


@dataclass(frozen=True)
class Change:
    """What has become of files: those that are new or changed, and those that are gone."""

    files: Files = field(default_factory=dict)
    gone: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.files or self.gone)


def stamps(root: Path, kept: Sequence[str]) -> dict[str, Stamp]:
    """Every regular file at or below the names `kept` in a folder; none that is half written."""
    found = {}
    for path in (path for name in kept for path in _files(root / name)):
        with suppress(FileNotFoundError, NotADirectoryError):  # removed meanwhile, or never there
            facts = path.lstat()
            if stat.S_ISREG(facts.st_mode):
                name = path.relative_to(root).as_posix()
                found[name] = facts.st_mtime_ns, facts.st_size, facts.st_ino
    return found


def _files(place: Path) -> Iterator[Path]:
    if not place.is_dir():
        yield place
    for folder, folders, names in os.walk(place):
        folders[:] = [name for name in folders if not half_written(name)]
        yield from (Path(folder, name) for name in names if not half_written(name))


def read_files(root: Path, names: Collection[str]) -> dict[str, Bytes]:
    """The content of files; those that are gone are left out.

    Raises:
        ReadError: one can't be read now.
    """
    found: dict[str, Bytes] = {}
    for name in names:
        with suppress(UnfitError):
            found[name] = patiently(root / name, partial(_read, root / name))
    return found


def _read(path: Path) -> Bytes:
    return np.fromfile(path, np.uint8)


def write_files(root: Path, files: Files) -> None:
    """Write files into a new folder, which is no one's results yet: nothing is synced.

    Raises:
        DiskError: the disk is full, or refuses otherwise.
    """
    for name, content in files.items():
        path = root / name
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            content.tofile(path)


class Changes:
    """What changes below some names of a folder, from one look to the next."""

    def __init__(self, root: Path, kept: Sequence[str]) -> None:
        """Below the names `kept` in `root`, from how it is now."""
        self._root, self._kept = root, kept
        self._known = stamps(root, kept)

    def under_way(self) -> Change:
        """What has changed but for records, which are whole only when their run has ended."""
        return self._look([name for name in self._kept if not _is_record(name)])

    def at_end(self) -> Change:
        """All that has changed; of a record every file, if one has."""
        return self._look(self._kept)

    def _look(self, kept: Sequence[str]) -> Change:
        now = stamps(self._root, kept)
        changed = [name for name, stamp in now.items() if self._known.get(name) != stamp]
        whole = {_unit(name, kept) for name in changed}
        files = read_files(self._root, [name for name in now if _unit(name, kept) in whole])
        gone = [name for name in self._known if _is_below(name, kept) and name not in now]
        for name in gone:
            del self._known[name]
        self._known |= {name: now[name] for name in files}
        return Change(files, tuple(gone))


def bring_in(root: Path, kept: Sequence[str], change: Change) -> None:
    """Make a change in a folder of results: every file and every record whole or not at all.

    Files come first, then records, and last what is removed; so a kill in between loses nothing.

    Raises:
        RecordError: a name leads elsewhere than below the names `kept`.
        DiskError: it can't be written.
    """
    for name in (*change.files, *change.gone):
        _require_below(root, name, kept)
    records: dict[str, dict[str, bytes]] = {}
    for name, content in change.files.items():
        if _is_record(name):
            record = _unit(name, kept)
            records.setdefault(record, {})[name[len(record) + 1 :]] = content.tobytes()
        else:
            write_file(root / name, content.tobytes())
    for record, files in records.items():
        write_folder(root / record, files)
    for name in change.gone:
        if _unit(name, kept) not in records:
            remove(root / name)
    for name in kept:
        remove_empty(root / name)


def _unit(name: str, kept: Sequence[str]) -> str:
    """What appears whole with a file: its record, or only itself."""
    return next(of for of in kept if _is_below(name, [of])) if _is_record(name) else name


def _is_record(name: str) -> bool:
    return PurePosixPath(name).parts[0] == RECORDS


def _is_below(name: str, kept: Sequence[str]) -> bool:
    return any(name == of or name.startswith(f"{of}/") for of in kept)


def _require_below(root: Path, name: str, kept: Sequence[str]) -> None:
    plain = name == PurePosixPath(name).as_posix() and ".." not in PurePosixPath(name).parts
    if not (plain and _is_below(name, kept)) or leads_out(root / name, root):
        places = ", ".join(kept)
        raise RecordError(f"{root}: expected files below {places} from a node, got {name!r}")
