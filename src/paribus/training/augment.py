"""Random flips and shifts of training images, from a stream of their own."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad

from paribus.records.types import Integers
from paribus.study.config import Augmentation


def draw(augmentation: Augmentation, count: int, generator: np.random.Generator) -> Integers:
    """For every image: mirrored or not, shift down, shift right; (images, 3) integers.

    All are drawn whatever is switched on, so that settings with other augmentations still
    share their numbers.
    """
    flip = generator.integers(0, 2, size=count)
    shift = generator.random(size=(count, 2)) * (2 * augmentation.shift + 1)
    moves = np.floor(shift).astype(np.int64) - augmentation.shift
    return np.column_stack([flip * augmentation.flip, moves])


def apply(images: Tensor, drawn: Integers) -> Tensor:
    """Flip and shift normalized images (n, channels, height, width) as `draw` decided.

    What a shift uncovers is 0, the training images' mean.
    """
    flip, down, right = torch.from_numpy(drawn).unbind(1)
    images = torch.where(flip.view(-1, 1, 1, 1).bool(), images.flip(3), images)
    largest = int(torch.stack([down, right]).abs().max())
    if largest == 0:
        return images
    height, width = images.shape[2:]
    padded = pad(images, (largest,) * 4)
    rows = (largest - down)[:, None] + torch.arange(height)
    columns = (largest - right)[:, None] + torch.arange(width)
    image = torch.arange(len(images))
    return padded[image[:, None, None], :, rows[:, :, None], columns[:, None, :]].permute(
        0, 3, 1, 2
    )
