"""The process that submits jobs to Slurm: killed, stopped, doubled, and begun again."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from paribus.places.slurm_files import arrays_in
from paribus.study.folder import JOBS
from places.real_slurm import PATIENCE, RealSlurm, wait_until
from places.trivial import begun

HEAD = Path(__file__).with_name("slurm_head.py")
TESTS = HEAD.parents[1]


class Head:
    """A process that has runs made by Slurm, and what it says."""

    def __init__(self, out: Path, seeds: int, settings: object = None, **how: object) -> None:
        self._said = out.with_suffix(f".{os.urandom(3).hex()}")
        asked = {"seeds": seeds, "settings": settings or {}, **how}
        with self._said.open("wb") as file:
            self.process = subprocess.Popen(
                [sys.executable, str(HEAD), str(out), json.dumps(asked)],
                env=os.environ | {"PYTHONPATH": str(TESTS)},
                stdout=file,
                stderr=subprocess.STDOUT,
            )

    def text(self) -> str:
        return self._said.read_text()

    def ended(self) -> dict[int, str]:
        lines = [json.loads(line) for line in self.text().splitlines() if line.startswith("[")]
        return {line[2]: line[1] for line in lines if line[0] == "ended"}

    def wait(self) -> int:
        return self.process.wait(PATIENCE)

    def stop(self, number: int) -> int:
        self.process.send_signal(number)
        return self.wait()


@contextmanager
def head(out: Path, seeds: int, settings: object = None, **how: object) -> Iterator[Head]:
    one = Head(out, seeds, settings, **how)
    try:
        yield one
    finally:
        one.process.kill()
        one.process.wait()


def alive(cluster: RealSlurm) -> list[str]:
    return [line for line in cluster.jobs() if line.endswith(("RUNNING", "PENDING"))]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def some_begun(out: Path, number: int = 1) -> bool:
    return (out / "begun").is_dir() and len(begun(out)) >= number


def test_a_killed_head_is_followed_by_one_that_finds_its_jobs(
    cluster: RealSlurm, out: Path
) -> None:
    before = len(cluster.jobs())
    with head(out, 5, steps=80, pause=0.1) as first:
        wait_until(lambda: some_begun(out, 2))
        first.stop(signal.SIGKILL)
    assert len(alive(cluster)) >= 3
    with head(out, 5, steps=80, pause=0.1) as second:
        assert second.wait() == 0
    assert second.ended() == dict.fromkeys(range(5), "finished")
    # On a slow machine some end before the second head begins.
    assert re.search(r"found [1-5] jobs? of Slurm that were submitted before", second.text())
    assert begun(out) == dict.fromkeys(range(5), 1)
    assert len(cluster.jobs()) - before == 5
    assert not (out / JOBS).exists()


def test_outcomes_that_came_while_there_was_no_head_are_heard(
    cluster: RealSlurm, out: Path
) -> None:
    with head(out, 3, steps=10, pause=0.1, does="fail") as first:
        wait_until(lambda: some_begun(out))
        first.stop(signal.SIGKILL)
    wait_until(lambda: not alive(cluster))
    with head(out, 3, steps=10, pause=0.1, does="fail") as second:
        assert second.wait() == 0
    assert second.ended() == dict.fromkeys(range(3), "failed")
    assert begun(out) == dict.fromkeys(range(3), 1)


def test_a_head_that_was_killed_before_slurm_took_its_jobs_leaves_nothing_to_wait_for(
    cluster: RealSlurm, out: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    slow = tmp_path / "slow"
    slow.mkdir()
    real = cluster.said("which", "sbatch").strip()
    (slow / "sbatch").write_text(
        f'#!/bin/bash\nscript=$(cat)\nsleep 8\n{real} "$@" <<< "$script"\n'
    )
    (slow / "sbatch").chmod(0o755)
    before = len(cluster.jobs())
    with monkeypatch.context() as patch:
        patch.setenv("PATH", str(slow), prepend=os.pathsep)
        with head(out, 2) as first:
            wait_until(lambda: arrays_in(out))
            first.stop(signal.SIGKILL)
    with head(out, 2, steps=5, pause=0.1) as second:
        assert second.wait() == 0
    assert second.ended() == dict.fromkeys(range(2), "finished")
    # The first one's submission comes through in the end, and its jobs find nothing to do.
    wait_until(lambda: len(cluster.jobs()) - before == 4 and not alive(cluster))
    assert begun(out) == dict.fromkeys(range(2), 1)


def test_a_second_head_is_told_and_touches_nothing(cluster: RealSlurm, out: Path) -> None:
    with head(out, 3, steps=20, pause=0.1) as first:
        wait_until(lambda: some_begun(out))
        with head(out, 3, steps=20, pause=0.1) as second:
            assert second.wait() == 1
        assert f"in use by process {first.process.pid}" in second.text()
        assert first.wait() == 0
    assert first.ended() == dict.fromkeys(range(3), "finished")
    assert begun(out) == dict.fromkeys(range(3), 1)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_head_that_is_stopped_cancels_its_own_jobs_alone(
    cluster: RealSlurm, out: Path, number: int
) -> None:
    before = set(alive(cluster))
    cluster.said("sbatch", "--job-name=somebody", "--output=/dev/null", "--wrap=sleep 100")
    with head(out, 4, {"at_once": 1}, steps=1000, pause=0.1) as one:
        wait_until(lambda: some_begun(out))
        one.stop(number)
    assert [line.split()[0] for line in set(alive(cluster)) - before] == ["somebody"]
    assert not (out / JOBS).exists()
    cluster.said("scancel", "--name=somebody")


def test_jobs_outlive_the_terminal_of_their_head(cluster: RealSlurm, out: Path) -> None:
    with head(out, 2, steps=30, pause=0.1) as first:
        wait_until(lambda: some_begun(out))
        first.stop(signal.SIGHUP)
    assert alive(cluster)
    with head(out, 2, steps=30, pause=0.1) as second:
        assert second.wait() == 0
    assert second.ended() == dict.fromkeys(range(2), "finished")
    assert begun(out) == dict.fromkeys(range(2), 1)


def test_jobs_of_a_plan_that_was_changed_are_cancelled(cluster: RealSlurm, out: Path) -> None:
    with head(out, 2, steps=1000, pause=0.1) as first:
        wait_until(lambda: some_begun(out, 2))
        first.stop(signal.SIGKILL)
    with head(out, 2, steps=3, version=2) as second:
        assert second.wait() == 0
    assert second.ended() == dict.fromkeys(range(2), "finished")
    assert not alive(cluster)


def test_a_job_whose_folder_was_removed_writes_nothing_more(cluster: RealSlurm, out: Path) -> None:
    with head(out, 1, steps=1000, pause=0.05) as first:
        wait_until((out / "unfinished" / "0" / "count").exists)
        first.stop(signal.SIGKILL)
        (folder,) = arrays_in(out)
        folder.rename(out.with_name("elsewhere"))
        wait_until(lambda: not alive(cluster))
    kept = (out / "unfinished" / "0" / "count").read_text()
    assert 0 < int(kept) < 1000
    assert not (out / "runs").exists()


def test_a_run_that_reaches_the_time_limit_goes_on_from_what_it_kept(
    cluster: RealSlurm, out: Path
) -> None:
    with head(out, 1, {"time": 5}, steps=45, pause=1) as one:
        wait_until((out / "unfinished" / "0" / "count").exists)
        (job,) = [line.split()[1] for line in alive(cluster)]
        cluster.said("scontrol", "update", f"JobId={job}", "EndTime=now")  # seen within 30 s
        assert one.process.wait(4 * PATIENCE) == 0
    assert one.ended() == {0: "finished"}
    assert begun(out) == {0: 2}
    assert "(TIMEOUT)" in one.text()
    assert "WorkerKilled" not in one.text()
