"""Flips, shifts and cut out squares of images that lie in a GPU's memory, a batch at a time.

The bits are those of `moves.py`. Nothing here waits for the GPU.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from paribus.augmentation.draw import Array, Draws


@dataclass(frozen=True)
class Moves:
    """What was drawn of moves for n images, in a device's memory; None where nothing moves.

    Attributes:
        flips: (n,) whether each is mirrored.
        shifts: (n, 2) down and right.
        centers: (n, 2) row and column of the middle of a square of `side` pixels that becomes 0.
    """

    flips: Tensor | None
    shifts: Tensor | None
    centers: Tensor | None
    side: int

    @classmethod
    def of(cls, draws: Draws, side: int, device: torch.device) -> Moves:
        """Bring what was drawn to a device, once for all batches of an epoch."""

        def there(numbers: Array) -> Tensor | None:
            if not numbers.any():
                return None
            return torch.from_numpy(np.ascontiguousarray(numbers)).to(device)

        centers = draws.others.get("cutout")
        return cls(
            there(draws.moves[:, 0]),
            there(draws.moves[:, 1:]),
            None if centers is None else torch.from_numpy(centers).to(device),
            side,
        )

    def part(self, part: slice) -> Moves:
        """Those of some of the images."""
        flips, shifts, centers = (
            None if drawn is None else drawn[part]
            for drawn in (self.flips, self.shifts, self.centers)
        )
        return Moves(flips, shifts, centers, self.side)

    def applied(self, images: Tensor) -> Tensor:
        """Normalized images (n, channels, height, width) flipped, shifted, then cut out."""
        rows, columns = (torch.arange(side, device=images.device) for side in images.shape[2:])
        rows, columns = rows[None], columns[None]
        if self.shifts is not None:
            rows, columns = rows - self.shifts[:, :1], columns - self.shifts[:, 1:]
        if self.flips is not None:
            last = images.shape[3] - 1
            columns = torch.where(self.flips[:, None].bool(), last - columns, columns)
        if self.flips is not None or self.shifts is not None:
            images = _taken(images, rows, columns)
        return images if self.centers is None else self._cut_out(images, self.centers)

    def _cut_out(self, images: Tensor, centers: Tensor) -> Tensor:
        rows, columns = (
            _within(torch.arange(size, device=images.device), centers[:, axis, None], self.side)
            for axis, size in enumerate(images.shape[2:])
        )
        return images.masked_fill(rows[:, None, :, None] & columns[:, None, None, :], 0)


def _within(places: Tensor, centers: Tensor, side: int) -> Tensor:
    """(n, size) which places are covered; an even side has one more before its center."""
    first = centers - side // 2
    return (places >= first) & (places < first + side)


def _taken(images: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """(n, channels, height, width) of pixels at rows and columns; 0 where they are outside."""
    n, _, height, width = images.shape
    inside = _inside(rows, height)[:, None, :, None] & _inside(columns, width)[:, None, None, :]
    row = rows.clamp(0, height - 1)[:, None, :, None].expand(n, 1, -1, width)
    column = columns.clamp(0, width - 1)[:, None, None, :].expand(n, 1, height, -1)
    places = (row * width + column).flatten(1)[:, None].expand(-1, images.shape[1], -1)
    taken = images.flatten(2).gather(2, places).view_as(images)
    return taken.masked_fill(~inside, 0)


def _inside(places: Tensor, size: int) -> Tensor:
    return (places >= 0) & (places < size)
