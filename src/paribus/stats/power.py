"""With how many seeds a study would decide a comparison, and how many pairing saves."""

import math
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import special

from paribus.errors import ComparisonError
from paribus.stats.intervals import ALPHA, LEVEL, Floats, half_width
from paribus.stats.paired import ranks_to_cut
from paribus.stats.student import t_quantile
from paribus.stream import stream

Goal = Literal["difference", "equivalence"]

POWER = 0.8
MOST_SEEDS = 1000
SIMULATED_SEEDS = 200
_DRAWS = 5_000
#: So many standard deviations from the middle nothing counts anymore.
_TAIL = 8.5
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(200)


@dataclass(frozen=True)
class SeedsNeeded:
    """The seeds needed to decide a comparison, in total; None: more than `MOST_SEEDS`.

    They would show the `goal`, a difference or that it is inside the margin, with a probability
    of `power`, 0.8 or a little more; None if `seeds` is None.
    """

    seeds: int | None
    goal: Goal
    power: float | None

    def __str__(self) -> str:
        return f"more than {MOST_SEEDS:,}" if self.seeds is None else str(self.seeds)


def power_of_difference(n: int, difference: float, sd: float, alpha: float = ALPHA) -> float:
    """Probability that a two-sided paired t test on n seeds finds a true difference.

    The t statistic then follows the noncentral t distribution with noncentrality
    sqrt(n) * difference / sd and n - 1 degrees of freedom (Cohen 1988). Given r = sample sd /
    true sd, it is beyond +-t if a normal variable is beyond +-t r; that probability is averaged
    over r. statsmodels' TTestPower gives the same numbers, but NaN for large noncentralities, and
    takes a hundred times as long.
    """
    r, weight = _sd_ratios(n)
    needed = t_quantile(1 - alpha / 2, n - 1) * r
    shift = math.sqrt(n) * difference / sd
    return float((special.ndtr(shift - needed) + special.ndtr(-shift - needed)) @ weight)


def power_of_equivalence(
    n: int, difference: float, sd: float, margin: float, alpha: float = ALPHA
) -> float:
    """Probability that the two one-sided t tests on n seeds show |true difference| < margin.

    Given r = sample sd / true sd, the mean must be between -margin + t r sd / sqrt(n) and
    margin - t r sd / sqrt(n); that probability is averaged over r. Source: Owen 1965; Phillips
    1990.
    """
    t, root = float(t_quantile(1 - alpha, n - 1)), math.sqrt(n) / sd
    r, weight = _sd_ratios(n, root * margin / t)  # with a larger r nothing is shown
    upper, lower = root * (margin - difference) - t * r, -root * (margin + difference) + t * r
    return float((special.ndtr(upper) - special.ndtr(lower)) @ weight)


@lru_cache(maxsize=4096)
def _sd_ratios(n: int, most: float = math.inf) -> tuple[Floats, Floats]:
    """Points and weights to average over r = sample sd / true sd with n seeds, up to `most`.

    (n - 1) r**2 is chi-squared; Gauss-Legendre quadrature over its quantiles on the scale of the
    normal distribution, on which powers are smooth.
    """
    half = (n - 1) / 2
    top = float(np.clip(special.ndtri(special.gammainc(half, half * most**2)), -_TAIL, _TAIL))
    z = (_NODES + 1) / 2 * (top + _TAIL) - _TAIL
    chi2 = 2 * np.where(
        z < 0,
        special.gammaincinv(half, special.ndtr(z)),
        special.gammainccinv(half, special.ndtr(-z)),
    )
    weight = _WEIGHTS / 2 * (top + _TAIL) * np.exp(-np.square(z) / 2) / math.sqrt(2 * math.pi)
    return np.sqrt(chi2 / (n - 1)), weight


def seeds_needed(
    difference: float, sd: float, margin: float | None = None, alpha: float = ALPHA
) -> SeedsNeeded | None:
    """The seeds with which 80 % of studies would decide, if these estimates were the truth.

    The smallest number of paired seeds n at which a new study, with differences of this `sd`
    around this true `difference`, would with a probability of at least 80 % either find the
    difference by the two-sided t test or, if it is inside the margin, show that; whichever takes
    fewer. As both inputs are estimates, the result is one too; None if no number is enough, since
    all differences are 0 and no margin is declared. All are of the paired differences (of their
    logarithms for a ratio); among k variations alpha is 0.05 / k. Raises ComparisonError if sd is
    below 0.
    """
    if not sd >= 0:
        raise ComparisonError(f"expected a standard deviation of 0 or more, got {sd}")
    inside = margin is not None and abs(difference) < margin
    if sd == 0:
        # The sign-flip test decides: one-sided p 2**-n, two-sided 2 * 2**-n.
        one_sided = math.ceil(-math.log2(alpha))
        if inside:
            return SeedsNeeded(one_sided, "equivalence", 1.0)
        return SeedsNeeded(one_sided + 1, "difference", 1.0) if difference else None
    different = _smallest(lambda n: power_of_difference(n, difference, sd, alpha), "difference")
    if margin is None or not inside:
        return different
    equivalent = _smallest(
        lambda n: power_of_equivalence(n, difference, sd, margin, alpha), "equivalence"
    )
    return min(equivalent, different, key=lambda needed: needed.seeds or math.inf)


def _smallest(power: Callable[[int], float], goal: Goal) -> SeedsNeeded:
    """The smallest n from 2 with enough power, which grows with n."""
    n = bisect_left(range(MOST_SEEDS + 1), POWER, lo=2, key=power)
    return SeedsNeeded(n, goal, power(n)) if n <= MOST_SEEDS else SeedsNeeded(None, goal, None)


def seeds_needed_by_ranks(
    difference: float, sd: float, margin: float | None = None, alpha: float = ALPHA
) -> SeedsNeeded | None:
    """As `seeds_needed`, for the signed-rank test on normal differences.

    It needs about pi / 3 = 1.05 times the t test's seeds (Hodges and Lehmann 1956), and enough
    for its smallest p to reach alpha. From there the number is searched by simulation; above
    `SIMULATED_SEEDS` the factor alone is accurate enough.
    """
    by_mean = seeds_needed(difference, sd, margin, alpha)
    if by_mean is None or by_mean.seeds is None or sd == 0:
        return by_mean
    goal, least = by_mean.goal, math.ceil(-math.log2(alpha)) + (by_mean.goal == "difference")
    n = max(math.ceil(by_mean.seeds * math.pi / 3), least)
    if n > SIMULATED_SEEDS:
        return replace(by_mean, seeds=n if n <= MOST_SEEDS else None)

    def power(n: int) -> float:
        return power_by_ranks(n, goal, difference / sd, (margin or 0) / sd, alpha)

    while n > least and power(n - 1) >= POWER:
        n -= 1
    while power(n) < POWER:
        n += 1
    return SeedsNeeded(n, goal, power(n))


def power_by_ranks(n: int, goal: Goal, effect: float, margin: float, alpha: float) -> float:
    """Probability that the signed-rank test on n seeds reaches the goal, by simulation.

    Effect and margin are in standard deviations of the normal differences.
    """
    level = 1 - alpha if goal == "difference" else 1 - 2 * alpha
    cut, attained = ranks_to_cut(n, level)
    if attained < level - 1e-12:
        return 0.0
    d, most = effect + _normal_draws(n), n * (n + 1) // 2
    if goal == "difference":
        plus = _positive_ranks(d)
        return float((np.minimum(plus, most - plus) <= cut).mean())
    above, below = most - _positive_ranks(d + margin), _positive_ranks(d - margin)
    return float((np.maximum(above, below) <= cut).mean())


def _positive_ranks(d: Floats) -> npt.NDArray[np.int64]:
    """Sum of the ranks of |d| (draws, n) over positive differences."""
    ranks = np.abs(d).argsort(axis=-1).argsort(axis=-1) + 1
    return np.asarray((ranks * (d > 0)).sum(axis=-1))


@lru_cache(maxsize=16)
def _normal_draws(n: int) -> Floats:
    return stream(0, "power by ranks", n).standard_normal((_DRAWS, n))


def unpaired_seeds(baseline: Floats, variation: Floats, level: float = LEVEL) -> int | None:
    """The seeds of each setting with which an unpaired interval would be as narrow as the paired.

    From the paired values (n,) each: the smallest N with
    t(f) sqrt((var(b) + var(v)) / N) <= t(n - 1) sd(v - b) / sqrt(n), where Welch's degrees of
    freedom are f = (N - 1) (var(b) + var(v))**2 / (var(b)**2 + var(v)**2). Without pairing there
    are up to twice as many, so with few seeds an interval may take fewer than n. Source: Welch
    1947. None if all differences are equal, or if more than `MOST_SEEDS` would be needed.
    """
    n, spread = len(baseline), float(np.std(variation - baseline, ddof=1))
    first, second = float(np.var(baseline, ddof=1)), float(np.var(variation, ddof=1))
    if spread == 0:
        return None
    together, paired = first + second, float(half_width(n, spread, level))

    def narrow(seeds: int) -> bool:
        freedom = (seeds - 1) * together**2 / (first**2 + second**2)
        return bool(t_quantile((1 + level) / 2, freedom) * math.sqrt(together / seeds) <= paired)

    seeds = bisect_left(range(MOST_SEEDS + 1), True, lo=2, key=narrow)
    return seeds if seeds <= MOST_SEEDS else None
