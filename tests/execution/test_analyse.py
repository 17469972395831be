"""Analysing a study's networks: once, from their records, without a trace in them."""

import shutil
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

from faults.small import training
from paribus.analyses import read_explanations, read_interventions
from paribus.data.batches import Batches
from paribus.data.dataset import prepare
from paribus.engine.native import Forward
from paribus.evaluation.intervene import intervene
from paribus.evaluation.outcomes import outcomes
from paribus.events import AnalysisBegins, Event, RunAnalysed, quiet
from paribus.execution.analyse import Analysis
from paribus.execution.conduct import analyse_missing, keep_pictures, prepare_data, train_missing
from paribus.execution.local import Workers
from paribus.execution.train import train_and_record
from paribus.network.build import build
from paribus.records import EngineFacts, Record
from paribus.store import read_record, read_weights, run_folder
from paribus.study.interventions import interventions
from paribus.study.plan import runs
from paribus.study.spec import Study

Build = Callable[..., Study]

NETWORKS = """
import torch
from torch import nn

class Stubborn(nn.Module):
    "Can be trained and evaluated, and then refuses every gradient."

    def __init__(self, channels, height, width, classes):
        super().__init__()
        self.inner = nn.Sequential(nn.Flatten(), nn.Linear(channels * height * width, classes))

    def forward(self, pictures):
        if pictures.requires_grad:
            raise RuntimeError("no gradient of mine")
        return self.inner(pictures)
"""


STUDY = Study.model_validate(
    {
        "name": "small",
        "data": {"source": "digits", "size": 16},
        "epochs": 1,
        "seeds": 2,
        "batch_size": 64,
        "variations": {"bn": {"network.batch_norm": True}},
    }
)


@dataclass(frozen=True)
class Analysed:
    """A study's results, what was told while they were analysed, and the records before that."""

    out: Path
    told: list[Event]
    records_before: dict[str, bytes]


@pytest.fixture(scope="module")
def analysed(tmp_path_factory: pytest.TempPathFactory) -> Analysed:
    """Two settings, two seeds each; don't write into it."""
    out, told, before = tmp_path_factory.mktemp("analysed") / "out", list[Event](), {}
    data = prepare_data(STUDY, None, quiet)
    with Workers(2) as workers:
        seeds = {"baseline": 2, "bn": 2}
        train_missing(STUDY, seeds, data, dict.fromkeys(seeds), out, workers, quiet)
        before = contents(out / "runs")
        analyse_missing(STUDY, records(out), data, out, workers, told.append)
    keep_pictures(records(out), STUDY.baseline, data, out)
    return Analysed(out, told, before)


def records(out: Path, study: Study = STUDY) -> list[Record]:
    return [read_record(run_folder(out, *run.key)) for run in runs(study)]


def analyse(out: Path, study: Study = STUDY) -> list[Event]:
    heard: list[Event] = []
    with Workers(1) as workers:
        data = prepare_data(study, None, quiet)
        analyse_missing(study, records(out, study), data, out, workers, heard.append)
    return heard


def contents(folder: Path) -> dict[str, bytes]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_every_finished_run_is_analysed_and_its_record_stays_as_it_was(analysed: Analysed) -> None:
    assert analysed.told[0] == AnalysisBegins(runs=4, left=4, jobs=2)
    ended = [e for e in analysed.told[1:] if isinstance(e, RunAnalysed)]
    assert {(e.setting, e.seed) for e in ended} == {run.key for run in runs(STUDY)}
    assert {(e.status, e.message) for e in ended} == {("finished", "")}
    assert contents(analysed.out / "runs") == analysed.records_before


def test_what_is_analysed_is_not_analysed_again(analysed: Analysed) -> None:
    assert analyse(analysed.out) == [AnalysisBegins(runs=4, left=0, jobs=1)]


def test_a_damaged_analysis_is_made_again_equal_to_the_last_bit(
    analysed: Analysed, tmp_path: Path
) -> None:
    out = Path(shutil.copytree(analysed.out, tmp_path / "out"))
    damaged = out / "analysis" / "bn" / "seed-1" / "explanations.safetensors"
    damaged.write_bytes(damaged.read_bytes()[:-1])
    assert analyse(out)[0] == AnalysisBegins(runs=4, left=1, jobs=1)
    assert contents(out / "analysis") == contents(analysed.out / "analysis")


def test_what_is_kept_is_what_the_recorded_network_says_of_the_changed_pictures(
    analysed: Analysed,
) -> None:
    dataset, _ = prepare(STUDY.data)
    found = read_interventions(analysed.out, records(analysed.out)[3])
    assert found is not None
    assert set(found.predicted) == {change.name for change in interventions(1)}
    network = build(runs(STUDY)[3].setting.config.network, dataset.shape, 10, 1)
    weights = read_weights(run_folder(analysed.out, "bn", 1), "last")
    network.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
    index = torch.from_numpy(dataset.splits.test)
    images = Batches(dataset).images(index)
    for name in ("centre-blanked-50-mean", "shift-12"):
        changed = intervene(name, images, index, dataset.mean, dataset.std)
        with torch.no_grad():
            answers = network.eval()(changed).argmax(dim=1)
        assert np.array_equal(found.predicted[name], answers)


def test_a_network_of_paribus_own_engine_is_asked_through_it(
    native: EngineFacts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    class Asked(Forward):
        def __call__(self, images: torch.Tensor) -> torch.Tensor:
            asked.append(len(images))
            return super().__call__(images)

    monkeypatch.setattr("paribus.execution.analyse.Forward", Asked)
    task = training(STUDY, tmp_path, native)
    train_and_record(task, quiet)
    record = read_record(run_folder(tmp_path, "baseline", 0))
    assert record.predictions is not None
    pictures, targets = record.predictions.index[:3], record.predictions.labels[:3]
    done = Analysis(task.run, task.dataset, tmp_path, pictures, targets).perform(quiet)
    assert (done.status, done.message) == ("finished", "")
    changes = len(interventions(1))
    assert asked.count(3) == 1 + 7 * 7  # occlusion: as they are, and at every place of the patch
    assert sum(asked) >= changes * len(record.predictions.labels)
    found = read_interventions(tmp_path, record)
    assert found is not None
    right = found.predicted["blur-6"] == record.predictions.last.argmax(axis=1)
    assert right.mean() > 0.5


def test_explanations_are_of_the_class_that_most_seeds_mistake_the_picture_for(
    analysed: Analysed,
) -> None:
    its = outcomes(records(analysed.out))["baseline"]
    found = read_explanations(analysed.out, records(analysed.out)[0])
    assert found is not None
    at = {int(index): row for row, index in enumerate(its.index)}
    assert len(found.pictures) > 50
    for picture, target in zip(found.pictures.tolist(), found.targets.tolist(), strict=True):
        assert target == its.target[at[picture]]
    assert found.gradients.shape == (len(found.pictures), 16, 16)
    assert np.abs(found.gradients).max() > 0
    training = set(prepare(STUDY.data)[0].splits.training.tolist())
    assert set(found.nearest.ravel().tolist()) <= training


def test_the_pictures_of_failures_and_of_their_neighbours_are_kept(analysed: Analysed) -> None:
    found = read_explanations(analysed.out, records(analysed.out)[0])
    assert found is not None
    names = {path.name for path in (analysed.out / "pictures").iterdir()}
    data = prepare(STUDY.data)[0].fingerprint[:8]
    for picture in found.pictures.tolist():
        assert {f"original-{picture}.png", f"seen-{data}-{picture}.png"} <= names
    near = set(found.nearest.ravel().tolist())
    assert any(f"seen-{data}-{picture}.png" in names for picture in near)
    assert not any(f"original-{picture}.png" in names for picture in near)


def test_a_network_that_can_not_be_analysed_is_told_with_the_reason_and_the_others_are_done(
    tmp_path: Path, small_study: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "stubborn_networks.py").write_text(textwrap.dedent(NETWORKS))
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    study = small_study(variations={"own": {"network": "stubborn_networks:Stubborn"}})
    data, told = prepare_data(study, None, quiet), list[Event]()
    with Workers(1) as workers:
        seeds = {"baseline": 1, "own": 1}
        train_missing(study, seeds, data, dict.fromkeys(seeds), tmp_path / "out", workers, quiet)
        analyse_missing(
            study, records(tmp_path / "out", study), data, tmp_path / "out", workers, told.append
        )
    ended = {e.setting: e for e in told if isinstance(e, RunAnalysed)}
    assert ended["baseline"].status == "finished"
    assert ended["own"].status == "failed"
    assert ended["own"].message == "RuntimeError: no gradient of mine"
