"""Batches of normalized images as tensors, and their random flips and shifts."""

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad

from paribus.data.dataset import Dataset
from paribus.records.types import Integers
from paribus.study.augmentation import Augmentation


class Batches:
    """Images and labels of a dataset by number.

    Images stay bytes until a batch needs them: all workers share the mapped array, and
    normalizing 128 images costs at most a few hundredths of a training step.
    """

    def __init__(self, dataset: Dataset) -> None:
        self._images = torch.from_numpy(dataset.images)
        self._labels = torch.from_numpy(dataset.labels)
        mean = torch.tensor(dataset.mean, dtype=torch.float32).view(-1, 1, 1)
        # A constant channel would divide by zero; it carries no information either way.
        std = torch.tensor(dataset.std, dtype=torch.float32).clamp(min=1e-6).view(-1, 1, 1)
        self._scale, self._offset = 1 / (255 * std), mean / std

    def images(self, index: Tensor, buffer: Tensor | None = None) -> Tensor:
        """Images (n, channels, height, width), each channel of mean 0 and deviation 1.

        Args:
            index: (n,) image numbers.
            buffer: memory from `buffer` to write into; allocating it here would double the time.
        """
        bytes_ = self._images.index_select(0, index)
        floats = bytes_.float() if buffer is None else buffer[: len(index)].copy_(bytes_)
        return floats.mul_(self._scale).sub_(self._offset)

    def buffer(self, count: int) -> Tensor:
        """Reusable memory for up to `count` images."""
        return torch.empty(count, *self._images.shape[1:])

    def labels(self, index: Tensor) -> Tensor:
        """True classes (n,)."""
        return self._labels[index]


def draw_moves(augmentation: Augmentation, count: int, generator: np.random.Generator) -> Integers:
    """(count, 3) integers: whether each image is mirrored, its shift down, its shift right.

    All are drawn even if switched off, so that settings with different augmentation still share
    their random numbers.
    """
    flip = generator.integers(0, 2, size=count)
    shift = generator.random(size=(count, 2)) * (2 * augmentation.shift + 1)
    moves = np.floor(shift).astype(np.int64) - augmentation.shift
    return np.column_stack([flip * augmentation.flip, moves])


def augment(images: Tensor, moves: Integers) -> Tensor:
    """Flip and shift normalized images (n, channels, height, width) by `moves` (n, 3).

    What a shift uncovers is 0, the training images' mean.
    """
    flip, down, right = torch.from_numpy(moves).unbind(1)
    images = torch.where(flip.view(-1, 1, 1, 1).bool(), images.flip(3), images)
    largest = int(torch.stack([down, right]).abs().max())
    if largest == 0:
        return images
    height, width = images.shape[2:]
    padded = pad(images, (largest,) * 4)
    rows = (largest - down)[:, None] + torch.arange(height)
    columns = (largest - right)[:, None] + torch.arange(width)
    image = torch.arange(len(images))
    moved = padded[image[:, None, None], :, rows[:, :, None], columns[:, None, :]]
    return moved.permute(0, 3, 1, 2)
