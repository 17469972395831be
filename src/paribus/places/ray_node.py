"""A folder on each node: what tasks read lies there once, and each works in a part of its own."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path

from paribus.data.cache import require_private
from paribus.io.disk import private, writing
from paribus.places.ray_files import Files, write_files
from paribus.places.ray_reading import Reading

LOCK = ".lock"


@cache
def node_folder(session: str) -> Path:
    """The folder of a session on this node, kept as long as one of the session's processes lives.

    Folders of sessions whose processes are all gone are removed: a killed one can't.

    Raises:
        DiskError: it can't be made.
        DataError: another user could have written it.
    """
    own = f"paribus-{os.geteuid()}-"
    folder = Path(tempfile.gettempdir(), own + session)
    with writing(folder), private():
        folder.mkdir(exist_ok=True)
        require_private(folder)
        _lock(folder / LOCK, fcntl.LOCK_SH)  # open as long as this process lives
    for left in folder.parent.glob(f"{own}*"):
        if left != folder:
            _remove_unused(left)
    return folder


def leave(session: str) -> None:
    """Remove this node's folder of a session whose tasks have all ended."""
    shutil.rmtree(node_folder(session), ignore_errors=True)


def placed(folder: Path, reading: Reading, load: Callable[[], Files]) -> Path:
    """Where a file or folder of another machine lies on this node: written once, then mapped.

    Args:
        folder: this node's.
        load: gives the files, those of a folder by their names below it.

    Raises:
        DiskError: the node's disk is full.
    """
    name = hashlib.sha256(os.fsencode(reading.path)).hexdigest()[:16]
    place = folder / f"read-{name}"
    with writing(place):
        handle = _lock(folder / f".read-{name}.lock", fcntl.LOCK_EX)
    try:
        if not place.exists():
            with tempfile.TemporaryDirectory(dir=folder, prefix="new-") as fresh:
                _write(Path(fresh, name), reading, load())
                with writing(place):
                    Path(fresh, name).rename(place)
    finally:
        os.close(handle)
    return place / reading.path.name if reading.is_file else place


def _write(folder: Path, reading: Reading, files: Files) -> None:
    with writing(folder):
        folder.mkdir()
        write_files(folder, files)
        for name in reading.programs:
            (folder / name).chmod(0o700)


def _lock(path: Path, kind: int) -> int:
    """Lock a file, wherever it takes to wait for it; the handle keeps the lock."""
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        fcntl.flock(handle, kind)
        with suppress(FileNotFoundError):
            if os.fstat(handle).st_ino == path.stat().st_ino:
                return handle
        os.close(handle)  # removed with its folder meanwhile


def _remove_unused(folder: Path) -> None:
    with suppress(OSError):
        handle = os.open(folder / LOCK, os.O_RDWR | os.O_NOFOLLOW)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(handle)
