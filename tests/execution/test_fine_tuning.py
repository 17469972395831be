"""From one run's record to another's: what is learned goes on, for other classes, partly frozen."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from faults.small import KINDS, draw_images, small_study, training
from paribus.events import quiet
from paribus.execution.train import Training
from paribus.records.store import WEIGHTS, read_record, read_weights, run_folder

RESNET = {"kind": "wide_resnet", "depth": 10, "widen": 1}
BODY = ["conv.*", "stage*", "norm.*"]


@pytest.fixture
def learned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The record of a run that learned three classes."""
    monkeypatch.setitem(KINDS, "from scratch", {"network": RESNET})
    task = training(
        small_study(draw_images(tmp_path / "three"), "from scratch", epochs=1), tmp_path / "first"
    )
    assert task.perform(quiet).status == "finished"
    return run_folder(task.out, *task.run.key)


@pytest.fixture
def tuned(learned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Training:
    """A run that goes on from it with two of the classes."""
    network: dict[str, Any] = RESNET | {"pretrained": str(learned), "freeze": BODY}
    monkeypatch.setitem(KINDS, "tuned", {"network": network})
    shutil.copytree(tmp_path / "three", tmp_path / "two")
    shutil.rmtree(tmp_path / "two" / "class 2")
    return training(small_study(tmp_path / "two", "tuned", epochs=1), tmp_path / "second")


def test_a_run_goes_on_from_the_weights_of_a_record(learned: Path, tuned: Training) -> None:
    assert tuned.perform(quiet).status == "finished"
    folder = run_folder(tuned.out, *tuned.run.key)
    facts = read_record(folder).facts
    assert facts.network.new == ("fc.weight", "fc.bias")
    assert facts.network.pretrained == facts.code
    before, after = read_weights(learned, "last"), read_weights(folder, "last")
    assert {name.partition(".")[0] for name in facts.network.frozen} == {
        "conv", "stage1", "stage2", "stage3", "norm"
    }  # fmt: skip
    assert after["fc.weight"].shape == (2, 64)
    for name in before.keys() - {"fc.weight", "fc.bias"}:
        np.testing.assert_array_equal(after[name], before[name])


def test_a_run_is_trained_again_when_the_record_has_changed(
    learned: Path, tuned: Training, tmp_path: Path
) -> None:
    tuned.perform(quiet)
    facts = read_record(run_folder(tuned.out, *tuned.run.key)).facts
    assert tuned.inputs.changes_since(facts) == ()
    weights = load_file(learned / WEIGHTS["last"])
    save_file({**weights, "conv.weight": weights["conv.weight"] + 1}, learned / WEIGHTS["last"])
    again = training(small_study(tmp_path / "two", "tuned", epochs=1), tuned.out)
    assert again.inputs.changes_since(facts) == ("the network's code or a file it is given",)
