"""What new seeds will show: the interval of their difference, and how often they will win.

An interval of the mean says where the mean over all seeds lies. A user who trains once wants to
know something else: what will *my* seed show?
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from paribus.errors import ComparisonError
from paribus.stats.intervals import LEVEL, Floats, Interval
from paribus.stats.student import t_quantile


@dataclass(frozen=True)
class Outperforming:
    """In how many of `n` seeds the variation wins or ties, with the interval of that share.

    A tie counts as half a win, so two settings that never differ have a share of a half.
    """

    wins: int
    ties: int
    n: int
    low: float
    high: float

    @property
    def share(self) -> float:
        """The estimated probability that a new seed wins, a tie counted half."""
        return (self.wins + self.ties / 2) / self.n


def predicted_mean(d: Floats, new: int = 1, level: float = LEVEL) -> Interval | None:
    """The interval that will hold the mean of d over `new` new seeds, from n seeds d (n,).

    mean +- t(n - 1) * s * sqrt(1 / new + 1 / n). Assumes normal differences; unlike the interval
    of a mean, it doesn't get better with more seeds if they aren't. Source: Student 1908; Whitmore
    1986. None below two seeds, or where all differences are the same.
    """
    n = len(d)
    if n < 2 or np.ptp(d) == 0:
        return None
    spread = float(d.std(ddof=1)) * math.sqrt(1 / new + 1 / n)
    half, mean = float(t_quantile((1 + level) / 2, n - 1)) * spread, float(d.mean())
    return Interval(mean, mean - half, mean + half, level)


def predicted_by_rank(d: Floats, level: float = LEVEL) -> Interval | None:
    """The interval that will hold the difference of one new seed, whatever their distribution.

    n differences and a new one are in any order equally often, so the new one lies between the
    k-th smallest and the k-th largest with probability 1 - 2 k / (n + 1); k is the largest that
    reaches `level`, or 1, and the interval has the level it reaches: 82 % with 10 seeds, 95 %
    from 39 on. Ties only raise it. Source: Wilks 1941. None below two seeds.
    """
    n = len(d)
    if n < 2:
        return None
    k = max(1, math.floor((1 - level) / 2 * (n + 1) + 1e-9))
    ordered = np.sort(d)
    reached = 1 - 2 * k / (n + 1)
    return Interval(float(np.median(d)), float(ordered[k - 1]), float(ordered[-k]), reached)


def outperforming(wins: int, ties: int, n: int, level: float = LEVEL) -> Outperforming:
    """The share of seeds that win, ties counted half, with Clopper and Pearson's interval.

    For k = wins + ties / 2 of n it ends at the beta quantiles B((1 - level) / 2; k, n - k + 1) and
    B((1 + level) / 2; k + 1, n - k). They are exact for whole k. Half wins are less spread than
    the coin tosses that the formula supposes, so it holds for them too: its least coverage over
    all shares of wins and ties is reached without ties (summed exactly in the tests).
    Source: Clopper and Pearson 1934.

    Raises:
        ComparisonError: counts that don't fit into n, or no seed.
    """
    if n < 1 or min(wins, ties) < 0 or wins + ties > n:
        raise ComparisonError(f"expected wins and ties of n seeds, got {wins} and {ties} of {n}")
    low, high = clopper_pearson(wins + ties / 2, n, level)
    return Outperforming(wins, ties, n, float(low), float(high))


def clopper_pearson(count: npt.ArrayLike, n: int, level: float = LEVEL) -> tuple[Floats, Floats]:
    """Clopper and Pearson's interval (...) of a probability from counts (...) of n trials."""
    k = np.asarray(count, float)
    tail = (1 - level) / 2
    low = special.betaincinv(np.where(k > 0, k, 1), n - k + 1, tail)
    high = special.betaincinv(k + 1, np.where(k < n, n - k, 1), 1 - tail)
    return np.where(k > 0, low, 0.0), np.where(k < n, high, 1.0)
