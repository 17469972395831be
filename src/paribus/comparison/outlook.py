"""What a comparison says beyond its verdict: new seeds, odds of winning, what would matter."""

from typing import Literal

import numpy as np

from paribus.comparison.values import Flags
from paribus.metrics.metric import Metric
from paribus.stats.intervals import Floats, Interval
from paribus.stats.practical import Practical, practical
from paribus.stats.prediction import (
    Outperforming,
    outperforming,
    predicted_by_rank,
    predicted_mean,
)
from paribus.stats.shape import is_clumpy, is_lopsided

Shape = Literal["lopsided", "clumpy"]


def predicted(d: Floats, metric: Metric, new: int = 1) -> Interval | None:
    """The interval for the mean difference of `new` new seeds, from differences d (n,).

    As readers see it: a ratio's is of ratios. By ranks there is one of a single new seed alone.
    None where nothing tells the spread.
    """
    if metric.compare == "ranks":
        return predicted_by_rank(d) if new == 1 and np.ptp(d) else None
    interval = predicted_mean(d, new)
    if interval is None:
        return None
    if metric.compare == "ratio":
        return interval.mapped(lambda value: float(np.exp(value)))
    return interval.within(-metric.largest_difference, metric.largest_difference)


def outperforming_of(
    d: Floats, metric: Metric, failed: tuple[Flags, Flags] | None
) -> Outperforming | None:
    """In how many seeds the variation wins (is higher, where neither way is better).

    A failed run loses to one that finished and ties with one that failed, too. None without a
    seed.
    """
    signed = d if metric.higher_is_better is not False else -d
    wins, ties, n = int((signed > 0).sum()), int((signed == 0).sum()), len(d)
    if failed is not None and metric.better != "neither":
        baseline, variation = failed
        wins += int((baseline & ~variation).sum())
        ties += int((baseline & variation).sum())
        n += int((baseline | variation).sum())
    return outperforming(wins, ties, n) if n else None


def practical_of(d: Floats, metric: Metric) -> Practical | None:
    """How probable a difference beyond the margin is; None by ranks, or without a margin."""
    margin = metric.scaled_margin
    return None if margin is None or metric.compare == "ranks" else practical(d, margin)


def lopsided_or_clumpy(d: Floats) -> Shape | None:
    """What differences d (n,) look like that a t test doesn't suit; None of ordinary ones."""
    if is_clumpy(d):
        return "clumpy"
    return "lopsided" if is_lopsided(d) else None
