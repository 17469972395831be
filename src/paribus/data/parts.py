"""The parts of a data set, and what follows from which images are in them."""

import math

import numpy as np

from paribus.data.images import Originals
from paribus.data.pixels import Bytes
from paribus.data.splits import PARTS, Splits, split
from paribus.records.types import Integers
from paribus.study.data import Data, Published, Stl10


def drawn_splits(data: Data, originals: Originals, seed: int = 0) -> Splits:
    """The parts of a source, drawn from `seed` as far as it leaves them open.

    Raises:
        DataError: a class is left without an image in one of the parts.
    """
    labels, part, classes = originals.labels, originals.part, originals.classes
    if isinstance(data, Stl10):
        # The 800 test images of each class give both parts, as in the reference study.
        return split(
            labels,
            part,
            data.validation,
            None,
            classes=classes,
            validation_from="test",
            seed=seed,
        )
    # A published set has its own test images.
    test = None if isinstance(data, Published) else data.test
    group = originals.group
    return split(labels, part, data.validation, test, classes=classes, group=group, seed=seed)


def part_numbers(data: Data, originals: Originals) -> Bytes:
    """(n,) the place of each image's part in `PARTS`; raises DataError where images are too few."""
    return numbered(drawn_splits(data, originals), len(originals.labels))


def numbered(splits: Splits, images: int) -> Bytes:
    """(n,) the place of each image's part in `PARTS`; behind them that of an image in none."""
    part = np.full(images, len(PARTS), np.uint8)
    for number, index in enumerate((splits.training, splits.validation, splits.test)):
        part[index] = number
    return part


def moments(images: Bytes, index: Integers) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each channel, scaled to 0..1.

    Computed in integers until the last step, so that every machine gets the same bits.
    """
    counts = np.zeros((images.shape[1], 256), np.int64)
    for some in np.array_split(index, 1 + len(index) // 500):  # never all in memory
        for channel, pixels in enumerate(np.moveaxis(images[some], 1, 0)):
            counts[channel] += np.bincount(pixels.ravel(), minlength=256)
    levels = np.arange(256)
    n = int(counts[0].sum())
    sums = (counts @ levels).tolist()
    squares = (counts @ levels**2).tolist()
    mean = tuple(s / (255 * n) for s in sums)
    std = tuple(math.sqrt(n * q - s * s) / (255 * n) for s, q in zip(sums, squares, strict=True))
    return mean, std
