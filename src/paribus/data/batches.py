"""Batches of normalized images as tensors, gathered from the shared array."""

from __future__ import annotations

import torch
from torch import Tensor

from paribus.data.dataset import Dataset


class Batches:
    """A data set's images and labels by number.

    Bytes stay bytes until a batch is asked for: the mapped array is shared by all workers,
    and normalizing 128 images costs a few hundredths of a training step at most.
    """

    def __init__(self, dataset: Dataset) -> None:
        self._images = torch.from_numpy(dataset.images)
        self._labels = torch.from_numpy(dataset.labels)
        mean = torch.tensor(dataset.mean, dtype=torch.float32).view(-1, 1, 1)
        # A channel that never varies would divide by zero; it carries nothing either way.
        std = torch.tensor(dataset.std, dtype=torch.float32).clamp(min=1e-6).view(-1, 1, 1)
        self._scale, self._offset = 1 / (255 * std), mean / std

    def images(self, index: Tensor, buffer: Tensor | None = None) -> Tensor:
        """Images (n, channels, height, width), each channel of mean 0 and deviation 1.

        Args:
            room: where to put them, from `buffer`; without, they get memory of their own, which
                takes as long as all the rest.
        """
        bytes_ = self._images.index_select(0, index)
        floats = bytes_.float() if buffer is None else buffer[: len(index)].copy_(bytes_)
        return floats.mul_(self._scale).sub_(self._offset)

    def buffer(self, bytes_: int) -> Tensor:
        """Memory for so many images, to be used again and again."""
        return torch.empty(bytes_, *self._images.shape[1:])

    def labels(self, index: Tensor) -> Tensor:
        """True classes (n,)."""
        return self._labels[index]
