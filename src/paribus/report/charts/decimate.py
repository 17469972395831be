"""Fewer points for a line, with every peak kept: what a chart can show and no more."""

import numpy as np
import numpy.typing as npt

from paribus.records.types import Integers

Line = npt.NDArray[np.floating]


def extremes(values: Line, columns: int) -> Integers:
    """Which points of a line to keep so that it looks the same `columns` pixels wide.

    Args:
        values: (n,) finite heights at evenly spaced places.
        columns: how many pixels wide the line will be drawn.

    Returns:
        Increasing indices: of each column the first lowest and the first highest point, or
        every index where no more than two fall into a column.
    """
    size = _points_a_column(len(values), columns)
    if size <= 2:
        return np.arange(len(values))
    starts = np.arange(0, len(values), size)
    lowest = starts + _columns(values, size, np.inf).argmin(axis=1)
    highest = starts + _columns(values, size, -np.inf).argmax(axis=1)
    return np.unique(np.concatenate([lowest, highest]))


def envelope(low: Line, high: Line, columns: int) -> tuple[Integers, Line, Line]:
    """A band's outline: the middle index, lowest `low` and highest `high` of each column."""
    size = _points_a_column(len(low), columns)
    if size <= 2:
        return np.arange(len(low)), low, high
    starts = np.arange(0, len(low), size)
    middle = (starts + np.minimum(starts + size, len(low)) - 1) // 2
    return (
        middle,
        _columns(low, size, np.inf).min(axis=1),
        _columns(high, size, -np.inf).max(axis=1),
    )


def _points_a_column(points: int, columns: int) -> int:
    return -(-points // columns)


def _columns(values: Line, size: int, beyond: float) -> Line:
    """The values cut into rows of `size`; what the last row lacks is `beyond`."""
    padded = np.pad(values, (0, -len(values) % size), constant_values=beyond)
    return padded.reshape(-1, size)
