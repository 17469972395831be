"""MLflow's database, read back by MLflow and by Paribus."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any

import pytest

from export.made import (
    bare_results,
    by_library,
    by_paribus,
    expected,
    hostile_results,
    points,
    same,
    some_results,
    table,
)
from paribus.errors import ExportError
from paribus.export import mlflow
from paribus.export.runs import ExportedRun
from paribus.export.target import fitted
from paribus.results import Results

READ = """
from mlflow import MlflowClient
client = MlflowClient(f"sqlite:///{folder}/mlflow.db")
(experiment,) = [e for e in client.search_experiments() if e.name != "Default"]
found = {"experiment": experiment.name, "runs": []}
for run in client.search_runs([experiment.experiment_id]):
    found["runs"].append({
        "params": run.data.params, "tags": run.data.tags, "status": run.info.status,
        "times": [run.info.start_time, run.info.end_time],
        "metrics": {
            name: [[m.step, m.value] for m in client.get_metric_history(run.info.run_id, name)]
            for name in run.data.metrics
        },
    })
"""


def fit(results: Results) -> dict[tuple[str, int], ExportedRun]:
    runs, _ = fitted(tuple(expected(results).values()), mlflow.TARGET)
    return {(run.setting, run.seed): run for run in runs}


def by_key(found: Any) -> dict[tuple[str, int], Any]:
    runs = {(r["params"]["setting"], int(r["params"]["seed"])): r for r in found["runs"]}
    assert len(runs) == len(found["runs"])
    return runs


def test_every_value_is_read_back(tmp_path: Path) -> None:
    found = by_library("mlflow", "some_results", "mlflow", READ, tmp_path)
    assert found["experiment"] == "LeNet-5 on synthetic images"
    by_mlflow, own = by_key(found), by_paribus(tmp_path / "into")
    wanted = expected(some_results(Path("out")))
    assert set(by_mlflow) == set(own) == set(wanted)
    for key, run in wanted.items():
        same(by_mlflow[key]["metrics"], points(run))
        same(table(own[key]), points(run))
        assert by_mlflow[key]["params"] == {k: str(v) for k, v in run.parameters.items()}
        assert dict(own[key].config) == run.parameters
        assert by_mlflow[key]["status"] == run.status.upper() and own[key].status == run.status
        assert by_mlflow[key]["times"] == [1000 * (run.started or 0), 1000 * (run.ended or 0)]
        assert by_mlflow[key]["tags"].get("mlflow.note.content", "") == run.message
        assert own[key].title == by_mlflow[key]["tags"]["mlflow.runName"] == run.title
    left = {path.name for path in tmp_path.iterdir()} - {"found.json", "into"}
    assert "mlruns" not in left, "no folder is left in the current one"


def test_hostile_names_and_values_are_read_back(tmp_path: Path) -> None:
    by_mlflow = by_key(by_library("mlflow", "hostile_results", "mlflow", READ, tmp_path))
    own = by_paribus(tmp_path / "into")
    for key, run in fit(hostile_results(Path("out"))).items():
        same(table(own[key]), points(run))
        largest = {math.inf: sys.float_info.max, -math.inf: -sys.float_info.max}
        kept = {
            name: [[at, largest.get(value, value)] for at, value in rows]
            for name, rows in points(run).items()
        }
        same(by_mlflow[key]["metrics"], kept)


def test_one_bare_run_is_read_back(tmp_path: Path) -> None:
    found = by_library("mlflow", "bare_results", "mlflow", READ, tmp_path)
    ((key, run),) = by_key(found).items()
    assert key == ("main", 0) and not run["metrics"] and run["status"] == "FINISHED"
    assert by_paribus(tmp_path / "into")[key].metrics == {}
    assert run["params"].items() >= {"setting": "main", "epochs": "2"}.items()
    assert bare_results(Path("out")).study.name == found["experiment"]


@pytest.mark.parametrize("name", ["a?b", "a%20b"])
def test_a_folder_that_mlflow_would_take_for_another_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ExportError, match="can't open a database below a folder with"):
        mlflow.write("study", [], tmp_path / name)
