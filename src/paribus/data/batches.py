"""Batches of normalized images as tensors."""

import torch
from torch import Tensor

from paribus.data.dataset import Dataset


class Batches:
    """Images and labels of a dataset by number.

    Images stay bytes until a batch needs them: all workers share the mapped array, and
    normalizing 128 images costs at most a few hundredths of a training step.

    Attributes:
        shape: (channels, height, width) of every image.
        classes: how many there are.
        host: all images, (images, channels, height, width) bytes, in the processor's memory.
        every: the same on the device; on the processor, they are one.
        is_apart: whether the device has a queue of its own, which nothing should wait for.
        fill: the training images' mean as a byte for each channel.
        values: (channels, 256) what each byte becomes, normalized.
    """

    def __init__(self, dataset: Dataset, device: str = "cpu") -> None:
        """In the memory of a device, as PyTorch names it: a GPU keeps all images."""
        self.host = torch.from_numpy(dataset.images)
        self.every = self.host.to(device)
        self.is_apart = device != "cpu"
        self._labels = torch.from_numpy(dataset.labels).to(device)
        mean = torch.tensor(dataset.mean, dtype=torch.float32).view(-1, 1, 1)
        # A constant channel would divide by zero; it carries no information either way.
        std = torch.tensor(dataset.std, dtype=torch.float32).clamp(min=1e-6).view(-1, 1, 1)
        self._scale, self._offset = (1 / (255 * std)).to(device), (mean / std).to(device)
        self.shape, self.classes = dataset.shape, len(dataset.classes)
        levels = torch.arange(256, dtype=torch.uint8).expand(1, self.shape[0], 1, 256).to(device)
        self.values = self.normalized(levels).reshape(self.shape[0], 256).contiguous()
        self.fill = tuple(round(255 * each) for each in dataset.mean)

    def __len__(self) -> int:
        return len(self._labels)

    def images(self, index: Tensor, buffer: Tensor | None = None) -> Tensor:
        """Images (n, channels, height, width), each channel of mean 0 and deviation 1.

        Args:
            index: (n,) image numbers.
            buffer: memory from `buffer` to write into; allocating it here would double the time.
        """
        return self.normalized(self.pixels(index), buffer)

    def pixels(self, index: Tensor) -> Tensor:
        """A copy of images (n, channels, height, width) as bytes."""
        return self.every.index_select(0, index.to(self.every.device))

    def normalized(self, pixels: Tensor, buffer: Tensor | None = None) -> Tensor:
        """Images of bytes, each channel of mean 0 and deviation 1; `buffer` as for `images`."""
        floats = pixels.float() if buffer is None else buffer[: len(pixels)].copy_(pixels)
        return floats.mul_(self._scale).sub_(self._offset)

    def as_bytes(self, images: Tensor) -> Tensor:
        """Normalized images as bytes again, rounded; values out of range at its ends."""
        return images.add(self._offset).div_(self._scale).round_().clamp_(0, 255).byte()

    def buffer(self, count: int) -> Tensor:
        """Reusable memory for up to `count` images."""
        return torch.empty(count, *self.every.shape[1:], device=self.every.device)

    def labels(self, index: Tensor) -> Tensor:
        """True classes (n,)."""
        return self._labels[index.to(self._labels.device)]
