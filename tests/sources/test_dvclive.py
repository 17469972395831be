"""DVCLive's folder."""

import json
import math
import warnings
from pathlib import Path
from typing import Any

import pytest

from sources.reading import curve, found, one


def test_curves_and_latest_values_are_read(tmp_path: Path) -> None:
    folder = tmp_path / "dvclive"
    (folder / "plots" / "metrics" / "train").mkdir(parents=True)
    (folder / "plots" / "metrics" / "train" / "loss.tsv").write_text("step\tloss\n0\t0.5\n1\tnan\n")
    (folder / "plots" / "metrics" / "acc.tsv").write_text("timestamp\tstep\tacc\n9\t0\t0.25\n")
    latest = {"train": {"loss": math.nan}, "test": {"acc": 0.75}, "step": 1}
    (folder / "metrics.json").write_text(json.dumps(latest))
    (folder / "params.yaml").write_text("lr: 0.1\nmodel:\n  depth: 3\n")
    run = one(tmp_path)
    assert set(run.metrics) == {"train/loss", "acc", "test/acc"}
    assert curve(run, "acc") == [(0, 0.25)] and curve(run, "test/acc") == [(1, 0.75)]
    assert math.isnan(run.metrics["train/loss"].values[1])
    assert run.config == {"lr": 0.1, "model.depth": 3} and run.status == "unknown"


def test_a_run_that_crashed_at_once_is_one_without_metrics(tmp_path: Path) -> None:
    (tmp_path / "dvclive").mkdir()
    (tmp_path / "dvclive" / "metrics.json").write_text("{}")
    run = one(tmp_path)
    assert not run.metrics and "crashed" in run.notes[0]


@pytest.mark.parametrize("text", ["", "[1]", '{"a": ', '{"a": {"b": "c"}}'])
def test_odd_latest_values_are_lost(text: str, tmp_path: Path) -> None:
    (tmp_path / "dvclive").mkdir()
    (tmp_path / "dvclive" / "metrics.json").write_text(text)
    assert found(tmp_path)[0].lost


def test_the_library_writes_what_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library: Any = pytest.importorskip("dvclive", reason="needs dvclive")
    monkeypatch.chdir(tmp_path)  # it writes a dvc.yaml where it is started
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with library.Live(str(tmp_path / "dvclive"), save_dvc_exp=False, report=None) as live:
            live.log_params({"lr": 0.1, "opt": {"name": "sgd"}})
            for step in range(3):
                live.log_metric("train/loss", 1 / (step + 3))
                live.log_metric("acc", math.nan if step == 1 else 0.1 * step)
                live.next_step()
    run = one(tmp_path)
    assert curve(run, "train/loss") == [(0, 1 / 3), (1, 1 / 4), (2, 1 / 5)]
    assert math.isnan(run.metrics["acc"].values[1])
    assert run.config["lr"] == 0.1 and run.config["opt.name"] == "sgd"
