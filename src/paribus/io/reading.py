"""Files that may be a stranger's: regular ones alone, of a bounded size, inside their folder.

A file that isn't there or isn't such a file is one thing: an `UnfitError`, and what it should
have held is lost. One that the system can't read now is another: it is tried again, then a
`ReadError` ends the command, for what it holds may be sound.
"""

import errno
import hashlib
import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import TypeVar

from paribus.errors import ReadError

T = TypeVar("T")

#: Seconds to wait before a file that can't be read is tried again.
PAUSES = (0.05, 0.25)

#: The errors that say what lies at a path: nothing, or no regular file.
_UNFIT = {
    errno.ENOENT,
    errno.ENOTDIR,
    errno.EISDIR,
    errno.ELOOP,
    errno.ENAMETOOLONG,
    errno.ENXIO,
    errno.ENODEV,
}


class UnfitError(OSError):
    """A file that isn't there, is no regular one, is too large, or lies outside its folder."""


@contextmanager
def opened(path: Path) -> Iterator[BufferedReader]:
    """A regular file to read from; a pipe or a device, which might never end, is refused at once.

    Raises:
        UnfitError: it is no regular file.
        OSError: it can't be opened now; `patiently` tries again.
    """
    handle, _ = _open_regular(path)
    with os.fdopen(handle, "rb") as file:
        yield file


def _open_regular(path: Path) -> tuple[int, int]:
    """The handle of a regular file, and its size."""
    # Opened first and looked at then, so that it can't become another file between the two.
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    facts = os.fstat(handle)
    if stat.S_ISREG(facts.st_mode):
        return handle, facts.st_size
    os.close(handle)
    raise UnfitError(errno.EINVAL, "a regular file is expected", str(path))


def read_whole(path: Path, largest: int) -> bytes:
    """The bytes of a regular file.

    Raises:
        UnfitError: it isn't there, is no regular file, or has more than `largest` bytes.
        ReadError: it can't be read now.
    """

    def read() -> bytes:
        handle, size = _open_regular(path)
        try:
            if size > largest:
                raise UnfitError(errno.EFBIG, f"at most {largest:,} bytes are expected", str(path))
            return _read_bytes(handle, size)
        finally:
            os.close(handle)

    return patiently(path, read)


def _read_bytes(handle: int, size: int) -> bytes:
    """So many bytes, or all there are. A file object would cost a small file more than reading."""
    content = os.read(handle, size)
    while 0 < len(content) < size and (piece := os.read(handle, size - len(content))):
        content += piece
    return content


def shared(path: Path) -> str:
    """Who else could have written a file or folder, as a clause; "" where no one could.

    Raises:
        UnfitError: it isn't there.
        ReadError: it can't be looked at now.
    """
    status = patiently(path, path.stat)
    if status.st_uid not in (0, os.geteuid()):
        return f"one of user {status.st_uid}"
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return f"one that others can write to (mode {stat.S_IMODE(status.st_mode):o})"
    return ""


def read_inside(path: Path, root: Path, largest: int) -> bytes:
    """The bytes of a file of a stranger's folder.

    Raises:
        UnfitError: as `read_whole` has it, or a link on the way leads out of `root`.
        ReadError: it can't be read now.
    """
    if leads_out(path, root):
        raise UnfitError(errno.EPERM, "a link that leads out of the folder", str(path))
    return read_whole(path, largest)


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file, however large, in hexadecimal.

    Raises:
        UnfitError: there is no such file.
        ReadError: it can't be read now.
    """

    def digest() -> str:
        with opened(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    return patiently(path, digest)


def is_folder(path: Path) -> bool:
    """Whether a folder lies there; raises ReadError if that can't be known now."""
    try:
        return stat.S_ISDIR(patiently(path, path.stat).st_mode)
    except UnfitError:
        return False


def names_in(folder: Path) -> list[str]:
    """What lies in a folder, sorted; nothing where there is no folder.

    Raises:
        ReadError: it can't be read now.
    """
    try:
        return sorted(patiently(folder, lambda: [entry.name for entry in folder.iterdir()]))
    except UnfitError:
        return []


def patiently(path: Path, read: Callable[[], T]) -> T:
    """What `read` gives; an error of the system that may pass is waited for.

    Raises:
        UnfitError: there is no such file.
        ReadError: it still can't be read.
    """
    for pause in PAUSES:
        try:
            return _named(path, read)
        except ReadError:
            time.sleep(pause)
    return _named(path, read)


def _named(path: Path, read: Callable[[], T]) -> T:
    try:
        return read()
    except (UnfitError, ReadError):
        raise
    except OSError as error:
        kind = UnfitError if error.errno in _UNFIT else ReadError
        raise kind(error.errno, error.strerror or str(error), str(path)) from error


def ways_out(root: Path, *, leaving: Path | None = None) -> Iterator[Path]:
    """Links below `root` to folders outside it; what is written into them leaves `root`.

    What lies below the folder `leaving` may lead anywhere.

    Raises ReadError if what lies there can't be known now.
    """
    for place, folders, _ in os.walk(root):
        if leaving is not None and Path(place) == leaving.parent:
            folders[:] = [name for name in folders if name != leaving.name]
        for path in (Path(place, name) for name in folders):
            if patiently(path, path.is_symlink) and leads_out(path, root):
                yield path


def leads_out(path: Path, root: Path) -> bool:
    """Whether a link on the way to a file or folder leads out of `root`."""
    # Most files lie directly in `root`, where none but themselves can be the link. Errors are
    # left to who opens the file, as `realpath` leaves them.
    if path.parent == root and path.name != ".." and not os.path.islink(path):  # noqa: PTH114
        return False
    return not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root))
