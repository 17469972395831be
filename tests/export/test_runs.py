"""What is exported of a study, whatever it goes to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from export.made import bare_results, expected, hostile_results, some_results
from paribus.export.runs import exported_runs, left_out
from paribus.records.types import Curves, Series
from paribus.study.plan import runs as planned

OUT = Path("out")


def test_every_run_is_there_with_its_setting_in_full() -> None:
    runs = expected(some_results(OUT))
    assert list(runs) == [("main", 0), ("l2", 0), ("main", 1), ("l2", 1)]
    one, other = runs["main", 0].config, runs["l2", 0].config
    assert one["optimizer.kind"] == "adam" and one["epochs"] == 2
    assert {key for key in one if one[key] != other[key]} == {"network.batch_norm"}
    parameters = runs["l2", 1].parameters
    assert (parameters["setting"], parameters["seed"]) == ("l2", 1)
    assert runs["main", 0].ended == 1777888850 and runs["main", 0].started == 1777888800


def test_metrics_are_the_numbers_of_the_table_of_runs() -> None:
    results = hostile_results(OUT)
    rows = results.table("runs").astype(object).to_dict("records")
    for run, row in zip(exported_runs(results), rows, strict=True):
        numbers = {k: v for k, v in row.items() if isinstance(v, float | int) and v == v}
        assert run.metrics == {name: v for name, v in numbers.items() if name != "seed"}
        assert {"test_accuracy", "a@b"} <= set(run.metrics) or run.status == "failed"


def test_a_failed_run_says_why_and_keeps_its_curves_up_to_there() -> None:
    run = expected(some_results(OUT))["l2", 1]
    assert run.status == "failed" and "the training loss became nan" in run.message
    assert set(run.metrics) == {"train_seconds", "train_cpu_seconds"}
    losses = run.curves["step_loss"].values
    assert np.isnan(losses[-1]) and np.isfinite(losses[:-1]).all() and len(losses) == 60


def test_what_a_record_lacks_is_left_out() -> None:
    (run,) = exported_runs(bare_results(OUT))
    assert (run.metrics, run.curves, run.started, run.ended) == ({}, {}, None, None)
    assert run.status == "finished"


def test_a_curve_that_is_called_as_a_metric_gets_another_name_in_all_runs() -> None:
    results = some_results(OUT)
    curve = Series.counted("epoch", np.zeros(2, np.float32))
    records = [
        replace(record, curves=Curves({"test_accuracy": curve})) for record in results.records
    ]
    for run in exported_runs(replace(results, records=tuple(records))):
        assert set(run.curves) == {"curve/test_accuracy"}


def test_runs_without_a_record_are_named() -> None:
    results = some_results(OUT)
    absent = tuple((run, "not trained yet") for run in planned(results.study)[:1])
    assert left_out(replace(results, absent=absent)) == ("main, seed 0: not trained yet",)


def test_a_runs_identity_is_the_same_at_every_export_and_its_own() -> None:
    first, second = expected(some_results(OUT)), expected(some_results(OUT))
    assert {k: r.identity for k, r in first.items()} == {k: r.identity for k, r in second.items()}
    assert len({run.identity for run in first.values()}) == 4
