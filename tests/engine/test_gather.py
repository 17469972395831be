"""One pass over the bytes gives the bits that several give."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from paribus.augmentation import batch
from paribus.augmentation.batch import augmented
from paribus.augmentation.draw import draw
from paribus.data.batches import Batches
from paribus.data.dataset import Dataset
from paribus.data.splits import Splits
from paribus.engine.gather import gather
from paribus.records.types import DataFindings
from paribus.study.augmentation import Augmentation

pytestmark = pytest.mark.usefixtures("engine")


def images_of(count: int, channels: int, height: int, width: int) -> Batches:
    generator = np.random.default_rng(0)
    return Batches(
        Dataset(
            images=generator.integers(0, 256, (count, channels, height, width), dtype=np.uint8),
            labels=np.zeros(count, np.int64),
            splits=Splits(*[np.arange(count)] * 3),
            classes=("a", "b"),
            mean=tuple(generator.random(channels).tolist()),
            std=tuple((0.1 + generator.random(channels)).tolist()),
            source="noise",
            fingerprint="",
            folder=Path(),
            findings=DataFindings(),
        )
    )


@given(
    count=st.integers(1, 9),
    channels=st.sampled_from([1, 3]),
    height=st.integers(4, 20),
    width=st.integers(4, 20),
    flip=st.booleans(),
    crop=st.integers(0, 25),
    cutout=st.integers(0, 30),
    grey=st.sampled_from([0.0, 0.5]),
    epoch=st.integers(1, 1000),
)
def test_the_bits_are_those_of_torch(
    count: int,
    channels: int,
    height: int,
    width: int,
    flip: bool,
    crop: int,
    cutout: int,
    grey: float,
    epoch: int,
) -> None:
    of = Augmentation(flip=flip, crop=crop, cutout=cutout, grey=grey)
    batches = images_of(12, channels, height, width)
    index = torch.from_numpy(np.random.default_rng(epoch).permutation(12)[:count])
    draws = draw(of, count, (channels, height, width), 0, epoch)
    ours = augmented(batches, index, of, draws)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batch, "can_gather", lambda: False)
        expected = augmented(batches, index, of, draws)
    assert torch.equal(ours, expected)


def test_memory_that_was_there_is_written_into() -> None:
    batches, of = images_of(12, 3, 8, 8), Augmentation(crop=2)
    buffer = batches.buffer(7)
    draws = draw(of, 5, (3, 8, 8), 0, 1)
    written = augmented(batches, torch.arange(5), of, draws, buffer)
    assert written.data_ptr() == buffer.data_ptr() and written.shape == (5, 3, 8, 8)


def test_what_does_not_fit_is_refused() -> None:
    batches, moves = images_of(4, 3, 8, 8), np.zeros((2, 3), np.int64)
    index, to = torch.arange(2), batches.buffer(2)
    gather(batches.every, index, batches.values, moves, None, 0, to)
    for wrong in (
        (batches.every.float(), index, batches.values, moves, None, 0, to),
        (batches.every, index, batches.values[:2], moves, None, 0, to),
        (batches.every, index, batches.values, moves[:1], None, 0, to),
        (batches.every, index, batches.values, moves, moves[:, :1], 3, to),
        (batches.every, index, batches.values, moves, None, 0, to[:1]),
        (batches.every, index, batches.values, moves, None, 0, to[..., :4]),
    ):
        with pytest.raises(ValueError, match="fit each other"):
            gather(*wrong)
    for outside in (-1, 4):
        with pytest.raises(ValueError, match="from 0 to 3"):
            gather(batches.every, torch.tensor([0, outside]), batches.values, moves, None, 0, to)
