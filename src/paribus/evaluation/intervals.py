"""Intervals of a share and of a mean over seeds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

Floats = npt.NDArray[np.float64]

#: The confidence of every interval here.
LEVEL = 0.95


@dataclass(frozen=True)
class Mean:
    """A mean over seeds with its interval.

    Attributes:
        low, high: None with one seed, and where all seeds have the same value: nothing then
            tells how far others would lie apart.
    """

    estimate: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Share:
    """So many of so many, with the interval of the share that they estimate, 0 to 1."""

    count: int
    of: int
    low: float
    high: float


def share(count: int, of: int) -> Share:
    """A count as a share; of nothing, the interval is 0 to 1."""
    low, high = wilson(np.array(count), np.array(of))
    return Share(count, of, float(low), float(high))


def wilson(count: npt.ArrayLike, of: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Wilson's interval of a probability, from `count` of `of` independent trials.

    With p = count / of and z the normal quantile, its ends are
    (p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n). Of no trial it is 0 to 1.
    Source: Wilson 1927.

    Args:
        count, of: arrays of one shape, or that broadcast to it.
    """
    count, n = np.broadcast_arrays(np.asarray(count, float), np.asarray(of, float))
    z = float(stats.norm.ppf((1 + LEVEL) / 2))
    # Both sides times n, so that no trial needs no exception.
    middle = count + z**2 / 2
    half = z * np.sqrt(count * (n - count) / np.maximum(n, 1) + z**2 / 4)
    low, high = (middle - half) / (n + z**2), (middle + half) / (n + z**2)
    # At 0 and at 1 the formula ends exactly there, but for the last bit.
    return np.where(count == 0, 0.0, low), np.where(count == n, 1.0, high)


def means(values: npt.ArrayLike) -> list[Mean]:
    """The mean of each column of (seeds, m) counts with Student's t interval.

    An interval of counts ends at 0. Source: Student 1908.
    """
    values = np.asarray(values, float)
    seeds, average = len(values), values.mean(axis=0)
    if seeds < 2:
        return [Mean(its, None, None) for its in average.tolist()]
    spread = values.std(axis=0, ddof=1)
    half = stats.t.ppf((1 + LEVEL) / 2, seeds - 1) * spread / np.sqrt(seeds)
    low, high = np.maximum(average - half, 0), average + half
    constant = np.ptp(values, axis=0) == 0
    return [
        Mean(its, None, None) if same else Mean(its, below, above)
        for its, below, above, same in zip(
            average.tolist(), low.tolist(), high.tolist(), constant.tolist(), strict=True
        )
    ]
