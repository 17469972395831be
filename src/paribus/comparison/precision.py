"""What more seeds would buy: how narrow an interval becomes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import stats

from paribus.comparison.paired import ALPHA, Floats
from paribus.errors import ComparisonError


def half_width(n: npt.ArrayLike, sd: float, level: float = 1 - ALPHA) -> Floats:
    """Half the width (...) of the t interval on n (...) seeds, in the unit of `sd`.

    t(n - 1) * sd / sqrt(n), taking the sd of the paired differences seen so far for theirs to
    come. It goes through the interval that there is; being itself an estimate from few seeds,
    it is a plan and not a promise. Source: Student 1908.

    Args:
        n: numbers of seeds, 2 or more each.
        sd: of the paired differences.
        level: confidence of the interval.

    Raises:
        ComparisonError: fewer than two seeds, or a negative sd.
    """
    seeds = np.asarray(n, dtype=float)
    if not (seeds >= 2).all() or not sd >= 0:
        raise ComparisonError(
            f"At least 2 seeds and an sd of 0 or more are expected; {seeds.min()} and {sd} came."
        )
    return np.asarray(stats.t.ppf((1 + level) / 2, seeds - 1) * sd / np.sqrt(seeds))


def correlation_interval(r: float, n: int, level: float = 1 - ALPHA) -> tuple[float, float]:
    """The interval of a correlation of n pairs by Fisher's z.

    atanh(r) is about normal with standard deviation 1 / sqrt(n - 3); for a correlation of +-1
    the interval is that one number. Source: Fisher 1921.

    Raises:
        ComparisonError: fewer than four pairs.
    """
    if n < 4:
        raise ComparisonError(f"At least 4 pairs are expected; {n} came.")
    if abs(r) >= 1:
        return r, r
    half = float(stats.norm.ppf((1 + level) / 2)) / np.sqrt(n - 3)
    middle = float(np.arctanh(r))
    return float(np.tanh(middle - half)), float(np.tanh(middle + half))


def gain_of_pairing(baseline: Floats, variation: Floats) -> float:
    """How many times as many seeds it would take, unpaired, for an interval as narrow.

    (var(baseline) + var(variation)) / var(variation - baseline) of the paired values (n,) each:
    variances of a mean fall as one over the seeds. Infinite where all differences are equal;
    below 1 where the correlation is negative.
    """
    paired = float(np.var(variation - baseline, ddof=1))
    unpaired = float(np.var(baseline, ddof=1) + np.var(variation, ddof=1))
    return unpaired / paired if paired else float("inf")
