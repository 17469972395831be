"""Interventions: changed test images, whose predictions show what a network relies on.

Images are normalized, (n, channels, height, width); 0 is the training images' mean color. Random
changes depend on an image's number alone, so that all networks see the same images.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad

from paribus.metrics.interventions import center, interventions
from paribus.records.types import Integers
from paribus.stream import stream

#: Standard deviation, as a share of the side, of a blur that leaves nothing to recognize.
UNRECOGNIZABLE = 0.25
#: Weights of red, green and blue in brightness (luma of ITU-R BT.601).
LUMA = (0.299, 0.587, 0.114)
#: (down, right) of shifts; an image's number decides which one it gets.
DIRECTIONS = ((-1, 0), (0, 1), (1, 0), (0, -1))

Floats = Sequence[float]


def intervened(
    images: Tensor, index: Tensor, mean: Floats, std: Floats
) -> Iterator[tuple[str, Tensor]]:
    """The name of each of `paribus.metrics.interventions` and copies of the images after it.

    Call it with a few hundred images at a time: they stay in the processor's cache, which is
    twice as fast.

    Args:
        index: (n,) the images' numbers in their source.
        mean, std: per channel, of the training images scaled to 0..1.
    """
    fills = {"blur": _blurred(images, UNRECOGNIZABLE), "mean": torch.zeros_like(images)}
    for change in interventions(images.shape[1]):
        if change.name == "gray":
            yield change.name, _gray(images, mean, std)
        else:
            yield change.name, _changed(change.name, images, index, fills)


def _changed(name: str, images: Tensor, index: Tensor, fills: Mapping[str, Tensor]) -> Tensor:
    match name.split("-"):
        case ["center" | "surroundings" as part, "blanked", area, fill]:
            below, above = (images, fills[fill]) if part == "center" else (fills[fill], images)
            return _pasted(below, above, int(area))
        case ["shift", percent]:
            return _shifted(images, index, int(percent) / 100)
        case ["blur", percent]:
            return _blurred(images, int(percent) / 100)
        case ["shuffle", patches]:
            return _shuffled(images, index, int(patches))
    raise NotImplementedError(name)


def _pasted(below: Tensor, above: Tensor, area: int) -> Tensor:
    """The center of `above` on `below`."""
    top, left, height, width = center(below.shape[2], below.shape[3], area)
    middle = (..., slice(top, top + height), slice(left, left + width))
    result = below.clone()
    result[middle] = above[middle]
    return result


def _gray(images: Tensor, mean: Floats, std: Floats) -> Tensor:
    """Every pixel as the gray of its brightness before normalizing."""
    # As in `paribus.data.batches`: a channel may be constant.
    scale = images.new_tensor(std).clamp(min=1e-6).view(-1, 1, 1)
    offset = images.new_tensor(mean).view(-1, 1, 1)
    luma = images.new_tensor(LUMA).view(-1, 1, 1)
    brightness = ((images * scale + offset) * luma).sum(dim=1, keepdim=True)
    return (brightness - offset) / scale


def _shifted(images: Tensor, index: Tensor, share: float) -> Tensor:
    """Shifted by a share of the side, at least a pixel; what is uncovered is 0."""
    rows, columns = (max(1, round(side * share)) for side in images.shape[2:])
    result = torch.empty_like(images)
    for turn, (down, right) in enumerate(DIRECTIONS):
        its = np.flatnonzero(index.numpy() % len(DIRECTIONS) == turn)
        chosen = torch.from_numpy(its).to(images.device)
        y, x = down * rows, right * columns
        result[chosen] = pad(images[chosen], (x, -x, y, -y))  # negative padding crops
    return result


def _blurred(images: Tensor, share: float) -> Tensor:
    """Gaussian blur with a standard deviation given as a share of the shorter side."""
    height, width = images.shape[2:]
    deviation = share * min(height, width)
    vertical, horizontal = (_gaussian(side, deviation) for side in (height, width))
    return vertical.to(images) @ images @ horizontal.to(images).T


@cache
def _gaussian(side: int, deviation: float) -> Tensor:
    """The matrix (side, side) that blurs a line of pixels mirrored at both ends.

    A mirrored line repeats after twice its length, forward and backward. The deviation is at
    most a quarter of the side, so one repetition in each direction is enough.
    """
    pixel = torch.arange(side, dtype=torch.float64)
    turns = 2 * side * torch.arange(-1, 2, dtype=torch.float64).view(-1, 1, 1)
    forward = pixel[:, None] - pixel + turns
    backward = pixel[:, None] + pixel + 1 + turns
    weights = sum(torch.exp(-((d / deviation) ** 2) / 2).sum(dim=0) for d in (forward, backward))
    assert isinstance(weights, Tensor)
    return weights / weights.sum(dim=1, keepdim=True)


def _shuffled(images: Tensor, index: Tensor, patches: int) -> Tensor:
    """Cut into patches x patches (at least a pixel each) that change places.

    Pixels left over at the ends of a side stay in place.
    """
    height, width = images.shape[2:]
    down, right = min(patches, height), min(patches, width)
    tall, wide = height // down, width // right  # a patch, in pixels
    top, left = height % down // 2, width % right // 2
    middle = (..., slice(top, top + down * tall), slice(left, left + right * wide))
    # For every position of every image, the number of the pixel that moves there.
    pixels = torch.arange(height * width).view(height, width)
    source = pixels.expand(len(images), -1, -1).clone()
    cut = pixels[middle].view(down, tall, right, wide).transpose(1, 2).flatten(0, 1)
    orders = np.stack([_order(number, down * right) for number in index.tolist()])
    moved = cut[torch.from_numpy(orders)].view(-1, down, right, tall, wide).transpose(2, 3)
    source[middle] = moved.reshape(len(images), down * tall, right * wide)
    places = source.flatten(1)[:, None].to(images.device)
    return images.flatten(2).take_along_dim(places, dim=2).view_as(images)


@lru_cache(maxsize=50_000)  # the same images come with every network
def _order(number: int, patches: int) -> Integers:
    """Which patch of image `number` moves to each place; none stays.

    The patches form a random circle, and each moves to the place of the next.
    """
    circle = stream(0, "shuffle", number, patches).permutation(patches)
    order = np.empty(patches, np.int64)
    order[circle] = np.roll(circle, 1)
    return order
