"""Running a command: its output kept within bounds and shown, its end said as what it is."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from paribus.io.disk import move, writing
from paribus.names import printable
from paribus.scripts import supervise

#: Bytes of a file of output; there are two at most, of which the older is written over.
LARGEST = 1 << 20
#: Lines of output that are shown, at most so often (in seconds), and characters of each.
SHOWN, EVERY, WIDEST = 3, 1.0, 300
#: Lines that are told of a run that failed, and characters of them.
LAST, LONGEST = 20, 4_000

#: Takes the lines to be shown, and how many before them are not.
Show = Callable[[Sequence[str], int], None]


@dataclass(frozen=True)
class Ended:
    """How a command ended.

    Attributes:
        why: it failed, as a clause; "" for exit code 0.
        killed: it was killed by SIGKILL, as where memory runs out.
        seconds, cpu_seconds: of its processes.
        peak: bytes of memory that the largest of them used at most.
        last: the last lines that it printed.
    """

    why: str = ""
    killed: bool = False
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak: int | None = None
    last: str = ""


def run_command(
    words: Sequence[str],
    environment: Mapping[str, str],
    output: Path,
    show: Show,
    *,
    time_limit: float | None = None,
    given: bytes = b"",
    lock: int | None = None,
) -> Ended:
    """Run a command to its end, with all processes that it starts, in the current folder.

    Args:
        output: the file that keeps what it prints, standard output and error in one.
        time_limit: in seconds; it is then asked to end, and killed.
        given: what it reads on standard input; it is closed by default.
        lock: a handle that the program between holds until the command's last process has ended.
    """
    # If the program between were killed, what the command started would come to this process.
    supervise.adopt_orphans()
    began = time.monotonic()
    with _Pipe() as alive, _Pipe() as report, _input(given) as source, _Kept(output) as kept:
        process = subprocess.Popen(
            [
                *(sys.executable, "-I", supervise.__file__),
                *(str(alive.read), str(report.write), str(time_limit or 0)),
                *words,
            ],
            stdin=source,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            pass_fds=[alive.read, report.write, *([] if lock is None else [lock])],
        )
        report.close_write()
        printed = _Printed(kept, show)
        said = _listen(process, report.read, printed)
        process.wait()
    if said is None:
        supervise.end_children()
        said = {"code": -signal.SIGKILL}
    return _ended(said, words, time.monotonic() - began, time_limit, printed)


def _ended(
    said: Mapping[str, object],
    words: Sequence[str],
    seconds: float,
    time_limit: float | None,
    printed: _Printed,
) -> Ended:
    code, peak, cpu = said.get("code"), said.get("peak"), said.get("cpu_seconds")
    return Ended(
        why=_why(said, words, time_limit),
        killed=code == -signal.SIGKILL and not said.get("reason"),
        seconds=seconds,
        cpu_seconds=float(cpu) if isinstance(cpu, int | float) else 0.0,
        peak=peak if isinstance(peak, int) and peak else None,
        last=printed.last,
    )


def _why(said: Mapping[str, object], words: Sequence[str], time_limit: float | None) -> str:
    if "error" in said:
        hint = ". Activate its environment first, or write its whole path" * ("/" not in words[0])
        return f"{words[0]} can't be started ({said['error']}){hint}"
    code = said["code"]
    assert isinstance(code, int), "written by our own program"
    if said.get("reason") == "time":
        return f"it was stopped at its time limit of {time_limit:g} s"
    if code == -signal.SIGKILL:
        return "it was killed by SIGKILL, probably out of memory"
    if code < 0:
        return f"it was ended by {_signal(-code)}"
    return f"it ended with exit code {code}" if code else ""


def _signal(number: int) -> str:
    with suppress(ValueError):
        return signal.Signals(number).name
    return f"signal {number}"


def _listen(
    process: subprocess.Popen[bytes], report: int, printed: _Printed
) -> dict[str, object] | None:
    """Take what is printed until the command has ended; what was reported of that, if anything."""
    assert process.stdout is not None, "it is a pipe"
    output = process.stdout.fileno()
    waiting, said = {output, report}, b""
    while report in waiting or output in waiting:
        ready, _, _ = select.select(list(waiting), [], [], EVERY if report in waiting else 0.05)
        for handle in ready:
            part = os.read(handle, 1 << 16)
            if not part:
                waiting.discard(handle)
            elif handle == output:
                printed.add(part)
            else:
                said += part
        # What outlives the program between, where that can be, may hold the output open.
        if report not in waiting and not ready:
            break
        printed.show()
    process.stdout.close()
    printed.show(at_once=True)
    return json.loads(said) if said.endswith(b"\n") else None


@dataclass
class _Printed:
    """What a command prints: kept in a file, its last lines here, some of them shown."""

    kept: _Kept
    shown_by: Show
    _open: bytes = b""  # a line that hasn't ended
    _lines: deque[str] = field(default_factory=lambda: deque(maxlen=LAST))
    _new: int = 0
    _told: float = 0.0

    def add(self, part: bytes) -> None:
        self.kept.add(part)
        *lines, rest = (self._open + part).replace(b"\r\n", b"\n").split(b"\n")
        self._open = rest[-LONGEST:]
        self._new += len(lines)
        self._lines.extend(filter(None, map(_text, lines[-LAST:])))

    def show(self, *, at_once: bool = False) -> None:
        """Show the last of the lines that are new."""
        if at_once and self._open:
            self._lines.append(_text(self._open))
            self._open, self._new = b"", self._new + 1
        now = time.monotonic()
        if not self._new or (now - self._told < EVERY and not at_once):
            return
        lines = list(self._lines)[-min(self._new, SHOWN) :]
        self.shown_by(lines, max(self._new - len(lines), 0))
        self._new, self._told = 0, now

    @property
    def last(self) -> str:
        """The last lines."""
        return "\n".join(self._lines)[-LONGEST:]


class _Kept:
    """A file of output; a full one becomes the older one, in whose place a new one begins."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> _Kept:
        self._size = 0
        with writing(self._path):
            self._file = self._path.open("wb", buffering=0)
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, part: bytes) -> None:
        """Write a part of the output down."""
        if self._size and self._size + len(part) > LARGEST:
            self._file.close()
            move(self._path, self._path.with_stem(f"{self._path.stem}-before"))
            self.__enter__()
        with writing(self._path):
            self._file.write(part)
        self._size += len(part)


@contextmanager
def _input(given: bytes) -> Iterator[int]:
    """What a command reads on standard input."""
    if not given:
        yield subprocess.DEVNULL
        return
    with tempfile.TemporaryFile() as file:
        file.write(given)
        file.seek(0)
        yield file.fileno()


#: What colors text and moves the cursor on a terminal.
_TERMINAL = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07]*\x07|[@-_])")


def _text(line: bytes) -> str:
    """A line for people; of a bar that is drawn over, what stood there last."""
    last = line.rstrip(b"\r").rpartition(b"\r")[2]
    return printable(_TERMINAL.sub("", last.decode("utf-8", "replace")).rstrip())[:WIDEST]


class _Pipe:
    """A pipe that this process reads from, or closes to say that it has ended."""

    def __enter__(self) -> _Pipe:
        self.read, self.write = os.pipe()
        return self

    def close_write(self) -> None:
        os.close(self.write)
        self.write = -1

    def __exit__(self, *_: object) -> None:
        for handle in (self.read, self.write):
            if handle >= 0:
                os.close(handle)
