"""Files that may be a stranger's: regular ones alone, of a bounded size, inside their folder."""

import errno
import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import Any


@contextmanager
def opened(path: Path) -> Iterator[BufferedReader]:
    """A regular file to read from; a pipe or a device, which might never end, is refused at once.

    Raises:
        OSError: it can't be opened, or is no regular file.
    """
    # Opened first and looked at then, so that it can't become another file between the two.
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, "a regular file is expected", str(path))
        yield file


def read_whole(path: Path, largest: int) -> bytes:
    """The bytes of a regular file.

    Raises:
        OSError: it can't be read, is no regular file, or has more than `largest` bytes.
    """
    with opened(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > largest:
            raise OSError(errno.EFBIG, f"at most {largest:,} bytes are expected", str(path))
        return file.read(size)  # a buffer of `largest` would be asked for otherwise


def parse_json(content: bytes | str) -> Any:
    """The values of a JSON text; raises ValueError where it isn't JSON, or is nested too deeply."""
    try:
        return json.loads(content)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def shared(path: Path) -> str:
    """Who else could have written a file or folder, as a clause; "" where nobody could.

    Raises:
        OSError: it isn't there, or can't be looked at.
    """
    status = path.stat()
    if status.st_uid not in (0, os.geteuid()):
        return f"one of user {status.st_uid}"
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return f"one that others can write to (mode {stat.S_IMODE(status.st_mode):o})"
    return ""


def read_inside(path: Path, root: Path, largest: int) -> bytes:
    """The bytes of a file of a stranger's folder.

    Raises:
        OSError: as `read_whole` has it, or a link on the way leads out of `root`.
    """
    if leads_out(path, root):
        raise OSError(errno.EPERM, "a link that leads out of the folder", str(path))
    return read_whole(path, largest)


def ways_out(root: Path) -> Iterator[Path]:
    """Links below `root` to folders outside it; what is written into them leaves `root`."""
    for place, folders, _ in os.walk(root):
        for path in (Path(place, name) for name in folders):
            if path.is_symlink() and leads_out(path, root):
                yield path


def leads_out(path: Path, root: Path) -> bool:
    """Whether a link on the way to a file or folder leads out of `root`."""
    return not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root))
