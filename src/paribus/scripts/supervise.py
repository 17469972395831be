"""A program that runs one command, and ends all that the command started.

It stands between a worker and the command, so that whichever of the two ends first, no process of
the command's goes on: neither those that it left in the background nor those that made themselves
a session of their own. It needs the standard library alone and starts in hundredths of a second.

    python -I supervise.py PARENT REPORT SECONDS COMMAND [ARGUMENT ...]

PARENT is a pipe that closes when the worker ends; REPORT takes one line of JSON when the command
has; SECONDS is its time limit, 0 for none.
"""

import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress

#: Seconds that a command has between being asked to end and being killed.
GRACE = 5.0
_PR_SET_CHILD_SUBREAPER = 36


def main() -> None:
    """Run the command that the command line names, and report how it ended."""
    parent, report, seconds = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    # Whatever else this process was given, such as a lock, isn't the command's either.
    for name in os.listdir("/dev/fd"):
        with suppress(OSError):
            os.set_inheritable(int(name), int(name) < 3)
    adopt_orphans()
    # What a terminal or a batch system sends to the whole group is the worker's to decide.
    for ignored in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(ignored, signal.SIG_IGN)
    began = time.monotonic()
    try:
        command = subprocess.Popen(
            sys.argv[4:], start_new_session=True, preexec_fn=_default_signals
        )
    except (OSError, ValueError) as error:
        _write(report, {"error": getattr(error, "strerror", None) or str(error)})
        return
    reason = _watch(command, parent, began + seconds if seconds else None)
    _kill_group(command.pid, signal.SIGKILL)
    command.wait()
    end_children()
    usage = os.times()
    _write(
        report,
        {
            "code": command.returncode,
            "reason": reason,
            "seconds": time.monotonic() - began,
            "cpu_seconds": usage.children_user + usage.children_system,
            "peak": _peak(),
        },
    )


def adopt_orphans() -> None:
    """Become the parent of every process below whose own parent has ended (on Linux)."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_children() -> None:
    """Kill all processes below this one, those too that become its children meanwhile."""
    while True:
        for child in _children():
            with suppress(OSError):
                os.kill(child, signal.SIGKILL)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def _children() -> list[int]:
    """The processes whose parent this is."""
    mine = []
    for name in os.listdir("/proc") if os.path.isdir("/proc/self") else ():
        if name.isdigit():
            with suppress(OSError, ValueError, IndexError):
                with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:
                    # The name in parentheses may hold spaces and parentheses itself.
                    parent = int(file.read().rpartition(")")[2].split()[1])
                if parent == os.getpid():
                    mine.append(int(name))
    return mine


def _default_signals() -> None:
    for one in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(one, signal.SIG_DFL)


def _watch(command: "subprocess.Popen[bytes]", parent: int, deadline: float | None) -> str:
    """Wait for the command, for its time limit, or for the worker's end; says which it was.

    A command that has to end is asked first, so that it may save where it is.
    """
    wakeup, woken = os.pipe()
    os.set_blocking(woken, False)
    signal.set_wakeup_fd(woken)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    ends = select.poll()
    ends.register(wakeup, select.POLLIN)
    ends.register(parent, 0)  # a hangup is always told
    reason, kill_at = "", None
    while command.poll() is None:
        now = time.monotonic()
        if not reason and deadline is not None and now >= deadline:
            reason, kill_at = "time", _ask(command.pid)
        elif kill_at is not None and now >= kill_at:
            _kill_group(command.pid, signal.SIGKILL)
            kill_at = None
        for handle, _ in ends.poll(_milliseconds(kill_at if reason else deadline)):
            if handle == wakeup:
                os.read(wakeup, 4096)
                continue
            ends.unregister(parent)
            if not reason:
                reason, kill_at = "parent", _ask(command.pid)
    return reason


def _ask(command: int) -> float:
    """Ask the command to end; gives the time at which it is killed."""
    _kill_group(command, signal.SIGTERM)
    return time.monotonic() + GRACE


def _milliseconds(until: float | None) -> float | None:
    return None if until is None else max(until - time.monotonic(), 0.0) * 1000 + 1


def _kill_group(leader: int, number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, number)


def _peak() -> int:
    """Bytes that the largest process used at most."""
    import resource

    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _write(report: int, said: dict[str, object]) -> None:
    with suppress(OSError):  # the worker is gone
        os.write(report, json.dumps(said).encode() + b"\n")


if __name__ == "__main__":
    main()
