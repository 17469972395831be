"""Batches of normalised pictures as tensors, gathered from the shared array."""

from __future__ import annotations

import torch
from torch import Tensor

from paribus.data.dataset import Dataset


class Batches:
    """A data set's pictures and labels by number.

    Bytes stay bytes until a batch is asked for: the mapped array is shared by all workers,
    and normalising 128 pictures costs a few hundredths of a training step at most.
    """

    def __init__(self, dataset: Dataset) -> None:
        self._images = torch.from_numpy(dataset.images)
        self._labels = torch.from_numpy(dataset.labels)
        mean = torch.tensor(dataset.mean, dtype=torch.float32).view(-1, 1, 1)
        # A channel that never varies would divide by zero; it carries nothing either way.
        std = torch.tensor(dataset.std, dtype=torch.float32).clamp(min=1e-6).view(-1, 1, 1)
        self._scale, self._offset = 1 / (255 * std), mean / std

    def images(self, index: Tensor, room: Tensor | None = None) -> Tensor:
        """Pictures (n, channels, height, width), each channel of mean 0 and deviation 1.

        Args:
            room: where to put them, from `room`; without, they get memory of their own, which
                takes as long as all the rest.
        """
        pictures = self._images.index_select(0, index)
        floats = pictures.float() if room is None else room[: len(index)].copy_(pictures)
        return floats.mul_(self._scale).sub_(self._offset)

    def room(self, pictures: int) -> Tensor:
        """Memory for so many pictures, to be used again and again."""
        return torch.empty(pictures, *self._images.shape[1:])

    def labels(self, index: Tensor) -> Tensor:
        """True classes (n,)."""
        return self._labels[index]
