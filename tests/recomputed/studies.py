"""The studies whose tables are recomputed: digits, trained here, and synthetic runs that fail."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest.mock import patch

import paribus
from faults.here import in_this_process
from paribus.records.file_names import keep_file_names
from paribus.records.store import write_record
from paribus.report.write import write_tables
from paribus.results import Results
from paribus.study.spec import Study
from synthetic import make_records, make_study

Test = dict[str, Any]


def claim(name: str, **test: Any) -> dict[str, Any]:
    return {"id": name, "says": name, "test": test}


def against(setting: str, metric: str, **test: Any) -> Test:
    return {"setting": setting, "against": "baseline", "metric": metric, **test}


DIGITS = {
    "name": "digits, recomputed",
    "data": {"source": "digits", "size": 16, "test": 0.1},
    "epochs": 4,
    "seeds": 4,
    "batch_size": 64,
    "variations": {
        "batch-norm": {"network.batch_norm": True},
        "slow": {"optimizer.lr": 3e-4},
    },
    "metrics": {"brier_score": {"margin": 0.02}, "train_cpu_seconds": {"margin": 5.0}},
    "claims": [
        claim("better", **against("batch-norm", "test_accuracy", expect="better")),
        claim("by", **against("slow", "test_loss", expect="higher", by=0.2)),
        claim("not-worse", **against("batch-norm", "test_accuracy", expect="not_worse")),
        claim("alike", **against("slow", "balanced_accuracy", expect="equivalent", margin=0.5)),
        claim("epochs", **against("batch-norm", "epochs_to_loss", expect="lower")),
        claim("time", **against("batch-norm", "train_cpu_seconds", between=[1.0, 40.0])),
        claim("later", **against("slow", "best_epoch", between=[-1, 1])),
        claim("class", **against("slow", "recall:8", expect="worse")),
        claim("range", metric="test_accuracy", within={"baseline": [0.2, 1], "slow": [0, 0.5]}),
        claim("learned", metric="background_learned", within={"baseline": [0, 1]}),
        claim("best-class", best=["0", "6"], metric="recall"),
        claim("worst-class", worst=["8"], metric="f1", settings=["slow"]),
        claim("order", order=["batch-norm", "baseline", "slow"], metric="test_accuracy"),
    ],
}


#: Of the synthetic study, in which a run of l2 failed.
CLAIMS = [
    claim("lost", setting="l2", against="main", metric="test_accuracy", expect="not_better"),
    claim("whole", setting="batch-norm", against="main", metric="best_epoch", expect="lower"),
    claim("slower", setting="l2", against="main", metric="train_cpu_seconds", expect="higher"),
    claim("rougher", setting="l2", against="batch-norm", metric="roughness", between=[-1, 1]),
    claim("any", best=["ship"], metric="precision"),
    claim("both", order=["main", "l2"], metric="macro_f1"),
    claim("alone", metric="test_accuracy", within={"l2": [0.0, 0.9], "main": [0.0, 0.1]}),
]


def train_digits(out: Path) -> None:
    """A small study of digits, trained and analyzed, with its tables and without its report."""
    with (
        in_this_process(),
        patch("paribus.execution.session.Session.keep_images"),
        patch("paribus.pipeline.write_report", _only_tables),
    ):
        paribus.run(Study.model_validate(DIGITS), out)


def _only_tables(results: Results, **_: Any) -> None:
    write_tables(results.out / "tables", results.tables)


def write_failing(out: Path) -> None:
    """Nine seeds of synthetic runs, one of which failed: records and tables alone."""
    plain = make_study(seeds=9, epochs=20).model_dump()
    study = Study.model_validate(plain | {"claims": CLAIMS})
    records = make_records(study, classes=("cat", "dog", "ship"), images=90, failing=("l2", 4))
    for record in records:
        write_record(out, record, {})
    shown = next(record.predictions for record in records if record.predictions)
    files = {number: f"test/{number}.png" for number in shown.index.tolist()}
    keep_file_names(out, {records[0].facts.data.fingerprint}, files)
    (out / "study.json").write_text(study.model_dump_json())
    write_tables(out / "tables", Results(out, study, tuple(records), ()).tables)
