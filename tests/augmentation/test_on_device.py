"""A GPU's way to batches: the same bits as the processor's, and nothing that waits for the GPU.

There is none here: the way is taken in the processor's memory.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from paribus.augmentation.batch import Epoch
from paribus.augmentation.draw import Draws, draw
from paribus.augmentation.moves import cut_out, moved
from paribus.augmentation.on_device import Moves
from paribus.data.batches import Batches
from paribus.data.dataset import Dataset, prepare
from paribus.study.augmentation import Augmentation
from paribus.study.data import Digits

CPU = torch.device("cpu")
MOVES = st.tuples(st.integers(0, 1), st.integers(-9, 9), st.integers(-9, 9))


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return prepare(Digits(source="digits", size=(16, 12)))[0]


@given(st.lists(MOVES, min_size=1, max_size=5), st.integers(0, 8), st.integers(1, 3))
def test_images_are_flipped_shifted_and_cut_out_as_on_the_processor(
    drawn: list[tuple[int, int, int]], side: int, channels: int
) -> None:
    moves = np.array(drawn)
    images = torch.randn(len(moves), channels, 6, 8)
    centers = np.stack([np.abs(moves[:, 1]) % 6, np.abs(moves[:, 2]) % 8], axis=1)
    draws = Draws(moves, {"cutout": centers} if side else {})
    expected = moved(images.clone(), moves)
    expected = cut_out(expected, centers, side) if side else expected
    assert torch.equal(Moves.of(draws, side, CPU).applied(images), expected)


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"flip": True},
        {"crop": 3, "flip": True, "cutout": 5},
        {"shift": 2},
        {"trivialaugment": True, "rotate": 20.0, "cutout": 3},
        {"random_resized_crop": True, "flip": True},
    ],
)
def test_all_batches_of_an_epoch_have_the_same_bits(keys: dict[str, Any], digits: Dataset) -> None:
    augmentation, order = Augmentation(**keys), np.random.default_rng(0).permutation(100)
    draws = draw(augmentation, len(order), digits.shape, seed=0, epoch=1)
    parts = [slice(0, 30), slice(30, 60), slice(60, 100)]

    def every(is_apart: bool) -> list[tuple[Tensor, Tensor]]:
        batches = Batches(digits)
        batches.is_apart = is_apart
        made = Epoch(batches, order, parts, augmentation, draws)
        return [(images.clone(), labels) for images, labels in made]

    for here, there in zip(every(False), every(True), strict=True):
        assert torch.equal(here[0], there[0])
        assert torch.equal(here[1], there[1])


def test_an_epoch_that_is_given_up_leaves_no_thread(digits: Dataset) -> None:
    augmentation = Augmentation(trivialaugment=True)
    draws = draw(augmentation, 20, digits.shape, seed=0, epoch=1)
    batches = Batches(digits)
    batches.is_apart = True
    parts = [slice(0, 10), slice(10, 20)]
    made = Epoch(batches, np.arange(20), parts, augmentation, draws)
    some = iter(made)
    next(some)
    some.close()  # type: ignore[attr-defined]  # it is a generator
