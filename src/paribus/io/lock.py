"""Only one process works in a folder of results; the kernel frees the lock when it dies.

While a folder is held, everything that is written there is checked first: the folder must be in
its place, and its lock file the one that is held. Without that, a folder that was moved would be
begun again at its old place, and with a lock file that was removed two processes would write.
"""

import errno
import fcntl
import os
import shlex
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from paribus.errors import DiskError, InUseError
from paribus.events import Waiting, Watch, quiet
from paribus.io.disk import checked, make_folder, writing
from paribus.io.reading import read_whole
from paribus.io.strict_json import dumps, loads

LOCK, REPORT_LOCK = ".lock", ".report-lock"

#: Seconds to try: `paribus status` holds a lock for an instant, to see whether it is free.
PATIENCE = 0.5
#: Seconds to wait until another process has written a report, which takes minutes at most.
REPORT_PATIENCE = 300.0
#: Seconds from one try to the next.
INTERVAL = 0.05
#: Bytes that a holder may have written down.
LARGEST = 100_000


@dataclass(frozen=True)
class Holder:
    """The process that holds a folder, as it wrote itself down."""

    pid: int
    host: str
    since: str  # ISO 8601, UTC
    command: str

    def __str__(self) -> str:
        if self == _UNKNOWN:
            return "a process that isn't named in the lock file"
        return f"process {self.pid} on {self.host} since {self.since} ({self.command})"


#: One that has only just begun, or is another program's.
_UNKNOWN = Holder(0, "this machine", "just now", "unknown")


@dataclass(frozen=True)
class Hold:
    """A folder that is held by its lock file; a worker process checks it as its parent does."""

    path: Path  # of the lock file
    device: int  # with the inode, which file that was when it was locked
    inode: int

    def check(self) -> None:
        """Raise DiskError if the folder isn't there any more, or its lock file is another."""
        folder = self.path.parent
        if not folder.is_dir():
            raise DiskError(errno.ENOENT, os.strerror(errno.ENOENT), str(folder))
        with suppress(FileNotFoundError):
            if _identity(os.lstat(self.path)) == (self.device, self.inode):
                return
        what = f"its lock file, {self.path.name}, was removed or replaced"
        raise DiskError(errno.ESTALE, what, str(folder))


def require_free(out: Path) -> None:
    """Raise InUseError for a folder of results in which a process is at work; makes nothing."""
    if by := holder(out):
        raise _in_use(out, by)


def holder(out: Path) -> Holder | None:
    """The process that works in a folder now; None where there is none."""
    try:
        handle = os.open(out / LOCK, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        return None if _try(handle, fcntl.LOCK_SH) else _written_down(out / LOCK)
    finally:
        os.close(handle)


@contextmanager
def held(out: Path) -> Iterator[Hold]:
    """Keep a folder of results, new or not, for this process alone while the context lasts.

    Raises:
        InUseError: if another process holds it; says which.
        DiskError: if it can't be written to.
    """
    with writing(out):
        make_folder(out)
    with _locked(out / LOCK, PATIENCE, lambda by: _in_use(out, by)) as hold:
        yield hold


@contextmanager
def writing_report(out: Path, watch: Watch = quiet) -> Iterator[None]:
    """Wait until no other process writes this folder's report, and keep it so meanwhile.

    A later writer reads its records later, so an older report never replaces a newer one. The
    watch is told which process this waits for.

    Raises:
        InUseError: if another process keeps it too long; says which.
        DiskError: if the folder isn't there or can't be written to.
    """

    def refusal(by: Holder) -> InUseError:
        return InUseError(
            f"{out}: its report is being written by {by}, and hasn't been finished for "
            f"{REPORT_PATIENCE:.0f} seconds. Wait until it is, or end that process."
        )

    with _locked(out / REPORT_LOCK, REPORT_PATIENCE, refusal, watch):
        yield


@contextmanager
def _locked(
    path: Path, patience: float, refusal: Callable[[Holder], InUseError], watch: Watch = quiet
) -> Iterator[Hold]:
    """Hold a lock; writing in its folder is checked meanwhile. Workers don't inherit the handle."""
    handle = _acquire(path, patience, refusal, watch)
    try:
        with writing(path):
            _write_down(handle)
        hold = Hold(path, *_identity(os.fstat(handle)))
        with checked(path.parent, hold.check):
            yield hold
    finally:
        with suppress(OSError):  # so that it doesn't name this process when others lock it
            os.ftruncate(handle, 0)
        os.close(handle)  # frees the lock, as the end of the process would


def _acquire(
    path: Path, patience: float, refusal: Callable[[Holder], InUseError], watch: Watch
) -> int:
    deadline, told = time.monotonic() + patience, None
    while True:
        with writing(path):
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NONBLOCK | os.O_NOFOLLOW, 0o666)
        if _try(handle, fcntl.LOCK_EX) and _is_still(path, handle):
            return handle
        # Where there is room for a reader, only readers hold it, and no writer.
        by = _UNKNOWN if _try(handle, fcntl.LOCK_SH) else _written_down(path)
        os.close(handle)
        if time.monotonic() > deadline:
            raise refusal(by)
        if by != told:
            watch(Waiting(f"{path}: held by {by}; waiting for its end"))
            told = by
        time.sleep(INTERVAL)


def _write_down(handle: int) -> None:
    command = shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])
    now = datetime.now(UTC).isoformat(timespec="seconds")
    by = Holder(os.getpid(), socket.gethostname(), now, command)
    os.ftruncate(handle, 0)
    os.pwrite(handle, dumps(asdict(by)).encode(), 0)


def _written_down(path: Path) -> Holder:
    """The process that wrote itself down in a lock that is held; `_UNKNOWN` if it isn't that."""
    try:
        by = Holder(**loads(read_whole(path, LARGEST)))
        if by.host == socket.gethostname():
            os.kill(by.pid, 0)  # sends nothing, and fails where there is no such process
    except PermissionError:
        return by  # it is another user's
    except (OSError, OverflowError, ValueError, TypeError):
        return _UNKNOWN  # just being written, damaged, or left by a process that has ended
    return by


def _in_use(out: Path, by: Holder) -> InUseError:
    return InUseError(
        f"{out}: in use by {by}. Wait until it has finished, or choose another folder with --out."
    )


def _try(handle: int, kind: int) -> bool:
    with suppress(BlockingIOError):
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
        return True
    return False


def _is_still(path: Path, handle: int) -> bool:
    with suppress(FileNotFoundError):
        return _identity(os.lstat(path)) == _identity(os.fstat(handle))
    return False


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino
