"""Lightning's CSVLogger."""

from pathlib import Path
from typing import Any

import pytest

from paribus.sources import lightning
from sources.reading import curve, equal, found, one

#: As the library writes it: the union of keys, and blanks.
METRICS = (
    "epoch,step,test_acc,train_loss,val_loss\n"
    "0,0,,1.5,\n0,1,,nan,\n0,1,,,1.25\n1,3,,0.75,\n1,3,,,0.5\n2,4,0.875,,\n"
)


def version(root: Path, number: int, hparams: str | None, metrics: str | None) -> Path:
    folder = root / "lightning_logs" / f"version_{number}"
    folder.mkdir(parents=True)
    for name, text in (("hparams.yaml", hparams), ("metrics.csv", metrics)):
        if text is not None:
            (folder / name).write_text(text)
    return folder


def test_blanks_are_no_points(tmp_path: Path) -> None:
    version(tmp_path, 0, "lr: 0.1\nseed: 3\n", METRICS)
    run = one(tmp_path)
    assert run.config == {"lr": 0.1, "seed": 3}
    assert set(run.metrics) == {"train_loss", "val_loss", "test_acc"}
    assert curve(run, "val_loss") == [(1, 1.25), (3, 0.5)]
    assert curve(run, "test_acc") == [(4, 0.875)]
    assert equal(run.metrics["train_loss"].values.tolist(), [1.5, float("nan"), 0.75])
    assert run.status == "unknown" and not run.lost
    assert {path.name for path in run.files} == {"metrics.csv", "hparams.yaml"}


def test_a_crashed_run_has_its_hyperparameters_alone(tmp_path: Path) -> None:
    version(tmp_path, 0, "lr: 0.1\n", METRICS)
    version(tmp_path, 1, "lr: 0.2\n", None)
    _, crashed = found(tmp_path / "lightning_logs")
    assert (crashed.config, dict(crashed.metrics)) == ({"lr": 0.2}, {})
    assert crashed.status == "unknown" and "crashed" in crashed.notes[0]


def test_a_torn_row_is_lost_and_the_rest_is_read(tmp_path: Path) -> None:
    version(tmp_path, 0, None, METRICS + "3,5,,0.12")
    run = one(tmp_path)
    assert curve(run, "val_loss") == [(1, 1.25), (3, 0.5)] and "torn" in run.lost[0]


def test_events_of_tensorboard_are_left_to_their_own_reader(tmp_path: Path) -> None:
    folder = version(tmp_path, 0, "lr: 0.1\n", None)
    (folder / "events.out.tfevents.1.host.2.0").touch()
    assert not lightning.recognizes(folder)


def test_a_table_of_runs_under_its_name_is_left_to_the_tables(tmp_path: Path) -> None:
    version(tmp_path, 0, None, "setting,seed,step,loss\na,0,0,1\na,0,1,2\n")
    assert one(tmp_path).setting == "a"


def test_the_library_writes_what_is_read(tmp_path: Path) -> None:
    loggers: Any = pytest.importorskip("lightning.pytorch.loggers", reason="needs lightning")
    logger = loggers.CSVLogger(tmp_path)
    logger.log_hyperparams({"lr": 1e-5, "opt": {"name": "adam", "betas": (0.9, 0.999)}, "x": None})
    for step in range(5):
        logger.log_metrics({"train_loss": 1 / (step + 3), "epoch": 0}, step)
    logger.log_metrics({"val_acc": float("nan"), "epoch": 0}, 4)
    logger.save()
    run = one(tmp_path)
    assert curve(run, "train_loss") == [(step, 1 / (step + 3)) for step in range(5)]
    assert equal(run.metrics["val_acc"].values.tolist(), [float("nan")])
    assert run.config["lr"] == 1e-5 and run.config["opt.name"] == "adam"
    assert run.config["opt.betas"] == "[0.9, 0.999]" and run.config["x"] is None
