"""What it costs to have runs made by Slurm: `places_slurm.py [RUNS]`, 200 by default.

A Slurm of one node with two processors is started on this machine (as root; packages slurm-wlm and
munge), and runs that take 0.1 s each, and train nothing, are put into jobs of one and of many.
The time is that from the call to the last outcome; Slurm's own limit is told beside it, by an
array of as many jobs that do nothing but sleep for 0.1 s.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

TESTS = Path(__file__).parents[1] / "tests"
sys.path.insert(0, str(TESTS))

from paribus.events import quiet  # noqa: E402  # the cluster and the runs are those of the tests
from paribus.places.settings import SlurmSettings  # noqa: E402
from paribus.places.slurm import SlurmPlace  # noqa: E402
from places.real_slurm import RealSlurm, missing, wait_until  # noqa: E402
from places.trivial import counts  # noqa: E402

SECONDS, PROCESSORS = 0.1, 2


def main(runs: int = 200) -> None:
    if why := missing():
        sys.exit(f"Slurm isn't measured: {why}")
    with tempfile.TemporaryDirectory() as folder, RealSlurm(Path(folder) / "slurm") as slurm:
        os.environ |= slurm.environment
        alone = _sleeping(slurm, runs)
        print(f"{runs} jobs of `sleep {SECONDS}` alone: {alone:.1f} s, {_each(alone, runs)}")
        for runs_per_job in (1, 20):
            out = Path(folder) / f"out-{runs_per_job}"
            out.mkdir()
            took = _performing(out, runs, runs_per_job)
            print(f"{runs} runs, {runs_per_job} per job: {took:.1f} s, {_each(took, runs)}")


def _sleeping(slurm: RealSlurm, jobs: int) -> float:
    began = time.perf_counter()
    array = f"--array=0-{jobs - 1}"
    slurm.said("sbatch", array, "--output=/dev/null", f"--wrap=sleep {SECONDS}")
    wait_until(lambda: not slurm.said("squeue", "-h"), seconds=600)
    return time.perf_counter() - began


def _performing(out: Path, runs: int, runs_per_job: int) -> float:
    began = time.perf_counter()
    settings = SlurmSettings(runs_per_job=runs_per_job)
    with SlurmPlace(out, settings, "counting") as place:
        tasks = counts(out, runs, pause=SECONDS)
        outcomes = place.perform(tasks, quiet, lambda outcome: None)
    assert [outcome.status for outcome in outcomes] == ["finished"] * runs
    return time.perf_counter() - began


def _each(took: float, runs: int) -> str:
    over = took / runs - SECONDS / PROCESSORS
    return f"{1000 * over:.0f} ms a run beyond its own {1000 * SECONDS / PROCESSORS:.0f} ms"


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
