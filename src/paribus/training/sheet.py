"""The first training images of a setting as a sheet: what its augmentation makes of them."""

import numpy as np
import torch

from paribus.augmentation.batch import augmented
from paribus.augmentation.draw import draw
from paribus.data.batches import Batches
from paribus.data.dataset import Dataset
from paribus.records.images import Pixels
from paribus.stream import stream
from paribus.study.config import Config
from paribus.training.mixing import draw_mixes

#: Images in a row, rows, and pixels between images.
ACROSS, DOWN, GAP = 8, 2, 2


def first_batch(config: Config, dataset: Dataset, seed: int) -> Pixels:
    """The first 16 images of the first epoch, as a run trains on them: (height, width, channels).

    Args:
        seed: what the run draws its order and augmentation from.
    """
    training = dataset.splits.training
    order = stream(seed, "order", 1).permutation(training)[: min(config.batch_size, len(training))]
    draws = draw(config.augmentation, len(training), dataset.shape, seed, 1).part(
        slice(0, len(order))
    )
    batches, index = Batches(dataset), torch.from_numpy(order)
    images = augmented(batches, index, config.augmentation, draws)
    images, _ = draw_mixes(config, 1, seed, 1).mix(
        0, images, batches.labels(index), batches.classes
    )
    shown = batches.as_bytes(images[: ACROSS * DOWN]).numpy()
    return _side_by_side(np.moveaxis(shown, 1, -1))


def _side_by_side(images: Pixels) -> Pixels:
    """(n, height, width, channels) as one image with white gaps."""
    _, height, width, channels = images.shape
    rows = -(-len(images) // ACROSS)
    shape = (rows * (height + GAP) - GAP, ACROSS * (width + GAP) - GAP, channels)
    sheet = np.full(shape, 255, np.uint8)
    for n, image in enumerate(images):
        top, left = n // ACROSS * (height + GAP), n % ACROSS * (width + GAP)
        sheet[top : top + height, left : left + width] = image
    return sheet
