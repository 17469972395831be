"""A study of scripts is the same study wherever its runs are made, from the command on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from paribus.records.store import read_record, recorded_runs, run_folder
from paribus.records.types import Record
from paribus.report.sections.provenance import study_file
from paribus.scripts.task import work_folder
from places.by_ray import RAY_WARNINGS
from places.real_slurm import RealSlurm
from scripts.studies import study_of

if TYPE_CHECKING:
    from places.real_ray import Nodes

pytestmark = RAY_WARNINGS

#: Goes on from where it was; the first attempt of one run is killed as memory may have it.
TRAIN = """
import json, os, random, sys
import paribus
seed, rate, out = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3]
luck = paribus.streams(seed).python("luck").gauss(0, 0.01)
print("at work on", seed)
mark = os.path.join(out, "mark")
if rate and seed == 1 and not os.path.exists(mark):
    open(mark, "w").close()
    os.kill(os.getpid(), 9)
if not rate and seed == 1:
    raise SystemExit("not this one")
with open(os.path.join(out, "metrics.json"), "w") as file:
    json.dump({"acc": 0.8 + luck + rate, "loss": [1.0, 0.5]}, file)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "train.py").write_text(TRAIN)
    (tmp_path / "study.yaml").write_text(study_file(study_of(seeds=3)))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def made(on: str) -> dict[tuple[str, int], Record]:
    """The records of the study by a command."""
    out = Path(f"out-{on}")
    done = subprocess.run(
        [sys.executable, "-m", "paribus", "run", "study.yaml", "--allow-code", "--on", on,
         "--out", str(out)],
        capture_output=True, text=True, timeout=400,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr  # one run fails
    assert "baseline, seed 1: failed. it ended with exit code 1: not this one" in done.stderr
    assert "| at work on" in done.stderr
    return {key: read_record(run_folder(out, *key)) for key in recorded_runs(out)}


def told(record: Record) -> tuple[object, ...]:
    """What of a record doesn't depend on where and when it was made."""
    facts, curves = record.facts, record.curves.series
    return (
        facts.metrics, facts.config, facts.digest, facts.drawn, facts.status, facts.failure,
        {name: series.values.tolist() for name, series in curves.items()},
    )  # fmt: skip


def require_same(on: str) -> None:
    here, there = made("local"), made(on)
    assert {key: told(record) for key, record in there.items()} == {
        key: told(record) for key, record in here.items()
    }
    assert there["more", 1].facts.retries == here["more", 1].facts.retries == 1
    out = Path(f"out-{on}")
    assert (work_folder(out, "more", 1) / "out" / "mark").exists()
    assert "at work on 1" in (work_folder(out, "more", 1) / "output.txt").read_text()


@pytest.mark.usefixtures("folder")
def test_by_slurm(cluster: RealSlurm) -> None:
    require_same("slurm")


@pytest.mark.usefixtures("folder")
def test_by_ray(nodes: Nodes) -> None:
    Path("paribus.toml").write_text(f'[ray]\naddress = "{nodes.address}"\n')
    require_same("ray")
