"""Flips, shifts and cut out squares of normalized images, a batch at a time.

Where nothing of an image is left it is 0, the training images' mean.
"""

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view
from torch import Tensor
from torch.nn.functional import pad

from paribus.augmentation.draw import Array


def moved(images: Tensor, moves: Array) -> Tensor:
    """Images (n, channels, height, width) flipped, then shifted, by `moves` (n, 3).

    They may be changed in place. A window of the padded images is copied row by row, which takes a
    tenth of the time of an index for every pixel.
    """
    flips, down, right = moves.T
    mirrored = np.flatnonzero(flips)
    pixels = images.numpy()
    if len(mirrored):
        pixels[mirrored] = pixels[mirrored][..., ::-1]
    largest = int(np.abs(moves[:, 1:]).max(initial=0))
    if largest == 0:
        return images
    windows = sliding_window_view(pad(images, (largest,) * 4).numpy(), images.shape[2:], (2, 3))
    return torch.from_numpy(windows[np.arange(len(moves)), :, largest - down, largest - right])


def cut_out(images: Tensor, centers: Array, side: int) -> Tensor:
    """Images with a square of `side` pixels set to 0, in place; `centers` (n, 2) rows, columns.

    A square may reach beyond its image, and has one pixel more before its center than behind it
    where the side is even.
    """
    pixels, before = images.numpy(), side // 2
    for image, (row, column) in zip(pixels, centers.tolist(), strict=True):
        top, left = row - before, column - before
        image[:, max(0, top) : max(0, top + side), max(0, left) : max(0, left + side)] = 0
    return images
