"""Networks as people write them, each with one habit: trained, and analyzed like any other."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from faults.here import Here, in_this_process
from faults.small import draw_images
from paribus.events import Event, NetworkNoticed, quiet
from paribus.execution.place import Outcome
from paribus.execution.session import open_networks, prepare_data
from paribus.log import read_log, says
from paribus.records.analyses import read_interventions
from paribus.study.networks import OwnNetwork
from paribus.study.spec import Study
from sessions import all_seeds, session_of

NETWORKS = """
import warnings

import torch
from torch import nn
from torch.nn import functional as F


def plain(channels, height, width, classes):
    return nn.Sequential(
        nn.Conv2d(channels, 4, 3), nn.GELU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(),
        nn.Linear(16, classes),
    )


def lazy(channels, height, width, classes):
    return nn.Sequential(nn.LazyConv2d(4, 3), nn.GELU(), nn.Flatten(), nn.LazyLinear(classes))


class Own(nn.Module):
    def __init__(self, **shape):
        super().__init__()
        self.net = plain(**shape)
        self.mask = None

    def forward(self, images):
        return self.net(images)


class Masked(Own):
    "Makes a mask at its first forward pass and keeps it for itself."

    def forward(self, images):
        if self.mask is None:
            self.mask = torch.ones_like(images[:1])
        return self.net(images.requires_grad_() * self.mask)


class MaskedBuffer(nn.Module):
    "The same, among its buffers, behind a layer."

    def __init__(self, channels, height, width, classes):
        super().__init__()
        self.conv, self.head = nn.Conv2d(channels, 4, 3), nn.Linear(4, classes)
        self.register_buffer("mask", None)

    def forward(self, images):
        seen = F.gelu(self.conv(images))
        if self.mask is None:
            self.mask = torch.ones_like(seen[:1])
        return self.head((seen * self.mask).mean((2, 3)))


class Scaled(Own):
    def forward(self, images):
        return self.net(images.mul(-2.0).add(3.0))


class ScaledInPlace(Own):
    def forward(self, images):
        return self.net(images.mul_(-2.0).add_(3.0))


class Bfloat16(Own):
    "Weights in bfloat16 throughout."

    def __init__(self, **shape):
        super().__init__(**shape)
        self.net.bfloat16()

    def forward(self, images):
        return self.net(images.bfloat16()).float()


def compiled(**shape):
    return torch.compile(plain(**shape), backend="eager")


def softmaxed(**shape):
    return nn.Sequential(plain(**shape), nn.Softmax(dim=1))


def scripted(**shape):
    with warnings.catch_warnings(action="ignore"):  # deprecated, and still in use
        return torch.jit.script(plain(**shape))
"""

FINE = ["lazy", "Masked", "MaskedBuffer", "Bfloat16", "compiled"]


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_images(tmp_path_factory.mktemp("own") / "images")


@pytest.fixture(autouse=True)
def declared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "habits.py").write_text(NETWORKS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    importlib.invalidate_caches()
    yield
    for name in ("habits", "wrapped"):
        sys.modules.pop(name, None)


def study_of(images: Path, *names: str) -> Study:
    baseline, *others = (f"habits:{name}" for name in names)
    return Study.model_validate(
        {
            "name": "habits",
            "data": {"source": "folder", "path": str(images), "size": 16},
            "network": baseline,
            "epochs": 2,
            "seeds": 1,
            "batch_size": 8,
            "engine": "torch",
            "variations": {f"other{n}": {"network": kind} for n, kind in enumerate(others)},
        }
    )


def trained_and_analyzed(study: Study, out: Path) -> list[Outcome]:
    with session_of(study, out) as session:
        return [*session.train(all_seeds(study)), *session.analyze()]


@pytest.mark.parametrize("name", FINE)
def test_a_network_of_any_habit_is_trained_and_analyzed(
    name: str, images: Path, tmp_path: Path
) -> None:
    outcomes = trained_and_analyzed(study_of(images, name), tmp_path / "out")
    assert [(one.status, one.message) for one in outcomes] == [("finished", "")] * 2


def test_a_network_that_changes_its_input_in_place_is_analyzed_like_one_that_does_not(
    images: Path, tmp_path: Path
) -> None:
    study = study_of(images, "Scaled", "ScaledInPlace")
    with session_of(study, tmp_path / "out") as session:
        session.train(all_seeds(study))
        session.analyze()
        kept = [read_interventions(session.out, record) for record in session.records()]
    one, other = kept
    assert one is not None and other is not None
    np.testing.assert_array_equal(one.outside, other.outside)
    for name, predicted in one.predicted.items():
        np.testing.assert_array_equal(predicted, other.predicted[name])


def test_of_a_scripted_network_what_is_missing_is_said(images: Path, tmp_path: Path) -> None:
    trained, analyzed = trained_and_analyzed(study_of(images, "scripted"), tmp_path / "out")
    assert trained.message == ""
    assert "Return the network without scripting it" in analyzed.message


def test_what_is_noticed_stands_in_the_log_and_in_the_record(images: Path, tmp_path: Path) -> None:
    study, out, heard = study_of(images, "softmaxed"), tmp_path / "out", list[Event]()
    with (
        in_this_process(),
        open_networks(
            study, out, Here(1), prepare_data(study, None, quiet), heard.append
        ) as session,
    ):
        session.train(all_seeds(study))
        (record,) = session.records()
    assert record.facts.network.probabilities
    (event,) = (event for event in heard if isinstance(event, NetworkNoticed))
    assert says(event) in [entry["says"] for entry in read_log(out)]


def test_a_run_is_trained_again_when_a_module_changed_that_its_network_imports(
    images: Path, tmp_path: Path
) -> None:
    (tmp_path / "wrapped.py").write_text(
        "import habits\ndef plain(**shape):\n    return habits.plain(**shape)\n"
    )
    study = study_of(images, "plain").model_copy(
        update={"network": OwnNetwork(kind="wrapped:plain")}
    )
    ended = []
    for changed in ("", "", "\n# changed\n"):
        (tmp_path / "habits.py").write_text(NETWORKS + changed)
        with session_of(study, tmp_path / "out") as session:
            ended.append(len(session.train(all_seeds(study))))
    assert ended == [1, 0, 1]
