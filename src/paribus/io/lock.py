"""Only one process works in a folder of results; the kernel frees the lock when it dies."""

import fcntl
import json
import os
import shlex
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from paribus.errors import InUseError
from paribus.io.disk import make_folder, refusals_named
from paribus.io.reading import parse_json, read_whole

LOCK, REPORT_LOCK = ".lock", ".report-lock"

#: Seconds to try: `paribus status` holds a lock for an instant, to see whether it is free.
PATIENCE = 0.5
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
        return f"process {self.pid} on {self.host} since {self.since} ({self.command})"


#: One that has only just begun, and has not written itself down.
_UNKNOWN = Holder(0, "this machine", "just now", "unknown")


def require_free(out: Path) -> None:
    """Raise InUseError for a folder of results in which a process is at work; makes nothing."""
    if by := holder(out):
        raise _refusal(out, by)


@contextmanager
def held(out: Path) -> Iterator[None]:
    """Keep a folder of results for this process alone while the context lasts.

    Raises:
        InUseError: if another process holds it; says which.
        DiskError: if it can't be written to.
    """
    with _open(out, LOCK) as handle:
        deadline = time.monotonic() + PATIENCE
        while not _try(handle, fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                raise _refusal(out, _read(out / LOCK))
            time.sleep(PATIENCE / 10)
        command = shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])
        now = datetime.now(UTC).isoformat(timespec="seconds")
        by = Holder(os.getpid(), socket.gethostname(), now, command)
        with refusals_named(out / LOCK):
            os.ftruncate(handle, 0)
            os.pwrite(handle, json.dumps(asdict(by)).encode(), 0)
        yield


@contextmanager
def writing_report(out: Path) -> Iterator[None]:
    """Wait until no other process writes this folder's report, and keep it so meanwhile.

    A later writer reads its records later, so an older report never replaces a newer one.
    """
    with _open(out, REPORT_LOCK) as handle:
        with refusals_named(out / REPORT_LOCK):
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def holder(out: Path) -> Holder | None:
    """The process that works in a folder now; None where there is none."""
    try:
        handle = os.open(out / LOCK, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        return None if _try(handle, fcntl.LOCK_SH) else _read(out / LOCK) or _UNKNOWN
    finally:
        os.close(handle)


@contextmanager
def _open(out: Path, name: str) -> Iterator[int]:
    # Closing it frees the lock, and so does the end of the process. Workers don't inherit it.
    with refusals_named(out / name):
        make_folder(out)
        handle = os.open(out / name, os.O_RDWR | os.O_CREAT | os.O_NONBLOCK | os.O_NOFOLLOW, 0o666)
    try:
        yield handle
    finally:
        os.close(handle)


def _refusal(out: Path, by: Holder | None) -> InUseError:
    return InUseError(
        f"{out}: in use by {by or 'another process'}. Wait until it has finished, or choose "
        "another folder with --out."
    )


def _try(handle: int, kind: int) -> bool:
    with suppress(BlockingIOError):
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
        return True
    return False


def _read(path: Path) -> Holder | None:
    try:
        return Holder(**parse_json(read_whole(path, LARGEST)))
    except (OSError, ValueError, TypeError):
        return None  # just being written, or damaged
