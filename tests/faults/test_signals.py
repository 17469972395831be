"""Real signals to real processes: nothing outlives its parent, and the same command goes on."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from effort import telling
from faults.here import run_here
from faults.real import (
    alive,
    files,
    heard,
    made_tables,
    slow_study,
    started,
    tables,
    until,
    workers,
)
from faults.small import content, differing
from paribus import cli
from paribus.cli.studies import Stopped, exit_code, stopped_by_signals
from paribus.io.lock import held, holder, writing_report
from paribus.records.store import read_record, run_folder
from paribus.study.read import read_study
from trained import trained

needs_proc = pytest.mark.skipif(not Path("/proc").is_dir(), reason="finds processes in /proc")


@needs_proc
def test_after_kills_of_worker_and_parent_the_same_command_ends_as_if_nothing_had_been(
    images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study, out = slow_study(images, tmp_path, epochs=25), tmp_path / "out"
    with started(study, out) as parent:
        until(lambda: heard(out, "EpochDone") > 5, "a few epochs")
        os.kill(workers(parent.pid)[0], signal.SIGKILL)
        until(lambda: heard(out, "WorkerKilled") == 1, "news of it")
        begun = heard(out, "EpochDone")
        until(lambda: heard(out, "EpochDone") > begun + 5, "a few more epochs")
        (worker,) = workers(parent.pid)
        parent.kill()
        parent.wait()
        until(lambda: not alive(worker), "the end of the worker", seconds=1)
        left = files(out)
        assert holder(out) is None
        time.sleep(0.3)
        assert files(out) == left
    with started(study, out) as parent:
        answer, message = parent.communicate(timeout=120)
        assert parent.returncode == 0, message
        assert answer == f"{out}/report.html\n"
    monkeypatch.chdir(tmp_path)
    whole = tmp_path / "whole"
    run_here(trained(read_study(study)), whole, {"report.html": b""})
    assert differing(content(out), content(whole)) == set()
    assert tables(out) == made_tables(whole)
    facts = [read_record(run_folder(out, name, 0)).facts for name in ("baseline", "l2")]
    assert sum(run_facts.resumes for run_facts in facts) >= 1


@needs_proc
@pytest.mark.parametrize("what", telling(["the folder is moved", "its lock is removed"]))
def test_a_command_whose_folder_is_taken_away_stops_in_words_and_its_workers_write_nothing(
    images: Path, tmp_path: Path, what: str
) -> None:
    study, out = slow_study(images, tmp_path, epochs=1000), tmp_path / "out"
    with started(study, out) as parent:
        until(lambda: heard(out, "EpochDone") > 5, "a few epochs")
        (worker,) = workers(parent.pid)
        if what == "the folder is moved":
            out.rename(tmp_path / "moved")
        else:
            (out / ".lock").unlink()
        left = files(tmp_path)
        _, message = parent.communicate(timeout=120)
        assert parent.returncode == 1
        assert ("put it back" if "moved" in what else "removed or replaced") in message
        assert not alive(worker)
        name = str(tmp_path / "moved" / ".lock")  # it is given back, wherever it is now
        assert files(tmp_path) | {name: None} == left | {name: None}


@pytest.fixture(autouse=True)
def _usual_signals() -> Iterator[None]:
    """As a command has them; another test of this process may have left others."""
    numbers = (signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, signal.SIG_DFL) for number in numbers}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_the_command_ends_with_the_signals_exit_code(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(*_: object, **__: object) -> None:
        os.kill(os.getpid(), number)
        time.sleep(1)

    monkeypatch.setattr("paribus.pipeline.run", run)
    study = slow_study(tmp_path, tmp_path, epochs=1)
    done = CliRunner().invoke(cli.main, ["run", str(study), "--allow-code"])
    assert done.exit_code == 128 + number
    assert done.stderr == "Stopped. Finished runs are kept; rerun to resume.\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_as_a_key_does_and_the_exit_code_is_the_shells(number: int) -> None:
    with pytest.raises(KeyboardInterrupt) as stopped, stopped_by_signals():
        os.kill(os.getpid(), number)
        time.sleep(1)
    assert isinstance(stopped.value, Stopped)
    assert exit_code(stopped.value) == 128 + number
    assert exit_code(KeyboardInterrupt()) == 130
    assert signal.getsignal(number) is signal.SIG_DFL


def test_what_the_caller_ignores_stays_ignored_as_under_nohup() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stopped_by_signals():
            os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


# ---- two at once ----------------------------------------------------------------------------

HOLD = """\
import sys, time
from pathlib import Path
from paribus.errors import InUseError
from paribus.io.lock import held
try:
    with held(Path(sys.argv[1])):
        print("held", flush=True)
        sys.stdin.read()
except InUseError as error:
    print(error)
"""


def hold(out: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", HOLD, out, "and", "so on"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_of_twenty_processes_one_works_and_the_rest_say_which(tmp_path: Path) -> None:
    all_of_them = [hold(tmp_path / "out") for _ in range(20)]
    try:
        message = {each.pid: each.stdout.readline().strip() for each in all_of_them if each.stdout}
        (one,) = [pid for pid, line in message.items() if line == "held"]
        for line in message.values():
            assert line == "held" or (f"out: in use by process {one} on " in line)
            assert line == "held" or "and 'so on'). Wait until it has finished, or " in line
        run_facts = holder(tmp_path / "out")
        assert run_facts is not None
        assert run_facts.pid == one
    finally:
        for each in all_of_them:
            each.kill()
            each.communicate()


def test_the_lock_of_a_dead_holder_is_free_at_once(tmp_path: Path) -> None:
    first = hold(tmp_path)
    assert first.stdout is not None
    assert first.stdout.readline() == "held\n"
    first.kill()
    first.wait()
    began = time.monotonic()
    second = hold(tmp_path)
    assert second.communicate("")[0] == "held\n"
    assert time.monotonic() - began < 5  # most of it is Python's start
    first.communicate()


def test_who_writes_a_report_later_waits_and_reads_later(tmp_path: Path) -> None:
    order: list[str] = []

    def later() -> None:
        order.append("asks")
        with writing_report(tmp_path):
            order.append("reads")

    with writing_report(tmp_path):
        second = threading.Thread(target=later)
        second.start()
        until(lambda: order == ["asks"], "the second to ask")
        time.sleep(0.1)
        order.append("first has written")
    second.join(timeout=10)
    assert order == ["asks", "first has written", "reads"]


def test_a_report_may_be_written_while_a_process_is_at_work(tmp_path: Path) -> None:
    with held(tmp_path), writing_report(tmp_path):
        pass
