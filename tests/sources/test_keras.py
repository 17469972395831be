"""Keras' CSVLogger."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sources.reading import curve, found, one

#: As the library writes it: CRLF, sorted keys, NA where validation wasn't run.
LOG = (
    "epoch,accuracy,loss,val_loss\r\n0,0.25,1.5,NA\r\n1,0.5,nan,1.25\r\n"
    '2,0.75,0.5,"""[1.0, 2.0]"""\r\n'
)


def test_a_log_is_a_run_by_epoch(tmp_path: Path) -> None:
    (tmp_path / "training.log").write_text(LOG, newline="")
    run = one(tmp_path)
    assert curve(run, "accuracy") == [(0, 0.25), (1, 0.5), (2, 0.75)]
    assert curve(run, "val_loss") == [(1, 1.25)] and run.metrics["loss"].axis == "epoch"
    assert np.isnan(run.metrics["loss"].values).tolist() == [False, True, False]
    assert "val_loss has 1 values in words" in run.lost[0]


def test_another_separator_is_seen(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text(LOG.replace(", ", " ").replace(",", ";"), newline="")
    assert curve(one(tmp_path), "accuracy") == [(0, 0.25), (1, 0.5), (2, 0.75)]


def test_an_empty_file_is_a_crashed_run(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(LOG, newline="")
    (tmp_path / "b.csv").touch()
    _, crashed = found(tmp_path)
    assert not crashed.metrics and "crashed" in crashed.notes[0]


def test_a_torn_last_row_is_lost(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("epoch,loss\r\n0,0.5\r\n1,0.2", newline="")
    run = one(tmp_path)
    assert curve(run, "loss") == [(0, 0.5)] and "torn" in run.lost[0]


def test_epochs_that_a_resumed_run_repeats_both_stay(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("epoch,loss\r\n0,3\r\n1,2\r\n1,4\r\n2,1\r\n", newline="")
    assert curve(one(tmp_path), "loss") == [(0, 3), (1, 2), (1, 4), (2, 1)]


# As an error it would be passed over by Keras, which then can't log the tensor.
@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept:DeprecationWarning")
def test_the_library_writes_what_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "KERAS_BACKEND", "torch")
    keras: Any = pytest.importorskip("keras", reason="needs keras")
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile(loss="mse", optimizer="sgd")
    x = np.ones((8, 2))
    log = keras.callbacks.CSVLogger(str(tmp_path / "log.csv"))
    history = model.fit(
        x, x[:, :1], epochs=3, validation_data=(x, x[:, :1]), callbacks=[log], verbose=0
    )
    run = one(tmp_path)
    for name, values in history.history.items():
        assert curve(run, name) == list(enumerate(values))
