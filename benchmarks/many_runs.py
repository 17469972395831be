"""What 10,000 runs cost once they are made: `python benchmarks/many_runs.py [quick]`.

A study of scripts is planned, resumed with all of its runs finished, and reported, each as a
process of its own; then ten times as many records are listed and read. Records are written as a
script's are, without running it: a few metrics and two curves of 20 epochs, no predictions.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import chdir, contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import numpy as np

from page import at_most, table
from paribus.execution.machine import machine
from paribus.records.store import read_record, recorded_runs, run_folder, write_record
from paribus.records.types import Curves, Record, RunFacts, Series
from paribus.scripts.inputs import ScriptInputs, sums
from paribus.study.code import trainer_files
from paribus.study.plan import ScriptedRun, runs
from paribus.study.read import parse_study, write_study_copy
from paribus.study.scripted import ScriptedStudy

HERE = Path(__file__).parent
PARIBUS = Path(sys.executable).with_name("paribus")
SECONDS, MEBIBYTES = 60, 2048
EPOCHS = 20
#: Where Linux takes the order to forget what it has read of disks.
DROP = Path("/proc/sys/vm/drop_caches")
STUDY = """
name: Many runs
trainer: {{command: "python train.py --seed {{seed}} --lr {{lr}} --out {{out}}"}}
parameters: {{lr: 0.1}}
metrics: {{acc: {{better: higher, margin: 0.005}}, val_loss: {{better: lower, margin: 0.05}}}}
primary: acc
seeds: {seeds}
variations:
"""
#: A run that is made after all would fail, and leave a folder of its own.
SCRIPT = "raise SystemExit('this run has a record')\n"

#: The first two, of which `run` also writes the report, are to take a minute together.
COMMANDS = {
    "plan": ("plan", "study.yaml", "--allow-code"),
    "resume and report": ("run", "study.yaml", "--out", "out", "--allow-code"),
    "report": ("report", "out"),
    "status": ("status", "out"),
}


@dataclass(frozen=True)
class Shape:
    """A study of so many settings and seeds, all at once or one by one until it is decided."""

    settings: int
    seeds: int
    one_by_one: bool = False

    def __str__(self) -> str:
        until = ", one by one until decided" if self.one_by_one else ""
        return f"{self.settings:,} settings, {self.seeds:,} seeds{until}"


@dataclass(frozen=True)
class Effort:
    """The studies that are measured; the first one's records are copied `copies` times."""

    shapes: tuple[Shape, ...]
    copies: int


FULL = Effort((Shape(100, 100), Shape(10, 1000), Shape(10, 1000, one_by_one=True)), 10)
QUICK = Effort((Shape(5, 40), Shape(4, 50), Shape(4, 50, one_by_one=True)), 2)


def section(effort: Effort) -> str:
    """Measure and describe."""
    rows: list[tuple[str, ...]] = []
    for shape in effort.shapes:
        with _study(shape) as folder:
            rows += _commands(shape, folder)
            if shape == effort.shapes[0]:
                many = _many(folder, effort.copies)
    head = ("study", "command", "s", "runs/s", "peak MiB", "target")
    return f"### Ten thousand runs\n\n{table(head, rows)}\n{many}"


# ---- the commands -------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Cost:
    seconds: float
    peak: float  # MiB


def _commands(shape: Shape, folder: Path) -> Iterator[tuple[str, ...]]:
    """Each command once, and those of the target together."""
    count = shape.settings * shape.seeds
    costs = {name: _cost(folder, PARIBUS, *words) for name, words in COMMANDS.items()}
    if (folder / "out" / "work").exists():
        sys.exit(f"{shape}: a run that has a record was made again")
    for name, cost in costs.items():
        rate = f"{count / cost.seconds:,.0f}"
        yield str(shape), name, f"{cost.seconds:.1f}", rate, f"{cost.peak:,.0f}", ""
    first = [costs[name] for name in ("plan", "resume and report")]
    seconds, peak = sum(cost.seconds for cost in first), max(cost.peak for cost in first)
    target = f"{at_most(seconds, SECONDS, 's')}; {at_most(peak, MEBIBYTES, 'MiB')}"
    yield str(shape), "the first two", f"{seconds:.1f}", "", f"{peak:,.0f}", target


def _cost(folder: Path, *words: str | Path) -> _Cost:
    command = [sys.executable, HERE / "peak.py", *words]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=folder)
    seconds, peak = json.loads(done.stdout)
    print(*words, f"{seconds:.1f} s, {peak / 2**20:,.0f} MiB", file=sys.stderr)
    return _Cost(seconds, peak / 2**20)


# ---- the records --------------------------------------------------------------------------------


@contextmanager
def _study(shape: Shape) -> Iterator[Path]:
    """A folder with a study, its script, and `out` with a record of each of its runs."""
    with tempfile.TemporaryDirectory() as place, chdir(place):
        folder, seeds = Path(place), str(shape.seeds)
        if shape.one_by_one:
            seeds = f"{{until: decided, most: {seeds}}}"
        rates = [f"  lr-{n}: {{lr: {0.1 + n / 1000}}}\n" for n in range(1, shape.settings)]
        text = STUDY.format(seeds=seeds) + "".join(rates)
        (folder / "study.yaml").write_text(text)
        (folder / "train.py").write_text(SCRIPT)
        study = parse_study(text)
        assert isinstance(study, ScriptedStudy), "it has a trainer"
        write_study_copy(folder / "out", study)
        _write_records(study, folder / "out")
        yield folder


def _write_records(study: ScriptedStudy, out: Path) -> None:
    draw, files = np.random.default_rng(0), sums(trainer_files(study.trainer))
    # Each file is synced otherwise, which here would only measure the disk.
    with patch("os.fsync"):
        for run in runs(study):
            write_record(out, _record(study, run, files, draw), {})


def _record(
    study: ScriptedStudy, run: ScriptedRun, files: Mapping[str, str], draw: np.random.Generator
) -> Record:
    setting, config = run.setting, dict(run.setting.recorded)
    inputs = ScriptInputs(config, run.seed, files, study.primary)
    fall = np.linspace(1, 0.4, EPOCHS) + 0.02 * draw.standard_normal(EPOCHS)
    curves = {"val_loss": fall.astype(np.float32), "acc": (1 - fall).astype(np.float32)}
    facts = RunFacts(
        study=study.name,
        setting=setting.name,
        baseline=study.baseline,
        seed=run.seed,
        status="finished",
        changes={path: after for path, (_, after) in setting.changes.items()},
        config=config,
        digest=inputs.digest,
        environment=machine(),
        started="2026-11-30T10:00:00+00:00",
        ended="2026-11-30T10:00:02+00:00",
        study_digest="0" * 64,
        train_seconds=2,
        train_cpu_seconds=1.9,
        metrics={"acc": 0.8 + 0.01 * draw.standard_normal(), "val_loss": float(fall[-1])},
        files=dict(files),
    )
    return Record(facts, Curves({n: Series.counted("epoch", v) for n, v in curves.items()}))


# ---- many folders -------------------------------------------------------------------------------


def _many(folder: Path, copies: int) -> str:
    """List and read the folders of many records, with the system's cache full and empty."""
    for setting in sorted((folder / "out" / "runs").iterdir()):
        for copy in range(copies):
            shutil.copytree(setting, folder / "many" / "runs" / f"{setting.name}.{copy}")
    states: list[tuple[str, Callable[[], None]]] = [("warm", lambda: None)]
    if os.access(DROP, os.W_OK):
        states.append(("cold", _empty_cache))
    rows = []
    for name, prepare in states:
        prepare()
        command = [sys.executable, __file__, "read", str(folder / "many")]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        count, listing, reading, peak = json.loads(done.stdout)
        rates = f"{count / reading:,.0f}"
        rows.append((name, f"{listing:.2f}", f"{reading:.1f}", rates, f"{peak:,.0f}"))
        print(*rows[-1], file=sys.stderr)
    head = ("the system's cache", "listing, s", "reading, s", "records/s", "peak MiB")
    return f"{count:,} records, each in its folder, in one process:\n\n{table(head, rows)}"


def _empty_cache() -> None:
    os.sync()
    DROP.write_text("3")


def _read(out: Path) -> None:
    """Print how many records there are, and the seconds of listing and reading them."""
    began = time.perf_counter()
    found = recorded_runs(out)
    listed = time.perf_counter()
    records = [read_record(run_folder(out, *key)) for key in found]
    ended = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps([len(records), listed - began, ended - listed, peak]))


if __name__ == "__main__":
    if sys.argv[1:2] == ["read"]:
        _read(Path(sys.argv[2]))
    else:
        print(section(QUICK if sys.argv[1:] == ["quick"] else FULL))
