"""Looking at the data more than once: the level that each look may use.

A test at 5 % after 5, 8, 12 and 20 seeds that stops at the first success is wrong far more
often than 5 %. Pocock's (1977) remedy is one smaller, constant nominal level for every
look. His tables are for a known standard deviation; with few seeds the t statistics of
successive looks follow another joint law, which is computed here.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy import special
from scipy.stats import qmc

from paribus.errors import ComparisonError
from paribus.stats.intervals import ALPHA, Floats
from paribus.streams import stream

FIRST_LOOK = 3
_POINTS = 2**18


def check_looks(looks: Sequence[int]) -> tuple[int, ...]:
    """The looks (numbers of seeds) as a tuple, if they can be used.

    Raises:
        ComparisonError: none, one below three seeds, or not increasing.
    """
    if not looks:
        raise ComparisonError("expected looks, as [5, 8, 12, 20], got none")
    if looks[0] < FIRST_LOOK:
        raise ComparisonError(
            f"expected the first look at {FIRST_LOOK} seeds or more, got {looks[0]}; fewer can't "
            "show their spread"
        )
    if any(later <= earlier for earlier, later in pairwise(looks)):
        raise ComparisonError(f"expected increasing looks, as [5, 8, 12, 20], got {list(looks)}")
    return tuple(looks)


def nominal_level(looks: Sequence[int], alpha: float = ALPHA) -> float:
    """The level at which to test at every look so that the whole errs with probability alpha.

    About 0.0164 for looks at 5, 8, 12 and 20 seeds and alpha 0.05. Source: Pocock 1977 for the
    rule, `smallest_p` for the law.
    """
    return float(np.quantile(smallest_p(check_looks(looks)), alpha))


def overall_level(p: npt.ArrayLike, looks: Sequence[int]) -> Floats:
    """The error of a whole series of looks that stops at the first p value (...) this small.

    It is the sequential p value of a comparison seen at one of its looks: at most alpha
    exactly where p is at most `nominal_level(looks, alpha)`, so that it can be adjusted over
    variations as any p value (Jennison and Turnbull 2000; Ye et al. 2013 for Holm with
    looks). The computed law has no points far out: there, Bonferroni's bound (number of looks
    times p) is smaller and is used.
    """
    law = smallest_p(check_looks(looks))
    reached = np.searchsorted(law, p, side="right")
    by_law, by_bound = (reached + 1) / (len(law) + 1), len(looks) * np.asarray(p, dtype=float)
    return np.asarray(np.minimum(by_law, by_bound))


@lru_cache(maxsize=16)
def smallest_p(looks: tuple[int, ...]) -> Floats:
    """The law of the smallest two-sided t-test p value over all looks, if nothing differs.

    Returns 2**18 sorted, equally likely values. A look's t statistic depends on its seeds
    only through their mean and sum of squares, and these grow by the new seeds' own mean
    (normal) and sum of squares (chi-squared), merged by the formula of Chan, Golub and
    LeVeque 1983. So a point needs two numbers a look, taken from a scrambled Sobol sequence
    with a fixed stream: the level of the whole comes out within 0.0005 of the true one.
    """
    draws = qmc.Sobol(2 * len(looks), rng=stream(0, "looks", *looks)).random(_POINTS)
    n, mean, square, smallest = 0, np.zeros(_POINTS), np.zeros(_POINTS), np.ones(_POINTS)
    for draw, new in zip(
        np.split(draws, len(looks), axis=1), np.diff(looks, prepend=0), strict=True
    ):
        step = special.ndtri(draw[:, 0]) / np.sqrt(new) - mean
        square += step**2 * n * new / (n + new)
        if new > 1:
            square += 2 * special.gammaincinv((new - 1) / 2, draw[:, 1])
        n += int(new)
        mean += step * new / n
        t = mean / np.sqrt(square / (n - 1) / n)
        smallest = np.minimum(smallest, 2 * special.stdtr(n - 1, -np.abs(t)))
    smallest.sort()
    smallest.flags.writeable = False
    return smallest
