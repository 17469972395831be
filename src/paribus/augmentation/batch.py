"""A batch of training images as a network sees them: changed, normalized, moved."""

import torch
from torch import Tensor

from paribus.augmentation.draw import Draws
from paribus.augmentation.moves import cut_out, moved
from paribus.augmentation.pixels import changed, changes_pixels
from paribus.data.batches import Batches
from paribus.study.augmentation import Augmentation


def augmented(
    batches: Batches,
    index: Tensor,
    augmentation: Augmentation,
    draws: Draws,
    buffer: Tensor | None = None,
) -> Tensor:
    """Normalized images (n, channels, height, width) of `index` (n,) after all that was drawn.

    Args:
        buffer: as `Batches.normalized` has it.
    """
    pixels = batches.pixels(index)
    if changes_pixels(augmentation):
        pixels = torch.from_numpy(changed(pixels.numpy(), augmentation, draws, batches.fill))
    images = moved(batches.normalized(pixels, buffer), draws.moves)
    if augmentation.cutout:
        images = cut_out(images, draws.others["cutout"], augmentation.cutout)
    return images
