"""Intervals of a mean and of a correlation, and the level of all intervals and tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import special

from paribus.errors import ComparisonError
from paribus.stats.student import t_quantile

Floats = npt.NDArray[np.float64]

#: The probability of a wrong verdict.
ALPHA = 0.05
#: The default confidence of intervals.
LEVEL = 1 - ALPHA


@dataclass(frozen=True)
class Interval:
    """An estimate and its interval; low and high are None where the spread is unknown."""

    estimate: float
    low: float | None = None
    high: float | None = None
    level: float = LEVEL

    def mapped(self, function: Callable[[float], float]) -> Interval:
        """The interval on another scale; `function` rises, as the exponential does."""
        low, high = (None if end is None else function(end) for end in (self.low, self.high))
        return replace(self, estimate=function(self.estimate), low=low, high=high)

    def within(self, least: float, most: float) -> Interval:
        """The interval as far as values are possible, from `least` to `most`."""
        ends = (self.low, self.high)
        low, high = (None if end is None else min(max(end, least), most) for end in ends)
        return replace(self, low=low, high=high)

    def negated(self) -> Interval:
        """The interval of minus the value."""
        low, high = (None if end is None else -end for end in (self.high, self.low))
        return replace(self, estimate=-self.estimate, low=low, high=high)


def half_width(n: npt.ArrayLike, sd: npt.ArrayLike, level: float = LEVEL) -> Floats:
    """Half the width (...) of the t interval of a mean of n (...) values, in the unit of `sd`.

    t(n - 1) * sd / sqrt(n). With the sd of the paired differences so far and a larger n, it
    estimates how narrow the interval would become. Source: Student 1908. Raises ComparisonError
    on fewer than two seeds, or a negative sd.
    """
    seeds, spread = np.asarray(n, dtype=float), np.asarray(sd, dtype=float)
    if (seeds < 2).any() or (spread < 0).any():
        got = f"{seeds.min()} and {spread.min()}"
        raise ComparisonError(f"expected at least 2 seeds and an sd of 0 or more, got {got}")
    return np.asarray(t_quantile((1 + level) / 2, seeds - 1) * spread / np.sqrt(seeds))


def means(values: npt.ArrayLike) -> list[Interval]:
    """The mean of each column of (seeds, m) counts with Student's t interval, cut at 0."""
    values = np.asarray(values, float)
    estimates = values.mean(axis=0)
    if len(values) < 2:
        return [Interval(estimate) for estimate in estimates.tolist()]
    half = half_width(len(values), values.std(axis=0, ddof=1))
    table = np.stack([estimates, np.maximum(estimates - half, 0), estimates + half], axis=1)
    constant = np.ptp(values, axis=0) == 0
    return [
        Interval(row[0]) if same else Interval(*row)
        for row, same in zip(table.tolist(), constant.tolist(), strict=True)
    ]


def correlation_interval(r: float, n: int, level: float = LEVEL) -> tuple[float, float]:
    """The interval of a correlation of n pairs by Fisher's z.

    atanh(r) is about normal with standard deviation 1 / sqrt(n - 3); for r = +-1 the interval is
    that number. Source: Fisher 1921. Raises ComparisonError on fewer than four pairs.
    """
    if n < 4:
        raise ComparisonError(f"expected at least 4 pairs, got {n}")
    if abs(r) >= 1:
        return r, r
    half = float(special.ndtri((1 + level) / 2)) / np.sqrt(n - 3)
    middle = float(np.arctanh(r))
    return float(np.tanh(middle - half)), float(np.tanh(middle + half))
