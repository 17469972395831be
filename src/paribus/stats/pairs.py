"""All pairs of settings at once: simultaneous tests and intervals by the largest |t|.

Seeds are flipped as a whole: if settings are alike, the differences of all their pairs at a seed
may change sign together, whatever their correlations. So the largest |t| over all pairs is known
by its values under all flips (Westfall and Young 1993).
"""

from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np

from paribus.errors import ComparisonError
from paribus.stats.intervals import LEVEL, Floats
from paribus.stream import stream

#: Up to so many seeds all flips are counted; beyond, `FLIPS` with the observed one.
EXACT_SEEDS = 12
FLIPS = 4_096
#: Below, no p value can fall under 0.05, and no interval reaches 95 %.
FEWEST_SEEDS = 6


@dataclass(frozen=True)
class Simultaneous:
    """What n seeds say of P pairs, arrays (P,): all intervals together have the confidence asked.

    `p` is adjusted over all pairs. low and high are NaN where a pair's differences are all the
    same, and for all pairs below `FEWEST_SEEDS` seeds.
    """

    estimate: Floats
    low: Floats
    high: Floats
    p: Floats


def simultaneous(d: Floats, level: float = LEVEL) -> Simultaneous:
    """Mean differences d (n, P) of P pairs over n seeds, tested and bounded together.

    p by the step-down method: the pair with the largest |t| is compared with the largest |t| of
    all pairs under each flip, the next with that of the pairs left. The intervals are mean +- c
    sd / sqrt(n), c the quantile of the largest |t| under flips of the differences less their
    means (a wild bootstrap). Assumes that the differences of a seed are jointly symmetric about
    their means. Raises ComparisonError on fewer than two seeds, or no pair.
    """
    if d.ndim != 2 or len(d) < 2 or not d.shape[1]:
        raise ComparisonError(f"expected differences (seeds >= 2, pairs >= 1), got {d.shape}")
    mean, error = d.mean(axis=0), d.std(axis=0, ddof=1) / np.sqrt(len(d))
    error[np.ptp(d, axis=0) == 0] = np.nan
    half = np.full(d.shape[1], np.nan)
    if len(d) >= FEWEST_SEEDS:
        largest = np.sort(_abs_t(d - mean).max(axis=1))
        half = error * largest[int(np.ceil(level * len(largest) - 1e-9)) - 1]
    return Simultaneous(mean, mean - half, mean + half, _step_down(_abs_t(d)))


def _step_down(t: Floats) -> Floats:
    """Adjusted p (P,) from |t| (ways, P), whose first way is the observed one."""
    order = np.argsort(-t[0], kind="stable")
    of_rest = np.maximum.accumulate(t[:, order[::-1]], axis=1)[:, ::-1]
    p = (of_rest >= t[0, order] * (1 - 1e-9)).mean(axis=0)
    adjusted = np.empty(len(order))
    adjusted[order] = np.maximum.accumulate(p)
    return adjusted


def _abs_t(d: Floats) -> Floats:
    """|t| (ways, P) of d (n, P) under every flip of whole seeds, the first way without a flip.

    It is 0 where all differences are 0, and very large where they are otherwise the same.
    """
    n = len(d)
    means, square = _flips(n) @ d / n, np.square(d).sum(axis=0)
    variance = np.maximum(square - n * means**2, 1e-12 * square) / (n - 1) / n
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.abs(means) / np.sqrt(variance)
    return np.asarray(np.where(square == 0, 0.0, t))


@lru_cache(maxsize=8)
def _flips(n: int) -> Floats:
    """Signs (ways, n); the first seed's is fixed, since |t| is the same for a flip of all."""
    if n <= EXACT_SEEDS:
        return np.array([(1, *rest) for rest in product((1, -1), repeat=n - 1)], float)
    drawn = stream(0, "flips of whole seeds", n).choice([-1.0, 1.0], size=(FLIPS, n))
    drawn[0] = 1.0
    return np.asarray(drawn)
