"""Running a command: it is shown, kept within bounds, and ended with all that it started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from paribus.scripts import command as room
from paribus.scripts.command import Ended, run_command

#: What marks the processes of a test, so that those that are left can be found.
MARK = "PARIBUS_TEST_MARK"


class Shown:
    """What is shown of a command."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.more = 0

    def __call__(self, lines: Sequence[str], more: int) -> None:
        self.lines += lines
        self.more += more


@pytest.fixture
def shown() -> Shown:
    return Shown()


Run = Callable[..., Ended]


@pytest.fixture
def run(tmp_path: Path, shown: Shown) -> Iterator[Run]:
    """Runs a line of shell; afterwards none of its processes may be left."""
    mark = f"{os.getpid()}-{time.monotonic_ns()}"

    def started(line: str, **options: object) -> Ended:
        words = ["/bin/sh", "-c", line]
        environment = os.environ | {MARK: mark}
        return run_command(words, environment, tmp_path / "output.txt", shown, **options)  # type: ignore[arg-type]  # as they are named

    yield started
    assert not [pid for pid in _marked(mark) if pid != os.getpid()], "processes are left"


def _marked(mark: str) -> list[int]:
    """The processes that have the mark in their environment."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if f"{MARK}={mark}".encode() in (place / "environ").read_bytes().split(b"\0"):
                found.append(int(place.name))
        except OSError:
            continue
    return found


#: Forks three times, each in a new session.
DAEMON = """import os, time
for _ in range(3):
    if os.fork(): os._exit(0)
    os.setsid()
time.sleep(300)"""


def python(text: str) -> str:
    return f"exec {sys.executable} -c '{text}'"


@pytest.mark.parametrize(
    ("line", "why", "killed"),
    [
        ("exit 0", "", False),
        ("exit 3", "it ended with exit code 3", False),
        ("kill -SEGV $$", "it was ended by SIGSEGV", False),
        ("kill -9 $$", "it was killed by SIGKILL, probably out of memory", True),
        ("kill -40 $$", "it was ended by signal 40", False),
    ],
)
def test_each_end_is_said_as_what_it_is(run: Run, line: str, why: str, killed: bool) -> None:
    ended = run(line)
    assert (ended.why, ended.killed) == (why, killed)


def test_a_program_that_is_not_there_is_said_with_what_to_do(tmp_path: Path, shown: Shown) -> None:
    ended = run_command(["no-such-program"], os.environ, tmp_path / "output.txt", shown)
    assert ended.why == (
        "no-such-program can't be started (No such file or directory). Activate its environment "
        "first, or write its whole path"
    )


@pytest.mark.parametrize(
    "line",
    [
        "sleep 300 &",
        "(setsid sleep 300 &) ; exit 0",
        "(setsid sh -c 'trap \"\" TERM HUP; sleep 300; sleep 300' &)",
        python(DAEMON),
    ],
    ids=["in the background", "in a session of its own", "deaf", "a daemon"],
)  # fmt: skip
def test_what_it_leaves_behind_ends_with_it(run: Run, line: str) -> None:
    began = time.monotonic()
    assert run(line).why == ""
    assert time.monotonic() - began < 60


def test_at_its_time_limit_it_may_save_where_it_is(run: Run, tmp_path: Path) -> None:
    saves = f"trap 'echo saved > {tmp_path}/state; exit 0' TERM"
    ended = run(f"{saves}; sleep 300 & wait", time_limit=1)
    assert ended.why == "it was stopped at its time limit of 1 s"
    assert (tmp_path / "state").read_text() == "saved\n"


def test_one_that_ignores_the_limit_is_killed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    began = time.monotonic()
    ended = run("trap '' TERM; while :; do sleep 1; done", time_limit=0.5)
    assert "time limit of 0.5 s" in ended.why
    assert not ended.killed
    assert 5 < time.monotonic() - began < 60


def test_output_is_kept_within_bounds_and_its_end_is_known(
    run: Run, shown: Shown, tmp_path: Path
) -> None:
    ended = run("yes 'a line of text' | head -c 30000000; echo; echo the end")
    files = sorted(tmp_path.glob("output*"))
    assert [file.name for file in files] == ["output-before.txt", "output.txt"]
    assert sum(file.stat().st_size for file in files) <= 2 * room.LARGEST
    assert files[1].read_text().endswith("the end\n")
    assert ended.last.endswith("the end")
    assert len(ended.last) <= room.LONGEST
    assert shown.more > 1_000_000
    assert len(shown.lines) < 1_000


def test_a_line_that_never_ends_takes_no_memory(run: Run, shown: Shown) -> None:
    before = _resident()
    ended = run("head -c 200000000 /dev/zero | tr '\\0' x")
    assert _resident() - before < 50e6
    assert set(ended.last) == {"x"}
    assert len(shown.lines) == 1


def _resident() -> int:
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def test_bars_and_colors_are_shown_as_text(run: Run, shown: Shown) -> None:
    run("printf 'epoch 1\\repoch 2\\r\\n\\033[31mred\\033[0m\\n\\033]0;title\\007end\\033[2K'")
    assert shown.lines == ["epoch 2", "red", "end"]


def test_standard_error_is_in_its_place_and_standard_input_is_closed(
    run: Run, shown: Shown
) -> None:
    ended = run("echo one; echo two >&2; cat; echo three")
    assert ended.last == "one\ntwo\nthree"


def test_it_is_shown_while_it_runs(run: Run, tmp_path: Path) -> None:
    seen: list[float] = []
    began = time.monotonic()
    words = ["/bin/sh", "-c", "echo one; sleep 3; echo two"]
    output = tmp_path / "output.txt"
    run_command(words, os.environ, output, lambda *_: seen.append(time.monotonic() - began))
    assert seen[-1] - seen[0] > 1.5


def test_processor_time_and_memory_of_all_its_processes_are_known(run: Run) -> None:
    ended = run(python("x = bytearray(80_000_000); sum(i * i for i in range(3_000_000))"))
    assert ended.cpu_seconds > 0.05
    assert 80e6 < (ended.peak or 0) < 200e6


@pytest.mark.parametrize("who", ["worker", "the program between"])
def test_if_what_watches_it_is_killed_it_ends_all_the_same(tmp_path: Path, who: str) -> None:
    """The worker is a process of its own here; what it started must not outlive it."""
    mark = f"{os.getpid()}-{time.monotonic_ns()}"
    code = (
        "import os; from pathlib import Path\n"
        "from paribus.scripts.command import run_command\n"
        "words = ['/bin/sh', '-c', 'sleep 300 & sleep 300']\n"
        f"ended = run_command(words, os.environ, Path({str(tmp_path / 'o.txt')!r}), print)\n"
        "print(ended.why)"
    )
    worker = subprocess.Popen(
        [sys.executable, "-c", code], env=os.environ | {MARK: mark}, stdout=subprocess.PIPE
    )
    _wait_for(lambda: len(_marked(mark)) == 5)  # worker, supervisor, shell and two sleeps
    if who == "worker":
        worker.kill()
    else:
        (between,) = _children(worker.pid)
        os.kill(between, signal.SIGKILL)
    said, _ = worker.communicate(timeout=60)
    if who != "worker":
        assert b"killed by SIGKILL" in said
    _wait_for(lambda: not _marked(mark))


def _children(pid: int) -> list[int]:
    return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)
