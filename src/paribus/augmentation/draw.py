"""What each augmentation draws for the images of an epoch, each from a stream of its own.

What is drawn doesn't depend on how strong an augmentation is, so that settings which differ in
strength alone still share their luck.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from paribus.augmentation.policies import POLICY, SPACE, WIDE
from paribus.stream import stream
from paribus.study.augmentation import Augmentation, ColorJitter, RandomResizedCrop

Array = npt.NDArray[Any]

#: How often a part of the right size is looked for before the middle of the image is taken.
TRIES = 10


@dataclass(frozen=True)
class Draws:
    """What was drawn for n images in their order.

    Attributes:
        moves: (n, 3) whether each image is mirrored, its shift down, its shift right.
        others: of each other augmentation that is switched on, by its name, (n, ...) numbers.
    """

    moves: npt.NDArray[np.int64]
    others: Mapping[str, Array]

    def by_name(self, augmentation: Augmentation) -> dict[str, Array]:
        """What was drawn for each augmentation that is switched on."""
        flips, shifts = self.moves[:, 0], np.ascontiguousarray(self.moves[:, 1:])
        named = {"flip": np.ascontiguousarray(flips), "shift": shifts, "crop": shifts}
        return {name: {**named, **self.others}[name] for name in augmentation.on}

    def part(self, part: slice) -> "Draws":
        """What was drawn for some of the images."""
        return Draws(self.moves[part], {name: drawn[part] for name, drawn in self.others.items()})


def draw(
    augmentation: Augmentation, count: int, shape: tuple[int, int, int], seed: int, epoch: int
) -> Draws:
    """Draw for `count` images of `shape` (channels, height, width) in an epoch.

    Flips and shifts come from one stream, in which both are drawn whatever is switched on.
    """
    generator = stream(seed, "augmentation", epoch)
    moves = draw_moves(augmentation, count, generator)
    others = {}
    for name in augmentation.on:
        if name in _DRAWN:
            own = stream(seed, "augmentation", name, epoch)
            others[name] = _DRAWN[name](augmentation, count, shape[1:], own)
    return Draws(moves, others)


def draw_moves(
    augmentation: Augmentation, count: int, generator: np.random.Generator
) -> npt.NDArray[np.int64]:
    """(count, 3) integers: whether each image is mirrored, its shift down, its shift right.

    All are drawn even if switched off, so that settings with different augmentation still share
    their random numbers.
    """
    flip = generator.integers(0, 2, size=count)
    shift = generator.random(size=(count, 2)) * (2 * augmentation.padding + 1)
    moves = np.floor(shift).astype(np.int64) - augmentation.padding
    return np.column_stack([flip * augmentation.flip, moves])


Size = tuple[int, int]


def _cutout(_: Augmentation, count: int, size: Size, generator: np.random.Generator) -> Array:
    """(count, 2) row and column of each square's center."""
    return np.floor(generator.random((count, 2)) * size).astype(np.int64)


def _angles(of: Augmentation, count: int, _: Size, generator: np.random.Generator) -> Array:
    """(count,) degrees, counterclockwise."""
    return of.rotate * generator.uniform(-1, 1, count)


def _greys(of: Augmentation, count: int, _: Size, generator: np.random.Generator) -> Array:
    """(count,) whether each image loses its colors."""
    return generator.random(count) < of.grey


def _jitter(of: Augmentation, count: int, _: Size, generator: np.random.Generator) -> Array:
    """(count, 8): three factors and a shift of the hue, then in which order they come."""
    jitter = of.color_jitter or ColorJitter()
    widths = np.array([jitter.brightness, jitter.contrast, jitter.saturation])
    uniform = generator.random((count, 4))
    low, high = np.maximum(0, 1 - widths), 1 + widths
    factors = low + (high - low) * uniform[:, :3]
    hues = jitter.hue * (2 * uniform[:, 3:] - 1)
    order = np.argsort(generator.random((count, 4)), axis=1)
    return np.column_stack([factors, hues, order])


def _parts(of: Augmentation, count: int, size: Size, generator: np.random.Generator) -> Array:
    """(count, 4) top, left, height and width of the part of each image that is taken.

    As torchvision's RandomResizedCrop chooses it: the first of ten tries that fits, else the
    largest part in the middle whose ratio of sides is allowed.
    """
    crop, (height, width) = of.random_resized_crop or RandomResizedCrop(), size
    uniform = generator.random((count, TRIES, 2))
    low, high = crop.scale
    areas = height * width * (low + (high - low) * uniform[..., 0])
    first, last = map(math.log, crop.ratio)
    ratios = np.exp(first + (last - first) * uniform[..., 1])
    sides = np.rint(np.stack([np.sqrt(areas / ratios), np.sqrt(areas * ratios)], axis=-1))
    fits = ((sides > 0) & (sides <= (height, width))).all(axis=2)
    chosen = sides[np.arange(count), fits.argmax(axis=1)]
    places = np.floor(generator.random((count, 2)) * (np.subtract(size, chosen) + 1))
    middle = _middle(crop, height, width)
    boxes = np.where(fits.any(axis=1)[:, None], np.column_stack([places, chosen]), middle)
    return boxes.astype(np.int64)


def _middle(crop: RandomResizedCrop, height: int, width: int) -> Array:
    """Top, left, height and width of the largest part in the middle of an allowed ratio."""
    ratio = min(max(width / height, crop.ratio[0]), crop.ratio[1])
    h, w = (round(width / ratio), width) if ratio > width / height else (height, width)
    h, w = (height, round(height * ratio)) if ratio < width / height else (h, w)
    return np.array([(height - h) // 2, (width - w) // 2, h, w])


def _randaugment(of: Augmentation, count: int, _: Size, generator: np.random.Generator) -> Array:
    """(count, n, 2) the number of each change, and whether its sign is turned."""
    times = of.randaugment.n if of.randaugment else 0
    # One after the other, so that a setting with more changes has those of one with fewer.
    rounds = [
        np.column_stack(
            [generator.integers(len(SPACE), size=count), generator.integers(2, size=count)]
        )
        for _ in range(times)
    ]
    return np.stack(rounds, axis=1)


def _trivialaugment(_: Augmentation, count: int, __: Size, generator: np.random.Generator) -> Array:
    """(count, 3) the number of the change, its strength (0 to 30), whether its sign is turned."""
    limits = np.array([len(WIDE), 31, 2])
    return generator.integers(limits, size=(count, 3))


def _autoaugment(_: Augmentation, count: int, __: Size, generator: np.random.Generator) -> Array:
    """(count, 5) the pair of changes, a uniform number for each, and whether signs are turned."""
    pairs = generator.integers(len(POLICY), size=count)
    return np.column_stack(
        [pairs, generator.random((count, 2)), generator.integers(2, size=(count, 2))]
    )


_DRAWN = {
    "cutout": _cutout,
    "random_resized_crop": _parts,
    "rotate": _angles,
    "color_jitter": _jitter,
    "grey": _greys,
    "randaugment": _randaugment,
    "trivialaugment": _trivialaugment,
    "autoaugment": _autoaugment,
}
