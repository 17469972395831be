"""Sacred's file storage."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from sources.reading import curve, one

METRICS = {
    "loss": {
        "steps": [0, 10],
        "values": [0.5, math.nan],
        "timestamps": ["2026-01-01", "2026-01-02"],
    }
}


def run_folder(root: Path, status: str, metrics: str | None = json.dumps(METRICS)) -> None:
    (root / "1").mkdir()
    run = {"status": status, "result": 0.75, "experiment": {"name": "mnist"}}
    (root / "1" / "run.json").write_text(json.dumps(run))
    (root / "1" / "config.json").write_text('{"seed": 7, "optimizer": {"lr": 0.1}}')
    if metrics is not None:
        (root / "1" / "metrics.json").write_text(metrics)


@pytest.mark.parametrize(
    ("said", "status"),
    [("COMPLETED", "finished"), ("FAILED", "failed"), ("INTERRUPTED", "failed"),
     ("RUNNING", "running"), ("ODD", "unknown")],
)  # fmt: skip
def test_all_of_a_run_is_read(said: str, status: str, tmp_path: Path) -> None:
    run_folder(tmp_path, said)
    run = one(tmp_path)
    assert (run.status, run.group) == (status, "mnist")
    assert run.config == {"seed": 7, "optimizer.lr": 0.1}
    assert curve(run, "loss")[0] == (0, 0.5) and math.isnan(run.metrics["loss"].values[1])
    assert curve(run, "result") == [(0, 0.75)]
    assert bool(run.notes) == (said == "INTERRUPTED") and not run.lost


@pytest.mark.parametrize(
    "metrics",
    ['{"loss": {"steps": [0', '{"loss": 3}', '{"loss": {"steps": [0, 1], "values": [1]}}', "[]",
     '{"loss": {"steps": ["x"], "values": [1]}}', '{"loss": {"steps": 5, "values": [1]}}'],
)  # fmt: skip
def test_damaged_metrics_are_lost_and_the_rest_is_read(metrics: str, tmp_path: Path) -> None:
    run_folder(tmp_path, "COMPLETED", metrics)
    run = one(tmp_path)
    assert run.lost and run.config["seed"] == 7


def test_a_run_without_metrics_is_one(tmp_path: Path) -> None:
    run_folder(tmp_path, "FAILED", None)
    assert set(one(tmp_path).metrics) == {"result"} and not one(tmp_path).lost


def test_the_library_writes_what_is_read(tmp_path: Path) -> None:
    library: Any = pytest.importorskip("sacred", reason="needs sacred")
    experiment = library.Experiment("mnist", save_git_info=False)
    experiment.observers.append(library.observers.FileStorageObserver(str(tmp_path / "runs")))
    experiment.add_config(lr=0.1, net={"depth": 3})

    def main(_run: Any) -> float:
        for step in range(3):
            _run.log_scalar("loss", 1 / (step + 3), step)
        _run.log_scalar("acc", math.nan, 2)
        return 0.5

    experiment.main(main)
    experiment.run(config_updates={"seed": 11}, options={"--loglevel": "ERROR"})
    run = one(tmp_path / "runs")
    assert run.status == "finished" and run.config["seed"] == 11 and run.config["net.depth"] == 3
    assert curve(run, "loss") == [(0, 1 / 3), (1, 1 / 4), (2, 1 / 5)]
    assert math.isnan(run.metrics["acc"].values[0]) and curve(run, "result") == [(0, 0.5)]
