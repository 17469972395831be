"""Two groups of runs compared by ranks: the shift, and how often one run beats another.

b (n,) and v (m,) are the baseline's and the variation's values.
"""

import math
from functools import lru_cache

import numpy as np
from scipy import special

from paribus.errors import ComparisonError
from paribus.stats.intervals import LEVEL, Floats, Interval
from paribus.stats.paired import Estimate, mean_ranks
from paribus.stats.student import Alternative, t_quantile

#: Up to so many runs in all the distribution of the rank sum is counted; beyond, it is normal.
EXACT_RUNS = 60


def rank_sum_test(
    b: Floats, v: Floats, alternative: Alternative = "two-sided", null: float = 0.0
) -> float:
    """P value of the Mann-Whitney test of "v is b shifted by `null`", exact with ties.

    The sum of v's ranks among all divisions of the ranks into groups of these sizes. Source: Mann
    and Whitney 1947.
    """
    joined = np.concatenate([b + null, v])
    ranks = mean_ranks(np.round(joined, 12))
    if len(joined) > EXACT_RUNS:
        from scipy import stats  # takes half a second, and few need it

        of = stats.mannwhitneyu(ranks[len(b) :], ranks[: len(b)], alternative=alternative)
        return float(of.pvalue)
    doubled = tuple((2 * ranks).astype(int).tolist())
    seen = sum(doubled[len(b) :])
    ways = _ways(tuple(sorted(doubled)), len(v))
    at_most = float(ways[: seen + 1].sum() / ways.sum())
    at_least = float(ways[seen:].sum() / ways.sum())
    if alternative == "two-sided":
        return min(1.0, 2 * min(at_most, at_least))
    return at_least if alternative == "greater" else at_most


def shift(b: Floats, v: Floats, level: float = LEVEL) -> Estimate:
    """The Hodges-Lehmann shift: the median of all v - b, with its Mann-Whitney interval.

    The interval cuts as many differences at each end as the distribution of the rank sum without
    ties allows for a confidence of at least `level`; with few runs it is the widest possible and
    `level` is what it reaches. Assumes that v's distribution is b's, shifted. Source: Hodges and
    Lehmann 1963. Raises ComparisonError on no run of either.
    """
    if not len(b) or not len(v):
        raise ComparisonError(f"expected runs of both, got {len(b)} and {len(v)}")
    every = np.sort(np.subtract.outer(v, b).ravel())
    cut, attained = _cut(len(b), len(v), level)
    ends = (np.median(every), every[cut], every[-1 - cut], rank_sum_test(b, v))
    middle, low, high, p = map(np.asarray, ends)
    return Estimate(middle, low, high, p, attained)


def rank_equivalence_p(b: Floats, v: Floats, margin: float) -> float:
    """P value of two one-sided rank sum tests that the shift is within +-margin."""
    if not margin > 0:
        raise ComparisonError(f"expected a margin above 0, got {margin}")
    above = rank_sum_test(b, v, "greater", -margin)
    return max(above, rank_sum_test(b, v, "less", margin))


def outperforming(b: Floats, v: Floats, level: float = LEVEL) -> Interval:
    """The probability that a run of v exceeds one of b, ties counting half, with its interval.

    The estimate is the share of pairs; its variance follows from the ranks, degrees of freedom by
    Satterthwaite, and Student's t interval is cut at 0 and 1 (Brunner and Munzel 2000). Where one
    group lies wholly above the other there is no variance: of k pairs that share no run all are
    won, and the interval is Clopper and Pearson's of k in k. Raises ComparisonError on fewer than
    two runs of either.
    """
    n, m = len(b), len(v)
    if min(n, m) < 2:
        raise ComparisonError(f"expected at least two runs of each, got {n} and {m}")
    wins = (np.sign(np.subtract.outer(v, b)) + 1) / 2
    share = float(wins.mean())
    of_v, of_b = float(wins.mean(axis=1).var(ddof=1)) / m, float(wins.mean(axis=0).var(ddof=1)) / n
    if of_v + of_b == 0:
        return _all_alike(share, min(n, m), level)
    df = (of_v + of_b) ** 2 / (of_v**2 / (m - 1) + of_b**2 / (n - 1))
    half = float(t_quantile((1 + level) / 2, df)) * math.sqrt(of_v + of_b)
    return Interval(share, max(share - half, 0.0), min(share + half, 1.0), level)


def _all_alike(share: float, k: int, level: float) -> Interval:
    """Of k disjoint pairs all are won, lost, or equal (of which nothing follows)."""
    bound = ((1 - level) / 2) ** (1 / k)
    if share == 1:
        return Interval(share, bound, 1.0, level)
    return Interval(share, 0.0, 1 - bound, level) if share == 0 else Interval(share, level=level)


@lru_cache(maxsize=64)
def _ways(doubled: tuple[int, ...], m: int) -> Floats:
    """How many choices of m ranks have each sum; ranks are doubled, so that ties are whole."""
    most = sum(doubled)
    ways = np.zeros((m + 1, most + 1))
    ways[0, 0] = 1.0
    for rank in doubled:
        for size in range(m, 0, -1):
            ways[size, rank:] += ways[size - 1, : most + 1 - rank]
    return np.asarray(ways[m])


@lru_cache(maxsize=64)
def _cut(n: int, m: int, level: float) -> tuple[int, float]:
    """How many of the sorted n m differences to cut at each end, and the confidence reached."""
    if n + m > EXACT_RUNS:
        sd = math.sqrt(n * m * (n + m + 1) / 12)
        cut = n * m / 2 - float(special.ndtri((1 + level) / 2)) * sd - 0.5
        return max(0, math.floor(cut)), level
    ways = _ways(tuple(range(2, 2 * (n + m) + 1, 2)), m)[::2]
    below = np.cumsum(ways[m * (m + 1) // 2 :]) / ways.sum()
    cut = max(0, int(np.searchsorted(below, (1 - level) / 2, side="right")) - 1)
    return cut, float(1 - 2 * below[cut])
