"""Reads that fail as a test likes: every opening of a file and listing of a folder is heard."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from paribus.io.lock import LOCK

#: Told the path of each read before it is made; may raise.
Fault = Callable[[str], None]

_faults: list[Fault] = []


def _hear(event: str, arguments: tuple[object, ...]) -> None:
    if not _faults or event not in ("open", "os.listdir"):
        return
    path, *how = arguments
    if not isinstance(path, str | os.PathLike):
        return  # an open file
    reads = event == "os.listdir" or not (int(str(how[1])) & os.O_ACCMODE)
    # A folder is opened only to be synced.
    if reads and (event == "os.listdir" or not Path(path).is_dir()):
        _faults[-1](os.fspath(path))


sys.addaudithook(_hear)  # for good: one can't be taken away


@contextmanager
def reads(root: Path, fault: Fault = lambda path: None) -> Iterator[list[str]]:
    """The files and folders below `root` that are read, each time before `fault` is told."""
    seen: list[str] = []

    def hear(path: str) -> None:
        if Path(path).is_relative_to(root) and Path(path).name != LOCK:  # that is only tried
            seen.append(path)
            fault(path)

    _faults.append(hear)
    try:
        yield seen
    finally:
        _faults.pop()


def refuse(number: int, code: int, refused: list[str], *, lasting: bool) -> Fault:
    """A fault: the read of that number fails, or from there on every read of its path.

    Args:
        refused: gets that path. Which images are read is drawn anew each time.
    """
    count = -1

    def fault(read: str) -> None:
        nonlocal count
        count += 1
        if count == number:
            refused.append(read)
        if count == number or (lasting and read in refused):
            raise OSError(code, os.strerror(code), read)

    return fault
