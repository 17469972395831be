"""More than one chance to be wrong: many comparisons at once, and many looks at the data.

Intervals are not adjusted: each holds for its own comparison. So a comparison whose interval
leaves out 0 can stay undecided among many.

A test at 5 % after 5, 8, 12 and 20 seeds that stops at the first success is wrong far more often
than in 5 %. Pocock (1977) uses one smaller level at every look. His tables assume a known
standard deviation; with few seeds the t statistics of successive looks have another joint
distribution, which is computed here.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy import special

from paribus.errors import ComparisonError
from paribus.stats.intervals import ALPHA, Floats
from paribus.stream import stream

FIRST_LOOK = 3
_POINTS = 2**18


def holm(p: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Holm-adjusted p values of families of comparisons (..., k), in the order given.

    The smallest p is multiplied by k, the next by k - 1, and so on; none falls below the one
    before it or exceeds 1. Rejecting where the adjusted p is at most alpha keeps the probability
    of any false rejection in a family at alpha, even for dependent comparisons (variations share
    their baseline). A missing p (NaN: too few seeds) stays missing, but counts in the family.

    statsmodels' multipletests gives the same numbers, but takes 60 ms per call. Source: Holm 1979.
    """
    given = np.asarray(p, dtype=float)
    k = given.shape[-1]
    filled = np.where(np.isnan(given), 1.0, given)
    order = np.argsort(filled, axis=-1)
    scaled = np.take_along_axis(filled, order, axis=-1) * np.arange(k, 0, -1)
    rising = np.minimum(np.maximum.accumulate(scaled, axis=-1), 1.0)
    adjusted = np.empty_like(filled)
    np.put_along_axis(adjusted, order, rising, axis=-1)
    return np.where(np.isnan(given), np.nan, adjusted)


def check_looks(looks: Sequence[int]) -> tuple[int, ...]:
    """The looks (numbers of seeds) as a tuple.

    Raises ComparisonError if there is none, one below three seeds, or they don't increase.
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
    """The level for every look that gives the whole series an error probability of alpha.

    About 0.0164 for looks at 5, 8, 12 and 20 seeds and alpha 0.05. Source: Pocock 1977 for the
    rule, `smallest_p` for the distribution.
    """
    return float(np.quantile(smallest_p(tuple(looks)), alpha))


def overall_level(p: npt.ArrayLike, looks: Sequence[int]) -> Floats:
    """The error of a series of looks that stops at the first p value (...) this small.

    It is a sequential p value: at most alpha exactly where p is at most
    `nominal_level(looks, alpha)`, and adjustable like any p value (Jennison and Turnbull 2000; Ye
    et al. 2013 for Holm with looks). The computed distribution has no points in the far tail:
    there, Bonferroni's bound (number of looks times p) is smaller and is used. NaN stays NaN.
    """
    points = smallest_p(tuple(looks))
    reached = np.searchsorted(points, p, side="right")
    bound = len(looks) * np.asarray(p, dtype=float)
    return np.asarray(np.minimum((reached + 1) / (len(points) + 1), bound))


@lru_cache(maxsize=16)
def smallest_p(looks: tuple[int, ...]) -> Floats:
    """The null distribution of the smallest two-sided t-test p value over all looks.

    Returns 2**18 sorted, equally likely values. A look's t statistic depends on its seeds only
    through their mean and sum of squares, which are merged with the mean (normal) and sum of
    squares (chi-squared) of the new seeds by the formula of Chan, Golub and LeVeque 1983. So a
    point needs two numbers per look, from a scrambled Sobol sequence with a fixed stream. The
    overall level is within 0.0005 of the true one.
    """
    from scipy.stats import qmc  # takes half a second, and few studies have looks

    check_looks(looks)
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
