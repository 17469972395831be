"""Copies of what tasks read, on a disk of the node's own: the first process that asks makes it."""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from paribus.errors import DiskError
from paribus.io.disk import building, make_folder, private, replace_folder, writing
from paribus.io.reading import shared
from paribus.io.strict_json import dumps


def near(reads: Sequence[Path], scratch: str) -> Mapping[Path, Path]:
    """Where copies of files and folders lie; those that can't be copied are read where they are.

    A copy's name follows from its path and from the sizes and times of all its files, so that it
    is made again where they have changed. Its folder is this user's alone.
    """
    home = Path(scratch) / f"paribus-{os.getuid()}"
    found = {}
    for path in reads:
        try:
            found[path] = _copied(path, home)
        except OSError as error:
            print(f"{path}: read from where it is, for no copy can be made: {error}", flush=True)
    return found


def _copied(path: Path, home: Path) -> Path:
    with private():
        with writing(home):
            make_folder(home)
        if others := shared(home):
            raise DiskError(None, f"expected a folder of yours alone, got {others}", str(home))
        copy = home / _name(path) / path.name
        with _alone(copy.parent.with_suffix(".lock")):
            if not copy.exists():
                with building(copy.parent) as fresh:
                    _copy(path, fresh / path.name)
                    replace_folder(fresh, copy.parent)
    return copy


def _copy(path: Path, to: Path) -> None:
    if path.is_dir():
        shutil.copytree(path, to)
    else:
        shutil.copy2(path, to)


def _name(path: Path) -> str:
    """What a copy is called: another name if anything below the path has changed."""
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    seen = [(str(f.relative_to(path)), f.stat().st_size, f.stat().st_mtime_ns) for f in files]
    return hashlib.sha256(dumps([str(path), seen]).encode()).hexdigest()[:32]


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    with writing(lock):
        handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)  # waits while another job of this node copies
        yield
    finally:
        os.close(handle)
