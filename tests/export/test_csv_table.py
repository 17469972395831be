"""The long table: what Paribus's own reader and pandas find in it."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd

from export.made import (
    bare_results,
    by_paribus,
    expected,
    hostile_results,
    points,
    same,
    some_results,
    table,
)
from paribus.export import csv_table
from paribus.export.runs import exported_runs
from paribus.export.target import fitted
from paribus.export.write import export_runs


def test_every_value_is_read_back(tmp_path: Path) -> None:
    results = some_results(tmp_path / "out")
    folder = export_runs(results, "csv").folder
    assert folder == tmp_path / "out" / "export" / "csv"
    found = by_paribus(folder)
    for key, run in expected(results).items():
        same(table(found[key]), points(run))
        assert found[key].status == run.status
    frame = pd.read_csv(folder / "runs.csv")
    assert list(frame) == ["setting", "seed", "metric", "value", "step", "status"]
    assert len(frame) == sum(len(list(run.values())) for run in expected(results).values())


def test_hostile_names_and_values_survive_and_run_nothing(tmp_path: Path) -> None:
    results = hostile_results(tmp_path / "out")
    folder = export_runs(results, "csv").folder
    found = by_paribus(folder)
    runs, _ = fitted(exported_runs(results), csv_table.TARGET)
    for run in runs:
        same(table(found[run.setting, run.seed]), points(run))
        assert len(points(run)) == len(run.metrics) + len(run.curves)
    with (folder / "runs.csv").open(newline="", encoding="utf-8-sig") as file:
        names = {row["metric"] for row in csv.DictReader(file)}
    assert "'=1+1" in names and not any(name.startswith(tuple("=+-@\t\r")) for name in names)


def test_a_run_without_any_value_has_a_row(tmp_path: Path) -> None:
    folder = export_runs(bare_results(tmp_path / "out"), "csv").folder
    assert by_paribus(folder / "runs.csv")["main", 0].metrics == {}
    lines = (folder / "runs.csv").read_text().splitlines()
    assert lines[1:] == ["main,0,,,,finished"]
