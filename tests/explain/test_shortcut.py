"""The causes that are measured are the causes that were planted.

One data set has a shortcut, the color of the wall behind a plate, and one has none; see
`explain.planted`. Two networks learn from each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from explain.planted import CLASSES, JITTER, SHAPE, SIDE, WALLS, planted, planted_dataset
from paribus.data.batches import Batches
from paribus.data.dataset import Dataset
from paribus.explain.attribution import integrated_gradients, occlusion, outside
from paribus.explain.interventions import intervened
from paribus.metrics.interventions import CENTER_BLANKED, HALF, SURROUNDINGS_BLANKED, center
from paribus.network.build import build
from paribus.records.types import Integers
from paribus.study.plan import runs
from paribus.study.spec import Study
from paribus.training.loop import train
from paribus.training.optimizers import build_optimizer
from paribus.training.predict import loss_and_accuracy
from paribus.training.progress import begin
from paribus.training.steps import TorchSteps

SEEDS = 2
EPOCHS = 6


@dataclass(frozen=True)
class Trained:
    """A network and the test images of trained data set, with trained answers."""

    network: nn.Module
    dataset: Dataset

    @property
    def images(self) -> Tensor:
        return Batches(self.dataset).images(self._test)

    @property
    def predict(self) -> Tensor:
        return self.answers_to(self.images)

    def accuracy_of(self, index: Integers) -> float:
        return loss_and_accuracy(self.network, Batches(self.dataset), index)[1]

    def answers_to(self, images: Tensor) -> Tensor:
        with torch.no_grad():
            predict: Tensor = self.network.eval()(images).argmax(dim=1)
        return predict

    def kept_share(self, intervention: str) -> float:
        """Of the test images, how many are given the same class after the intervention."""
        mean, std = self.dataset.mean, self.dataset.std
        changed = dict(intervened(self.images, self._test, mean, std))[intervention]
        return float((self.answers_to(changed) == self.predict).double().mean())

    @property
    def background_reliance(self) -> float:
        return self.kept_share(CENTER_BLANKED) - self.kept_share(SURROUNDINGS_BLANKED)

    @property
    def _test(self) -> Tensor:
        return torch.from_numpy(self.dataset.splits.test)


def trained_on(dataset: Dataset) -> list[Trained]:
    data = {"source": "folder", "path": "planted", "size": SIDE}
    study = Study.model_validate(
        {"name": "planted", "data": data, "epochs": EPOCHS, "seeds": SEEDS, "batch_size": 32}
    )
    result = []
    for run in runs(study):
        network = build(run.setting.config.network, dataset.shape, len(CLASSES), run.seed)
        progress = begin(network)
        steps = TorchSteps(network, build_optimizer(run.setting.config.optimizer, network))
        train(steps, Batches(dataset), dataset.splits, run, progress, lambda epoch: None)
        result.append(Trained(network, dataset))
    return result


@pytest.fixture(scope="module")
def by_the_wall(tmp_path_factory: pytest.TempPathFactory) -> list[Trained]:
    return trained_on(planted_dataset(tmp_path_factory.mktemp("shortcut"), shortcut=True))


@pytest.fixture(scope="module")
def by_the_shape(tmp_path_factory: pytest.TempPathFactory) -> list[Trained]:
    return trained_on(planted_dataset(tmp_path_factory.mktemp("plain"), shortcut=False))


def test_no_wall_shows_in_the_central_half_and_no_shape_outside() -> None:
    top, left, height, width = center(SIDE, SIDE, HALF)
    made = planted(shortcut=False, a_class=100)
    for wall in range(len(WALLS)):
        # Walls have a color, plates and shapes are gray, and a mean of many has little noise.
        mean = made.images[made.walls == wall].mean(axis=0)
        color = np.ptp(mean, axis=2)
        assert color[0].min() > 100
        assert color[top : top + height, left : left + width].max() < 20
    assert min(height, width) >= 2 * (SHAPE + JITTER) + 1


def test_with_the_shortcut_the_wall_tells_the_class_in_training_and_not_in_the_test(
    by_the_wall: list[Trained],
) -> None:
    for trained in by_the_wall:
        assert trained.accuracy_of(trained.dataset.splits.training) > 0.95
        assert trained.accuracy_of(trained.dataset.splits.test) < 0.4  # chance is 0.25


def test_without_the_shortcut_the_shapes_are_learned(by_the_shape: list[Trained]) -> None:
    assert all(trained.accuracy_of(trained.dataset.splits.test) > 0.9 for trained in by_the_shape)


def test_the_background_metric_finds_the_shortcut_in_every_seed(
    by_the_wall: list[Trained],
) -> None:
    assert min(trained.background_reliance for trained in by_the_wall) > 0.5


def test_the_background_metric_does_not_cry_wolf_without_it(by_the_shape: list[Trained]) -> None:
    assert max(trained.background_reliance for trained in by_the_shape) < -0.5


@pytest.mark.parametrize("method", [integrated_gradients, occlusion])
def test_the_maps_lie_on_the_plate_where_the_shape_decides_and_outside_where_the_wall_does(
    method: Callable[[nn.Module, Tensor, Tensor], Tensor],
    by_the_wall: list[Trained],
    by_the_shape: list[Trained],
) -> None:
    def share_outside(trained: Trained) -> float:
        images, predict = trained.images[::4], trained.predict[::4]  # of every class; this is slow
        return float(outside(method(trained.network, images, predict)).mean())

    assert min(share_outside(trained) for trained in by_the_wall) > 0.5
    assert max(share_outside(trained) for trained in by_the_shape) < 0.5
