"""Batches of training images as a network sees them: changed, normalized, moved."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import torch
from torch import Tensor

from paribus.augmentation.draw import Draws
from paribus.augmentation.moves import cut_out, moved
from paribus.augmentation.on_device import Moves
from paribus.augmentation.pixels import changed, changes_pixels
from paribus.data.batches import Batches
from paribus.engine.gather import can_gather, gather
from paribus.records.types import Integers
from paribus.study.augmentation import Augmentation

#: Normalized images (n, channels, height, width) and their labels (n,).
Batch = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class Epoch:
    """The training images of an epoch after all that was drawn; a batch at a time, where they are.

    Attributes:
        order: (n,) numbers of the training images.
        parts: of it, for each batch.
        draws: for all of it.
    """

    batches: Batches
    order: Integers
    parts: Sequence[slice]
    augmentation: Augmentation
    draws: Draws

    def __iter__(self) -> Iterator[Batch]:
        return self._on_device() if self.batches.is_apart else self._here()

    def _here(self) -> Iterator[Batch]:
        buffer = self.batches.buffer(max(part.stop - part.start for part in self.parts))
        for part in self.parts:
            index, draws = torch.from_numpy(self.order[part]), self.draws.part(part)
            images = augmented(self.batches, index, self.augmentation, draws, buffer)
            yield images, self.batches.labels(index)

    def _on_device(self) -> Iterator[Batch]:
        """The same batches, with the same bits, without waiting for the device in between.

        Pillow's changes are made on the processor, a batch ahead of the device.
        """
        device = self.batches.every.device
        moves = Moves.of(self.draws, self.augmentation.cutout, device)
        numbers = torch.from_numpy(self.order).to(device)
        if changes_pixels(self.augmentation):
            every = _ahead(self._changed, self.parts)
        else:
            every = (self.batches.pixels(numbers[part]) for part in self.parts)
        for part, pixels in zip(self.parts, every, strict=True):
            images = moves.part(part).applied(self.batches.normalized(pixels.to(device)))
            yield images, self.batches.labels(numbers[part])

    def _changed(self, part: slice) -> Tensor:
        """Images of a batch as bytes, after Pillow's changes."""
        pixels = self.batches.host[torch.from_numpy(self.order[part])].numpy()
        draws, fill = self.draws.part(part), self.batches.fill
        return torch.from_numpy(changed(pixels, self.augmentation, draws, fill))


def _ahead(made: Callable[[slice], Tensor], parts: Sequence[slice]) -> Iterator[Tensor]:
    """What is made of each part, in a thread that is one part ahead."""
    with ThreadPoolExecutor(1) as thread:
        following = thread.submit(made, parts[0])
        for part in parts[1:]:
            now, following = following, thread.submit(made, part)
            yield now.result()
        yield following.result()


def augmented(
    batches: Batches,
    index: Tensor,
    augmentation: Augmentation,
    draws: Draws,
    buffer: Tensor | None = None,
) -> Tensor:
    """Normalized images (n, channels, height, width) of `index` (n,) after all that was drawn.

    The engine's library makes them in one pass where it is there, with the same bits.

    Args:
        buffer: as `Batches.normalized` has it.
    """
    centers = draws.others.get("cutout")
    if changes_pixels(augmentation):
        pixels = batches.pixels(index).numpy()
        images = torch.from_numpy(changed(pixels, augmentation, draws, batches.fill))
        index = torch.arange(len(index))
    else:
        images = batches.every
    if can_gather():
        to = batches.buffer(len(index)) if buffer is None else buffer[: len(index)]
        return gather(images, index, batches.values, draws.moves, centers, augmentation.cutout, to)
    result = moved(batches.normalized(images.index_select(0, index), buffer), draws.moves)
    return result if centers is None else cut_out(result, centers, augmentation.cutout)
