"""The sheet of a setting's training images is what its first run's first steps see."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from paribus.data.batches import Batches
from paribus.data.dataset import Dataset, prepare
from paribus.network.build import build
from paribus.study.data import Digits
from paribus.study.plan import runs
from paribus.study.spec import Study
from paribus.training.loop import train
from paribus.training.optimizers import build_optimizer
from paribus.training.progress import begin
from paribus.training.sheet import ACROSS, DOWN, GAP, first_batch
from paribus.training.steps import TorchSteps


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return prepare(Digits(source="digits", size=16))[0]


@pytest.mark.parametrize(
    "keys",
    [
        {"augmentation": {"crop": 3, "flip": True, "cutout": 5}},
        {"augmentation": {"trivialaugment": True, "rotate": 20.0}},
        {"mixup": 0.4},
        {"cutmix": 1.0, "augmentation": {"crop": 2}},
    ],
)
def test_it_shows_what_the_first_step_sees(
    keys: dict[str, Any], digits: Dataset, small_study: Callable[..., Study]
) -> None:
    run = runs(small_study(epochs=1, **keys))[0]
    config = run.setting.config
    network = build(config.network, digits.shape, len(digits.classes), run.seed)
    seen: list[Tensor] = []

    class Watched(TorchSteps):
        def step(self, images: Tensor, labels: Tensor) -> float | Tensor:
            seen.append(images.clone())
            return super().step(images, labels)

    steps = Watched(network, build_optimizer(config.optimizer, network))
    batches = Batches(digits)
    train(steps, batches, digits.splits, run, begin(network), lambda epoch: None)
    expected = batches.as_bytes(seen[0][: ACROSS * DOWN]).numpy()
    sheet = first_batch(config, digits, run.seed)
    assert sheet.shape == (2 * 16 + GAP, 8 * (16 + GAP) - GAP, 1)
    for n, image in enumerate(expected):
        top, left = n // ACROSS * (16 + GAP), n % ACROSS * (16 + GAP)
        shown = sheet[top : top + 16, left : left + 16, 0]
        assert np.array_equal(shown, image[0])


def test_bytes_come_back_as_they_were(digits: Dataset) -> None:
    batches, index = Batches(digits), torch.arange(50)
    assert torch.equal(batches.as_bytes(batches.images(index)), batches.pixels(index))
