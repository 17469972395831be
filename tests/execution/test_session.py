"""A study under way: every run ends in a record or a reason, and the others go on."""

import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from paribus.events import (
    Event,
    RunEnded,
    TrainingBegins,
    WorkerKilled,
    quiet,
)
from paribus.execution.place import Outcome, Task
from paribus.execution.session import prepare_data
from paribus.execution.workers import Workers
from paribus.records.store import read_record, run_folder
from paribus.records.types import Record
from paribus.study.plan import settings
from paribus.study.spec import Study
from sessions import all_seeds, session_of

Build = Callable[..., Study]

NETWORKS = """
import os, signal
from torch import nn

def fine(channels, height, width, classes):
    print("printed by a network")
    return nn.Sequential(nn.Flatten(), nn.Linear(channels * height * width, classes))

class Broken(nn.Module):
    def __init__(self, **shape):
        super().__init__()
        self.inner = fine(**shape)

    def forward(self, images):
        if self.training and len(images) > 2:
            raise RuntimeError("it does not fit")
        return self.inner(images)

def killed(**shape):
    os.kill(os.getpid(), signal.SIGKILL)

def killed_once(**shape):
    try:
        open("killed-once", "x").close()
    except FileExistsError:
        return fine(**shape)
    killed(**shape)
"""


def train(
    study: Study, out: Path, workers: Workers | None = None, watch: Callable[[Event], None] = quiet
) -> list[Outcome]:
    """Train what is missing, in this process where no worker is called for."""
    with session_of(study, out, workers, watch) as session:
        return session.train(all_seeds(study))


class Idle(Workers):
    """Performs nothing, and notes for which settings it was asked."""

    def perform(self, tasks: Sequence[Task], *_: object) -> list[Outcome]:
        self.asked = [task.run.setting.name for task in tasks]
        return []


def record(out: Path, setting: str, seed: int = 0) -> Record:
    return read_record(run_folder(out, setting, seed))


def weights(out: Path) -> dict[str, bytes]:
    files = sorted(out.glob("runs/*/*/weights-*.safetensors"))
    return {str(path.relative_to(out)): path.read_bytes() for path in files}


def test_records_are_equal_to_the_last_bit_whatever_the_number_of_processes(
    tmp_path: Path, small_study: Build
) -> None:
    study = small_study(seeds=2, variations={"bn": {"network.batch_norm": True}})
    train(study, tmp_path / "one")
    train(study, tmp_path / "two", Workers(2))
    one, two = weights(tmp_path / "one"), weights(tmp_path / "two")
    assert len(one) == 8  # two settings, two seeds, at the last and the best epoch
    assert one == two


def test_a_record_says_what_was_trained_on_what(
    tmp_path: Path, small_study: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS")  # a worker sees to its number of threads itself
    monkeypatch.delenv("MKL_NUM_THREADS")
    train(small_study(epochs=2), tmp_path, Workers(1))
    facts = record(tmp_path, "l2").facts
    assert facts.status == "finished"
    assert facts.changes == {"optimizer.weight_decay": 0.01}
    assert (facts.data.source, facts.data.shape) == ("digits", (1, 16, 16))
    assert (facts.environment.threads, facts.environment.cpu_capability != "") == (1, True)
    assert (facts.retries, facts.resumes, facts.other_machines) == (0, 0, ())
    assert 50e6 < (facts.peak_memory or 0) < 1 << 30  # torch alone takes more than the first
    assert len(facts.study_digest or "") == 64
    assert facts.started <= facts.ended
    assert facts.network.layers[0] == "Conv-ReLU-MaxPool"
    assert 0 < facts.train_cpu_seconds < 60
    predictions = record(tmp_path, "l2").predictions
    assert predictions is not None and predictions.last is not None
    assert predictions.last.shape == (len(predictions.labels), 10)
    curves = record(tmp_path, "l2").curves
    assert len(curves.values("val_loss")) == 2
    assert len(curves.values("step_loss")) == 2 * -(-(facts.data.training or 0) // 64)


def test_what_is_done_is_not_trained_again_and_what_changed_is(
    tmp_path: Path, small_study: Build
) -> None:
    heard: list[Event] = []
    assert len(train(small_study(), tmp_path)) == 2
    assert train(small_study(), tmp_path, watch=heard.append) == []
    assert heard == [TrainingBegins(runs=2, left=0, epochs=0, jobs=1)]
    changed = small_study(variations={"l2": {"optimizer.weight_decay": 0.02}})
    assert [o.run.setting.name for o in train(changed, tmp_path)] == ["l2"]
    assert record(tmp_path, "l2").facts.changes == {"optimizer.weight_decay": 0.02}


def test_a_damaged_record_is_trained_again(tmp_path: Path, small_study: Build) -> None:
    train(small_study(), tmp_path)
    good = weights(tmp_path)
    file = run_folder(tmp_path, "l2", 0) / "curves.safetensors"
    file.write_bytes(file.read_bytes()[:-1])
    assert [o.run.setting.name for o in train(small_study(), tmp_path)] == ["l2"]
    assert weights(tmp_path) == good


def test_runs_that_fail_are_named_with_the_reason_and_the_others_go_on(
    tmp_path: Path,
    small_study: Build,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "odd_networks.py").write_text(textwrap.dedent(NETWORKS))
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    study = small_study(
        network="odd_networks:fine",
        variations={
            "killed": {"network": "odd_networks:killed"},
            "killed-once": {"network": "odd_networks:killed_once"},
            "broken": {"network": "odd_networks:Broken"},
            "diverges": {"optimizer": {"kind": "sgd", "lr": 1e30, "weight_decay": 1e30}},
            "last": {"optimizer.weight_decay": 0.01},
        },
    )
    heard: list[Event] = []
    outcomes = {
        o.run.setting.name: o for o in train(study, tmp_path / "out", Workers(1), heard.append)
    }
    assert {name: o.status for name, o in outcomes.items()} == {
        "baseline": "finished",
        "killed": "killed",
        "killed-once": "finished",
        "broken": "failed",
        "diverges": "failed",
        "last": "finished",
    }
    lost = "its process was killed by SIGKILL, probably out of memory"
    assert outcomes["killed"].message.startswith(f"{lost}, and again with no other worker")
    first = [WorkerKilled(name, 0, lost) for name in ("killed", "killed-once")]
    assert [e for e in heard if isinstance(e, WorkerKilled)] == first
    assert record(tmp_path / "out", "killed-once").facts.retries == 1
    assert "RuntimeError: it does not fit" in outcomes["broken"].message
    assert "diverges, seed 0: the training loss became" in outcomes["diverges"].message
    failure = record(tmp_path / "out", "diverges").facts.failure
    assert failure is not None
    assert (failure.epoch, failure.step) == (
        1,
        len(record(tmp_path / "out", "diverges").curves.values("step_loss")),
    )
    assert len([e for e in heard if isinstance(e, RunEnded)]) == 6
    printed = capfd.readouterr()  # by workers too
    assert printed.out == ""
    assert "printed by a network" in printed.err
    # A loss that left the numbers would do so again; the others deserve another try.
    again = Idle()
    train(study, tmp_path / "out", again)
    assert again.asked == ["killed", "broken"]


def test_a_run_that_fails_is_not_tried_again_by_the_same_session(
    tmp_path: Path, small_study: Build
) -> None:
    study = small_study(variations={"small": {"data.size": 8}})
    with session_of(study, tmp_path) as session:
        assert [o.status for o in session.train(all_seeds(study))] == ["finished", "failed"]
        assert session.train(all_seeds(study)) == []
    with session_of(study, tmp_path) as session:  # but by the next command
        assert [o.run.setting.name for o in session.train(all_seeds(study))] == ["small"]


def test_settings_that_see_the_same_images_share_one_array(small_study: Build) -> None:
    study = small_study(variations={"l2": {"optimizer.lr": 0.1}, "large": {"data.size": 24}})
    data = prepare_data(study, None, quiet)
    assert data["baseline"] is data["l2"]
    assert data["large"].dataset.shape == (1, 24, 24)
    assert (data["large"].dataset.splits.test == data["l2"].dataset.splits.test).all()
    assert {s.name for s in settings(study)} == set(data)
