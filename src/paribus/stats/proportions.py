"""Counts out of a total: Wilson's and Newcombe's intervals, McNemar's test of two networks.

One run of each setting can't compare ways of training: another seed would have given another
network. It can compare the two networks, and that is what McNemar's test does.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from paribus.stats.intervals import LEVEL, Floats


@dataclass(frozen=True)
class Share:
    """A count out of a total, with the interval of the share that it estimates, 0 to 1."""

    count: int
    of: int
    low: float
    high: float


@dataclass(frozen=True)
class TwoNetworks:
    """Two trained networks, not two ways of training, compared on the same n images.

    `difference` is the variation's accuracy minus the baseline's. p is McNemar's exact one, of
    "both are correct equally often on such images".
    """

    n: int
    difference: float
    p: float


def share(count: int, of: int) -> Share:
    """A count as a share with its 95 % Wilson interval (0 to 1 if the total is 0)."""
    low, high = wilson(count, of)
    return Share(count, of, float(low), float(high))


def wilson(count: npt.ArrayLike, of: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Wilson's 95 % interval of a probability, from `count` of `of` independent trials.

    With p = count / of and z the normal quantile, its ends are
    (p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n). For no trial it is 0 to 1.
    Source: Wilson 1927.
    """
    count, n = np.broadcast_arrays(np.asarray(count, float), np.asarray(of, float))
    z = float(special.ndtri((1 + LEVEL) / 2))
    # Multiplied by n, so that n = 0 needs no special case.
    middle = count + z**2 / 2
    half = z * np.sqrt(count * (n - count) / np.maximum(n, 1) + z**2 / 4)
    low, high = (middle - half) / (n + z**2), (middle + half) / (n + z**2)
    # The formula ends exactly at 0 and 1 there, except for rounding.
    return np.where(count == 0, 0.0, low), np.where(count == n, 1.0, high)


def newcombe(first: Share, second: Share) -> tuple[float, float]:
    """Newcombe's 95 % interval of a difference of two independent shares, first minus second.

    With (l1, u1) and (l2, u2) the Wilson intervals of p1 and p2 it is
    p1 - p2 - √((p1 - l1)² + (u2 - p2)²) to p1 - p2 + √((u1 - p1)² + (p2 - l2)²).
    Source: Newcombe 1998, method 10. Both totals must be above 0.
    """
    p1, p2 = first.count / first.of, second.count / second.of
    below = math.hypot(p1 - first.low, second.high - p2)
    above = math.hypot(first.high - p1, p2 - second.low)
    return p1 - p2 - below, p1 - p2 + above


def mcnemar_p(only_one: int, only_other: int) -> float:
    """Exact McNemar p from the numbers of images that one network alone gets right.

    If both are equally good, each such image is equally likely to be either's: a binomial test
    with probability 1/2, P(X <= k) = I(n - k, k + 1; 1/2). Source: McNemar 1947.
    """
    n, fewer = only_one + only_other, min(only_one, only_other)
    return min(1.0, 2 * float(special.betainc(n - fewer, fewer + 1, 0.5))) if n else 1.0


def fisher_p(first: Share, second: Share) -> float:
    """Fisher's exact p of two independent shares being estimates of the same probability."""
    from scipy import stats  # takes half a second, and few need it

    table = np.array([[share.count, share.of - share.count] for share in (first, second)])
    return float(stats.fisher_exact(table).pvalue)


def compare_networks(baseline: npt.ArrayLike, variation: npt.ArrayLike) -> TwoNetworks:
    """Exact McNemar test of two networks. Source: Dietterich 1998 for its limits.

    Takes (n,) whether each network is correct on each of the same images.
    """
    b, v = np.asarray(baseline, bool), np.asarray(variation, bool)
    only_b, only_v = int((b & ~v).sum()), int((v & ~b).sum())
    return TwoNetworks(b.size, (only_v - only_b) / b.size, mcnemar_p(only_b, only_v))
