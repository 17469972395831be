"""A batch of training images as a network sees them: changed, normalized, moved."""

import torch
from torch import Tensor

from paribus.augmentation.draw import Draws
from paribus.augmentation.moves import cut_out, moved
from paribus.augmentation.pixels import changed, changes_pixels
from paribus.data.batches import Batches
from paribus.engine.gather import can_gather, gather
from paribus.study.augmentation import Augmentation


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
