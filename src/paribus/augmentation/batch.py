"""Batches of training images as a network sees them: changed, normalized, moved."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

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


def batches_of(
    batches: Batches,
    order: Integers,
    parts: Sequence[slice],
    augmentation: Augmentation,
    draws: Draws,
) -> Iterator[Batch]:
    """The batches of an epoch, after all that was drawn, where the images are.

    Args:
        order: (n,) numbers of the training images.
        parts: of it, for each batch.
        draws: for all of it.
    """
    made = _on_device if batches.is_apart else _here
    return made(batches, order, parts, augmentation, draws)


def _here(
    batches: Batches,
    order: Integers,
    parts: Sequence[slice],
    augmentation: Augmentation,
    draws: Draws,
) -> Iterator[Batch]:
    buffer = batches.buffer(max(part.stop - part.start for part in parts))
    for part in parts:
        index = torch.from_numpy(order[part])
        images = augmented(batches, index, augmentation, draws.part(part), buffer)
        yield images, batches.labels(index)


def _on_device(
    batches: Batches,
    order: Integers,
    parts: Sequence[slice],
    augmentation: Augmentation,
    draws: Draws,
) -> Iterator[Batch]:
    """The same batches, with the same bits, without waiting for the device between two of them.

    Pillow's changes are made on the processor, a batch ahead of the device.
    """
    device = batches.every.device
    moves = Moves.of(draws, augmentation.cutout, device)
    numbers = torch.from_numpy(order).to(device)

    def changed_pixels(part: slice) -> Tensor:
        pixels = batches.host[torch.from_numpy(order[part])].numpy()
        return torch.from_numpy(changed(pixels, augmentation, draws.part(part), batches.fill))

    def pixels(part: slice) -> Tensor:
        return batches.pixels(numbers[part])

    every = _ahead(changed_pixels, parts) if changes_pixels(augmentation) else map(pixels, parts)
    for part, its in zip(parts, every, strict=True):
        images = moves.part(part).applied(batches.normalized(its.to(device)))
        yield images, batches.labels(numbers[part])


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
