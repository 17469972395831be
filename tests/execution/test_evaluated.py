"""What a record has of a run whose averaged weights are tested, or whose images are mirrored."""

from pathlib import Path

import numpy as np
import pytest
import torch

from faults.small import KINDS, draw_images, small_study, training
from paribus.data.batches import Batches
from paribus.data.dataset import open_dataset
from paribus.events import quiet
from paribus.execution.analyze import Analysis, _trained
from paribus.network.build import build
from paribus.records.store import read_record, read_weights, run_folder
from paribus.records.types import EngineFacts, Record
from paribus.study.spec import Study
from paribus.training.predict import log_probabilities, with_flips

KEYS = {"network": {"kind": "lenet5", "batch_norm": True}, "ema": 0.8, "test_flips": True}


def record_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine: EngineFacts | None, **keys: object
) -> tuple[Study, Record]:
    monkeypatch.setitem(KINDS, "evaluated", {**KEYS, **keys})
    study = small_study(draw_images(tmp_path / "images"), "evaluated", epochs=3)
    task = training(study, tmp_path / "out", engine)
    task.perform(quiet)
    record = read_record(run_folder(tmp_path / "out", *task.run.key))
    assert record.finished, record.facts.failure
    # What is said of the record below, with the network that lies in it.
    dataset = open_dataset(task.dataset)
    config = task.run.setting.config.network
    network = build(config, dataset.shape, len(dataset.classes), 0)
    weights = read_weights(run_folder(tmp_path / "out", *task.run.key), "last")
    network.load_state_dict({name: torch.from_numpy(value) for name, value in weights.items()})
    said = log_probabilities(with_flips(network), Batches(dataset), dataset.splits.test)
    assert record.predictions is not None and record.predictions.last is not None
    np.testing.assert_allclose(record.predictions.last, said.numpy(), atol=1e-4)
    index = np.arange(2)
    analysis = Analysis(task.run, task.dataset, tmp_path / "out", index, index)
    _, predict = _trained(analysis, record, dataset)
    with torch.no_grad():
        again = predict(Batches(dataset).images(torch.from_numpy(dataset.splits.test)))
    torch.testing.assert_close(again.log_softmax(1), said, atol=1e-4, rtol=1e-4)
    return study, record


@pytest.mark.parametrize("by", ["torch", "native"])
def test_predictions_are_those_of_the_kept_average_on_both_sides(
    by: str,
    tmp_path: Path,
    native: EngineFacts,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, record = record_of(tmp_path, monkeypatch, native if by == "native" else None)
    values = record.curves.values
    assert len(values("unaveraged_val_loss")) == len(values("val_loss")) == 3
    assert not np.array_equal(values("unaveraged_val_loss"), values("val_loss"))
    assert record.facts.metrics.keys() == {"unaveraged_test_loss", "unaveraged_test_accuracy"}


def test_what_is_unaveraged_is_what_a_run_without_an_average_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, averaged = record_of(tmp_path / "a", monkeypatch, None)
    _, plain = record_of(tmp_path / "b", monkeypatch, None, ema=None)
    ours, theirs = averaged.curves.values, plain.curves.values
    assert np.array_equal(ours("unaveraged_val_loss"), theirs("val_loss"))
    assert np.array_equal(ours("step_loss"), theirs("step_loss"))
    assert plain.predictions is not None and plain.predictions.last is not None
    right = plain.predictions.last.argmax(axis=1) == plain.predictions.labels
    assert averaged.facts.metrics["unaveraged_test_accuracy"] == pytest.approx(right.mean())
    assert plain.facts.metrics == {}
