"""Whether differences look as a t test takes them, and a test that asks less of them.

The t test takes n differences to be roughly normal. Where a variation makes a few runs much
worse, its p is too small on one side; where the differences have only a few values, at a small
level it takes agreement by chance for certainty.
"""

import math
from functools import lru_cache

import numpy as np

from paribus.stats.intervals import ALPHA, Floats
from paribus.stats.paired import is_constant, sign_flip
from paribus.stats.student import Alternative, t_test_p
from paribus.stream import stream

#: So many numbers are drawn at most to find how lopsided normal differences look.
_DRAWN = 4_000_000
_MOST_DRAWS = 20_000
#: Fewer equal differences are no clump, and fewer differences aren't lopsided.
_FEWEST = 3


def is_lopsided(d: Floats) -> bool:
    """Whether d (n,) is more skewed than n normal differences are in 95 of 100 studies.

    By Fisher's G1, whose distribution is simulated from a fixed stream. Few seeds can't tell: of
    differences as skewed as an exponential distribution, 16 % are found with 5 seeds, 37 % with
    10. Source: Joanes and Gill 1998 for G1. False below three seeds, or where all are the same.
    """
    if len(d) < _FEWEST or is_constant(d):
        return False
    return bool(abs(_skewness(d)) > _largest_skewness(len(d)))


def is_clumpy(d: Floats) -> bool:
    """Whether more than half of d (n,), and at least three, have one value, but not all."""
    most = int(np.unique(d, return_counts=True)[1].max(initial=0))
    return _FEWEST <= most < len(d) < 2 * most


def robust_test(d: Floats, alternative: Alternative = "two-sided") -> float:
    """P value of "the mean of d (n,) is 0": the larger one of two tests that ask less than t's.

    The sign-flip test takes any differences that are symmetric, however clumpy. Hall's
    transformation of the t statistic removes the skewness g as it is estimated: with
    u = mean / sd, it is sqrt(n) * (u + g u**2 / 3 + g**2 u**3 / 27 + g / (6 n)), compared with
    Student's t. Both must agree. Source: Fisher 1935; Hall 1992.
    """
    if alternative == "two-sided":
        return min(1.0, 2 * min(robust_test(d, "greater"), robust_test(d, "less")))
    by_flips = sign_flip(d, alternative)
    if is_constant(d) or len(d) < _FEWEST:
        return by_flips
    n, u, g = len(d), float(d.mean() / d.std(ddof=1)), float(_skewness(d))
    t = math.sqrt(n) * (u + g * u**2 / 3 + g**2 * u**3 / 27 + g / (6 * n))
    return max(by_flips, float(t_test_p(t, n - 1, alternative)))


def _skewness(d: Floats) -> Floats:
    """Fisher's G1 (...) of d (..., n): sqrt(n (n - 1)) / (n - 2) * m3 / m2**1.5."""
    n, centered = d.shape[-1], d - d.mean(axis=-1, keepdims=True)
    m2, m3 = np.square(centered).mean(axis=-1), (centered**2 * centered).mean(axis=-1)
    return np.asarray(math.sqrt(n * (n - 1)) / (n - 2) * m3 / m2**1.5)


@lru_cache
def _largest_skewness(n: int) -> float:
    """What |G1| of n normal numbers exceeds with probability `ALPHA`."""
    draws = min(_MOST_DRAWS, _DRAWN // n)
    drawn = stream(0, "skewness", n).standard_normal((draws, n))
    return float(np.quantile(np.abs(_skewness(drawn)), 1 - ALPHA))
