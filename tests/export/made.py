"""Results to export, made without training, and the tools' libraries run in a process of theirs."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from hostile.payloads import PAYLOADS
from paribus.export.runs import ExportedRun, exported_runs
from paribus.records.types import Curves, Environment, Record, Series
from paribus.results import Results
from paribus.sources.find import read_runs
from paribus.sources.run import FoundRun
from paribus.study.spec import Study
from sources.reals import write
from synthetic import make_records, make_study

#: A name that no tool should have to fear, but some refuse.
HOSTILE = (
    "a@b",
    "a#b",
    "_own",
    "../up",
    "/x",
    "=1+1",
    "größe",
    "a b:c",
    "NaN",
)  #: Of curves and parameters, which a stranger's record may call as it likes.
HOSTILE_TEXTS = (*PAYLOADS, "", " ", ".", "-x-", "x" * 3_000, "\x00")
HOSTILE_STUDY = "What? a/b: c"


def some_results(out: Path) -> Results:
    """Two settings from two seeds, of which one run fails; its last loss is NaN."""
    study = make_study(seeds=2, epochs=2, settings=("main", "l2"))
    return Results(out, study, tuple(make_records(study, images=60, failing=("l2", 1))), ())


def hostile_results(out: Path) -> Results:
    """The same with hostile names of metrics, curves and parameters, and infinite values."""
    results = some_results(out)
    declared = {name: {"better": "higher"} for name in HOSTILE if ":" not in name}
    changes = {"name": HOSTILE_STUDY, "metrics": declared}
    study = Study.model_validate({**results.study.model_dump(), **changes})
    return replace(results, study=study, records=tuple(map(_hostile, results.records)))


def _hostile(record: Record) -> Record:
    reported = {name: 1 / (3 + number) for number, name in enumerate(HOSTILE)}
    values = np.array([1, math.inf, -math.inf, math.nan, 1e-30], np.float32)
    curves = {name: Series.counted("step", values + i) for i, name in enumerate(HOSTILE_TEXTS)}
    config = {**record.facts.config, **{name: f"{name} of it" for name in HOSTILE_TEXTS}}
    facts = record.facts.model_copy(update={"metrics": reported, "config": config})
    return replace(record, facts=facts, curves=Curves({**record.curves.series, **curves}))


def bare_results(out: Path) -> Results:
    """One run of another trainer: no curves, no predictions, no environment, no dates."""
    study = make_study(seeds=1, epochs=2, settings=("main",))
    record = make_records(study, images=60)[0]
    unknown = {"environment": Environment(), "started": "", "ended": "", "metrics": {}}
    facts = record.facts.model_copy(
        update={**unknown, "train_seconds": 0.0, "train_cpu_seconds": 0.0}
    )
    return Results(out, study, (Record(facts),), ())


def by_library(libraries: str, made: str, to: str, read: str, folder: Path) -> Any:
    """Export the results that `made` makes; what `read` finds, a text of Python, as `found`."""
    script = f"""
import sys
sys.path[:0] = {sys.path!r}
import json, os
from pathlib import Path
os.environ["WANDB_MODE"] = "disabled"  # what the user does otherwise isn't asked here
from export import made
from paribus.export.write import export_runs
folder = export_runs(made.{made}(Path("out")), {to!r}, "into").folder
{read}
Path("found.json").write_text(json.dumps(found))
"""
    write(libraries, script, folder)
    return json.loads((folder / "found.json").read_text())


def by_paribus(folder: Path) -> dict[tuple[str, int], FoundRun]:
    """The runs in a folder by setting and seed, as Paribus's own readers find them."""
    runs = read_runs([folder]).runs
    assert not [line for run in runs for line in run.lost]
    keys = [
        (run.setting or str(run.config["setting"]), int(str(run.config["seed"]))) for run in runs
    ]
    assert len(set(keys)) == len(keys), "no run twice"
    return dict(zip(keys, runs, strict=True))


def expected(results: Results) -> dict[tuple[str, int], ExportedRun]:
    return {(run.setting, run.seed): run for run in exported_runs(results)}


def points(run: ExportedRun) -> dict[str, list[list[float]]]:
    """Name -> all [place, value] of a run; metrics stand at 0."""
    found: dict[str, list[list[float]]] = {}
    for name, place, value in run.values():
        found.setdefault(name, []).append([place, value])
    return found


def same(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Equal names, and equal places and values, NaN like any other."""
    assert set(found) == set(wanted)
    for name in wanted:
        np.testing.assert_array_equal(np.array(found[name]), np.array(wanted[name]), err_msg=name)


def table(run: FoundRun) -> dict[str, Any]:
    """Name -> (n, 2) places and values of a run that was found."""
    return {name: np.column_stack([p.at, p.values]) for name, p in run.metrics.items()}
