"""Change test images on purpose: what a network then says tells what it looked at.

Images are normalized, (n, channels, height, width), 0 being the training images' mean
color. What a change draws depends on an image's number alone, so that every network of every
seed and setting sees the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache, lru_cache

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad

from paribus.metrics.interventions import center, interventions
from paribus.records.types import Integers
from paribus.streams import stream

#: Standard deviation, as a share of the side, of a blur that leaves nothing to recognize.
UNRECOGNISABLE = 0.25
#: Red, green and blue in the brightness of a color (luma of ITU-R BT.601).
LUMA = (0.299, 0.587, 0.114)
#: Down and right; images are moved in one after the other by their numbers.
DIRECTIONS = ((-1, 0), (0, 1), (1, 0), (0, -1))

Floats = Sequence[float]


def intervene(name: str, images: Tensor, index: Tensor, mean: Floats, std: Floats) -> Tensor:
    """Images after the change `name`; `images` stay as they are.

    Args:
        name: one of `paribus.metrics.interventions.interventions`.
        images: (n, channels, height, width), normalized.
        index: (n,) the images' numbers in their source.
        mean, std: per channel, of the training images scaled to 0..1.

    Raises:
        ValueError: if images of so many channels know no such change.
    """
    return _changed(name, images, index, mean, std, lambda: _unrecognizable(images))


def intervened(
    images: Tensor, index: Tensor, mean: Floats, std: Floats
) -> Iterator[tuple[str, Tensor]]:
    """Each change's name and the images after it, as `intervene` gives them.

    The blurred images, that many changes fill with, are made once for all of them. A few
    hundred images at a time stay in the processor's cache: that is more than twice as fast.
    """
    blurred = _unrecognizable(images)
    for its in interventions(images.shape[1]):
        yield its.name, _changed(its.name, images, index, mean, std, lambda: blurred)


def _changed(
    name: str,
    images: Tensor,
    index: Tensor,
    mean: Floats,
    std: Floats,
    blurred: Callable[[], Tensor],
) -> Tensor:
    match name.split("-"):
        case ["center" | "surroundings" as part, "blanked", area, fill]:
            filling = blurred() if fill == "blur" else torch.zeros_like(images)
            before, after = (images, filling) if part == "center" else (filling, images)
            return _pasted(before, after, int(area))
        case ["gray"] if images.shape[1] == 3:
            return _gray(images, mean, std)
        case ["shift", percent]:
            return _shifted(images, index, int(percent) / 100)
        case ["blur", percent]:
            return _blurred(images, int(percent) / 100)
        case ["shuffle", patches]:
            return _shuffled(images, index, int(patches))
        case _:
            names = ", ".join(its.name for its in interventions(images.shape[1]))
            raise ValueError(f"a change out of {names} is expected; {name} came")


def _pasted(below: Tensor, above: Tensor, area: int) -> Tensor:
    """The center of `above` on `below`."""
    top, left, height, width = center(below.shape[2], below.shape[3], area)
    middle = (..., slice(top, top + height), slice(left, left + width))
    result = below.clone()
    result[middle] = above[middle]
    return result


def _gray(images: Tensor, mean: Floats, std: Floats) -> Tensor:
    """Every pixel in the gray of its brightness, worked out before normalizing."""
    # As in `paribus.data.batches`: a channel may never vary.
    scale = torch.tensor(std, dtype=images.dtype).clamp(min=1e-6).view(-1, 1, 1)
    offset = torch.tensor(mean, dtype=images.dtype).view(-1, 1, 1)
    luma = torch.tensor(LUMA, dtype=images.dtype).view(-1, 1, 1)
    brightness = ((images * scale + offset) * luma).sum(dim=1, keepdim=True)
    return (brightness - offset) / scale


# ---- position -------------------------------------------------------------------------------


def _shifted(images: Tensor, index: Tensor, share: float) -> Tensor:
    """Moved by a share of the side, at least a pixel; what is uncovered is 0."""
    rows, columns = (max(1, round(side * share)) for side in images.shape[2:])
    result = torch.empty_like(images)
    for turn, (down, right) in enumerate(DIRECTIONS):
        its = index % len(DIRECTIONS) == turn
        y, x = down * rows, right * columns
        result[its] = pad(images[its], (x, -x, y, -y))  # a negative margin is cut off
    return result


# ---- resolution -----------------------------------------------------------------------------


def _unrecognizable(images: Tensor) -> Tensor:
    return _blurred(images, UNRECOGNISABLE)


def _blurred(images: Tensor, share: float) -> Tensor:
    """Under a Gaussian whose standard deviation is a share of the shorter side."""
    height, width = images.shape[2:]
    deviation = share * min(height, width)
    vertical, horizontal = (_gaussian(side, deviation) for side in (height, width))
    return vertical.to(images.dtype) @ images @ horizontal.to(images.dtype).T


@cache
def _gaussian(side: int, deviation: float) -> Tensor:
    """The matrix (side, side) that blurs a line of pixels mirrored at both of its ends.

    A mirrored line repeats after twice its length, forwards and backwards. The deviation is at
    most a quarter of the side, so that the next repetitions are the last ones to count.
    """
    pixel = torch.arange(side, dtype=torch.float64)
    turns = 2 * side * torch.arange(-1, 2, dtype=torch.float64).view(-1, 1, 1)
    forwards = pixel[:, None] - pixel + turns
    backwards = pixel[:, None] + pixel + 1 + turns
    weights = sum(torch.exp(-((d / deviation) ** 2) / 2).sum(dim=0) for d in (forwards, backwards))
    assert isinstance(weights, Tensor)
    return weights / weights.sum(dim=1, keepdim=True)


# ---- texture --------------------------------------------------------------------------------


def _shuffled(images: Tensor, index: Tensor, patches: int) -> Tensor:
    """Cut into patches x patches, or single pixels of smaller images, that change places.

    Where a side can't be divided, the few pixels left over at its ends stay where they are.
    """
    height, width = images.shape[2:]
    down, right = min(patches, height), min(patches, width)
    tall, wide = height // down, width // right  # a patch, in pixels
    top, left = height % down // 2, width % right // 2
    middle = (..., slice(top, top + down * tall), slice(left, left + right * wide))
    # For every place of every image, the number of the pixel that comes there.
    pixels = torch.arange(height * width).view(height, width)
    source = pixels.expand(len(images), -1, -1).clone()
    cut = pixels[middle].view(down, tall, right, wide).transpose(1, 2).flatten(0, 1)
    orders = np.stack([_order(number, down * right) for number in index.tolist()])
    moved = cut[torch.from_numpy(orders)].view(-1, down, right, tall, wide).transpose(2, 3)
    source[middle] = moved.reshape(len(images), down * tall, right * wide)
    return images.flatten(2).take_along_dim(source.flatten(1)[:, None], dim=2).view_as(images)


@lru_cache(maxsize=50_000)  # a worker asks for the same images' with every network
def _order(number: int, patches: int) -> Integers:
    """Which patch of image `number` comes to each place: never the one that was there.

    Each patch goes to the place of the next in a circle through all of them.
    """
    circle = stream(0, "shuffle", number, patches).permutation(patches)
    order = np.empty(patches, np.int64)
    order[circle] = np.roll(circle, 1)
    return order
