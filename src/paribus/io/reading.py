"""Files that may be a stranger's: regular ones alone, of a bounded size, inside their folder."""

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path


def read_whole(path: Path, largest: int) -> bytes:
    """The bytes of a regular file; a pipe or a device, which might never end, is refused.

    Raises:
        OSError: it can't be read, is no regular file, or has more than `largest` bytes.
    """
    # Opened first and looked at then, so that it can't become another file between the two.
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as file:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "a regular file is expected", str(path))
        if status.st_size > largest:
            raise OSError(errno.EFBIG, f"at most {largest:,} bytes are expected", str(path))
        return file.read(status.st_size)  # a buffer of `largest` would be asked for otherwise


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
