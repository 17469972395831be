"""Analyzing a study's networks: once, from their records, without a trace in them."""

import shutil
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

from faults.small import training
from paribus.data.batches import Batches
from paribus.data.dataset import prepare
from paribus.engine.native import Forward
from paribus.events import AnalysisBegins, Event, RunAnalyzed, quiet
from paribus.execution.analyze import Analysis
from paribus.explain.interventions import intervened
from paribus.failures.outcomes import outcomes
from paribus.metrics.interventions import interventions
from paribus.network.build import build
from paribus.records.analyses import read_explanations, read_interventions
from paribus.records.store import read_record, read_weights, run_folder
from paribus.records.types import EngineFacts, Record
from paribus.study.plan import runs
from paribus.study.spec import Study
from sessions import all_seeds, session_of

Build = Callable[..., Study]

NETWORKS = """
import torch
from torch import nn

class Stubborn(nn.Module):
    "Can be trained and evaluated, and then refuses every gradient."

    def __init__(self, channels, height, width, classes):
        super().__init__()
        self.inner = nn.Sequential(nn.Flatten(), nn.Linear(channels * height * width, classes))

    def forward(self, images):
        if images.requires_grad:
            raise RuntimeError("no gradient of mine")
        return self.inner(images)
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
class Analyzed:
    """A study's results, what was told while they were analyzed, and the records before that."""

    out: Path
    messages: list[Event]
    records_before: dict[str, bytes]


@pytest.fixture(scope="module")
def analyzed(tmp_path_factory: pytest.TempPathFactory) -> Analyzed:
    """Two settings, two seeds each; don't write into it."""
    out, messages, before = tmp_path_factory.mktemp("analyzed") / "out", list[Event](), {}
    with session_of(STUDY, out) as session:
        session.train(all_seeds(STUDY))
        before = contents(out / "runs")
        session.watch = messages.append
        session.analyze()
        session.keep_images()
    return Analyzed(out, messages, before)


def records(out: Path, study: Study = STUDY) -> list[Record]:
    return [read_record(run_folder(out, *run.key)) for run in runs(study)]


def analyze(out: Path, study: Study = STUDY) -> list[Event]:
    heard: list[Event] = []
    with session_of(study, out, watch=heard.append) as session:
        session.analyze()
    return heard


def contents(folder: Path) -> dict[str, bytes]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_every_finished_run_is_analyzed_and_its_record_stays_as_it_was(analyzed: Analyzed) -> None:
    assert analyzed.messages[0] == AnalysisBegins(runs=4, left=4, jobs=1)
    ended = [e for e in analyzed.messages[1:] if isinstance(e, RunAnalyzed)]
    assert {(e.setting, e.seed) for e in ended} == {run.key for run in runs(STUDY)}
    assert {(e.status, e.message) for e in ended} == {("finished", "")}
    assert contents(analyzed.out / "runs") == analyzed.records_before


def test_what_is_analyzed_is_not_analyzed_again(analyzed: Analyzed) -> None:
    assert analyze(analyzed.out) == [AnalysisBegins(runs=4, left=0, jobs=1)]


def test_a_damaged_analysis_is_made_again_equal_to_the_last_bit(
    analyzed: Analyzed, tmp_path: Path
) -> None:
    out = Path(shutil.copytree(analyzed.out, tmp_path / "out"))
    damaged = out / "analysis" / "bn" / "seed-1" / "explanations.safetensors"
    damaged.write_bytes(damaged.read_bytes()[:-1])
    assert analyze(out)[0] == AnalysisBegins(runs=4, left=1, jobs=1)
    assert contents(out / "analysis") == contents(analyzed.out / "analysis")


def test_what_is_kept_is_what_the_recorded_network_says_of_the_changed_images(
    analyzed: Analyzed,
) -> None:
    dataset, _ = prepare(STUDY.data)
    result = read_interventions(analyzed.out, records(analyzed.out)[3])
    assert result is not None
    assert set(result.predicted) == {change.name for change in interventions(1)}
    network = build(runs(STUDY)[3].setting.config.network, dataset.shape, 10, 1)
    weights = read_weights(run_folder(analyzed.out, "bn", 1), "last")
    network.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
    index = torch.from_numpy(dataset.splits.test)
    images = Batches(dataset).images(index)
    changed = dict(intervened(images, index, dataset.mean, dataset.std))
    for name in ("center-blanked-50-mean", "shift-12"):
        with torch.no_grad():
            predict = network.eval()(changed[name]).argmax(dim=1)
        assert np.array_equal(result.predicted[name], predict)


def test_a_network_of_paribus_own_engine_is_asked_through_it(
    native: EngineFacts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    class Asked(Forward):
        def __call__(self, images: torch.Tensor) -> torch.Tensor:
            asked.append(len(images))
            return super().__call__(images)

    monkeypatch.setattr("paribus.execution.analyze.Forward", Asked)
    task = training(STUDY, tmp_path, native)
    task.perform(quiet)
    record = read_record(run_folder(tmp_path, "baseline", 0))
    assert record.predictions is not None
    images, targets = record.predictions.index[:3], record.predictions.labels[:3]
    done = Analysis(task.run, task.dataset, tmp_path, images, targets).perform(quiet)
    assert (done.status, done.message) == ("finished", "")
    changes = len(interventions(1))
    assert asked.count(3) == 1 + 7 * 7  # occlusion: as they are, and at every place of the patch
    assert sum(asked) >= changes * len(record.predictions.labels)
    result = read_interventions(tmp_path, record)
    assert result is not None
    right = result.predicted["blur-6"] == record.predictions.predicted
    assert right.mean() > 0.5


def test_explanations_are_of_the_class_that_most_seeds_mistake_the_image_for(
    analyzed: Analyzed,
) -> None:
    values = outcomes(records(analyzed.out))["baseline"]
    result = read_explanations(analyzed.out, records(analyzed.out)[0])
    assert result is not None
    at = {int(index): row for row, index in enumerate(values.index)}
    assert len(result.images) > 50
    for image, target in zip(result.images.tolist(), result.targets.tolist(), strict=True):
        assert target == values.target[at[image]]
    assert result.gradients.shape == (len(result.images), 16, 16)
    assert np.abs(result.gradients).max() > 0
    training = set(prepare(STUDY.data)[0].splits.training.tolist())
    assert set(result.nearest.ravel().tolist()) <= training


def test_the_images_of_failures_and_of_their_neighbors_are_kept(analyzed: Analyzed) -> None:
    result = read_explanations(analyzed.out, records(analyzed.out)[0])
    assert result is not None
    names = {path.name for path in (analyzed.out / "images").iterdir()}
    data = prepare(STUDY.data)[0].fingerprint[:8]
    for image in result.images.tolist():
        assert {f"original-{image}.png", f"seen-{data}-{image}.png"} <= names
    near = set(result.nearest.ravel().tolist())
    assert any(f"seen-{data}-{image}.png" in names for image in near)
    assert not any(f"original-{image}.png" in names for image in near)


def test_a_network_that_can_not_be_analyzed_is_told_with_the_reason_and_the_others_are_done(
    tmp_path: Path, small_study: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "stubborn_networks.py").write_text(textwrap.dedent(NETWORKS))
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    study = small_study(variations={"own": {"network": "stubborn_networks:Stubborn"}})
    with session_of(study, tmp_path / "out") as session:
        session.train(all_seeds(study))
    ended = {e.setting: e for e in analyze(tmp_path / "out", study) if isinstance(e, RunAnalyzed)}
    assert ended["baseline"].status == "finished"
    assert ended["own"].status == "failed"
    assert ended["own"].message == "stubborn_networks.py:14: RuntimeError: no gradient of mine"
