"""Statistics from SciPy and statsmodels, or by enumeration and integration; none by Paribus."""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from unittest.mock import patch

import numpy as np
from scipy import integrate, stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestPower

Array = Any


def holm(p: Sequence[float]) -> Array:
    """Adjusted p values; one that is missing stays so, but counts."""
    given = np.array(p, float)
    with patch("gc.collect"):  # which statsmodels calls, and which takes far longer than the rest
        adjusted = multipletests(np.where(np.isnan(given), 1.0, given), method="holm")[1]
    return np.where(np.isnan(given), np.nan, adjusted)


def paired(before: Array, after: Array) -> Array:
    """After minus before, rounded to the 12th digit of the values."""
    size = max(np.abs(before).max(initial=0), np.abs(after).max(initial=0))
    whole = 0 if size == 0 else int(np.ceil(np.log10(size)))
    return np.round(after - before, 12 - whole)


def mean_interval(d: Array, level: float = 0.95) -> tuple[float, float]:
    half = t_quantile(level, len(d) - 1) * d.std(ddof=1) / np.sqrt(len(d))
    return float(d.mean() - half), float(d.mean() + half)


@cache
def t_quantile(level: float, df: int) -> float:
    return float(stats.t.ppf((1 + level) / 2, df))


def t_p(d: Array, side: Any = "two-sided") -> float:
    """Of the mean being 0; by sign flips where all are the same."""
    if np.ptp(d) == 0:
        return sign_flips(d, side)
    return float(stats.ttest_1samp(d, 0, alternative=side).pvalue)


def sign_flips(d: Array, side: str = "two-sided") -> float:
    """The share of all signs that give a sum as far out, one by one."""
    flips = np.array(list(itertools.product([1, -1], repeat=len(d)))) @ d
    slack = 1e-9 * np.abs(d).sum()
    if side == "two-sided":
        return float((np.abs(flips) >= abs(d.sum()) - slack).mean())
    sign = 1 if side == "greater" else -1
    return float((sign * flips >= sign * d.sum() - slack).mean())


def signed_ranks(d: Array, side: str = "two-sided") -> float:
    """Wilcoxon's test after Pratt, over all signs of the ranks."""
    return sign_flips(stats.rankdata(np.abs(d)) * np.sign(d), side)


def shift_interval(d: Array, level: float = 0.95) -> tuple[float, float, float, float]:
    """Hodges and Lehmann's estimate, its interval and the level that it reaches.

    Cut off at each end are so many Walsh averages as all signs of the ranks 1 to n allow.
    """
    n = len(d)
    pairs = itertools.combinations_with_replacement(d, 2)
    walsh = np.sort([(a + b) / 2 for a, b in pairs])
    share = rank_sums(n)
    below = np.cumsum(share)
    cut = max((k for k in range(len(below)) if below[k] <= (1 - level) / 2 + 1e-12), default=0)
    return float(np.median(walsh)), walsh[cut], walsh[-1 - cut], float(1 - 2 * below[cut])


@cache
def rank_sums(n: int) -> Array:
    """How often the ranks 1 to n, each taken or not, have each sum."""
    share = np.ones(1)
    for rank in range(1, n + 1):
        share = np.convolve(share, np.eye(rank + 1)[0] / 2 + np.eye(rank + 1)[rank] / 2)
    return share


def robust_p(d: Array, side: str = "two-sided") -> float:
    """The larger p of sign flips and Hall's transformed t."""
    if side == "two-sided":
        return min(1.0, 2 * min(robust_p(d, "greater"), robust_p(d, "less")))
    flips = sign_flips(d, side)
    if np.ptp(d) == 0 or len(d) < 3:
        return flips
    n, u, g = len(d), d.mean() / d.std(ddof=1), stats.skew(d, bias=False)
    t = np.sqrt(n) * (u + g * u**2 / 3 + g**2 * u**3 / 27 + g / (6 * n))
    return max(flips, float(stats.t(n - 1).sf(t) if side == "greater" else stats.t(n - 1).cdf(t)))


@cache
def usual_skewness(n: int) -> tuple[float, float]:
    """What G1 of n normal numbers exceeds in 5 %, as near as 20,000 draws tell (4 sd)."""
    draws = np.abs(stats.skew(np.random.default_rng(1).normal(size=(100_000, n)), 1, bias=False))
    miss = 4 * np.sqrt(0.05 * 0.95 * (1 / 20_000 + 1 / 100_000))
    low, high = np.quantile(draws, [0.95 - miss, 0.95 + miss])
    return float(low), float(high)


# ---- new images ---------------------------------------------------------------------------------


def mean_squares(table: Array, classes: Array | None) -> tuple[Array, Array]:
    """Mean squares of seeds, images and the rest, and their degrees of freedom.

    Of a table (seeds, images), the last two within classes.
    """
    kinds = np.zeros(table.shape[1], int) if classes is None else classes
    seeds, count = table.shape
    of_seed, images, rest = table.mean(axis=1), 0.0, 0.0
    for kind in np.unique(kinds):
        part = table[:, kinds == kind]
        image, seed = part.mean(axis=0), part.mean(axis=1, keepdims=True)
        images += seeds * ((image - part.mean()) ** 2).sum()
        rest += ((part - image - seed + part.mean()) ** 2).sum()
    df = np.array([seeds - 1, count - len(np.unique(kinds))])
    df = np.append(df, df.prod())
    squares = np.array([count * ((of_seed - table.mean()) ** 2).sum(), images, rest])
    return squares / df, df


def new_images(
    table: Array, classes: Array | None, level: float = 0.95, most: float = np.inf
) -> tuple[float, float, bool]:
    """The interval of the mean for new seeds and images, and whether it is on the safe side."""
    error, freedom, truncated = _spread(table, classes)
    half = stats.t.ppf((1 + level) / 2, freedom) * error
    low, high = table.mean() - half, table.mean() + half
    return float(np.clip(low, -most, most)), float(np.clip(high, -most, most)), truncated


def at_least(new: tuple[float, float, bool], low: float, high: float) -> tuple[float, float, bool]:
    """The interval for new images, no narrower than that for these; NaN where they have none."""
    return float(np.minimum(new[0], low)), float(np.maximum(new[1], high)), new[2]


def new_images_p(table: Array, classes: Array | None, bound: float, side: str) -> float:
    """Of the mean not lying on this side of a bound."""
    error, freedom, _ = _spread(table, classes)
    mean = stats.t(freedom, table.mean(), error)
    return float(mean.cdf(bound) if side == "greater" else mean.sf(bound))


def _spread(table: Array, classes: Array | None) -> tuple[float, float, bool]:
    """Standard error and degrees of freedom, NaN without any; whether the rest alone counts."""
    ms, df = mean_squares(table, classes)
    combined = ms[0] + ms[1] - ms[2]
    scaled = max(combined, ms[2])
    if scaled < 1e-20:
        return np.nan, np.nan, False
    return (
        np.sqrt(scaled / table.size),
        scaled**2 / (ms**2 / df).sum(),
        bool(combined < ms[2] * (1 - 1e-12)),
    )


# ---- seeds needed -------------------------------------------------------------------------------


def power_of_difference(n: int, effect: float, alpha: float) -> float:
    """By statsmodels, or by integration where that gives none; the effect is in sd."""
    power = float(TTestPower().power(effect, n, alpha))
    if not np.isnan(power):
        return power
    bound, shift = float(stats.t.ppf(1 - alpha / 2, n - 1)), np.sqrt(n) * effect
    return over_spreads(
        n, lambda r: stats.norm.sf(bound * r - shift) + stats.norm.cdf(-bound * r - shift)
    )


def power_of_equivalence(n: int, effect: float, margin: float, alpha: float) -> float:
    """By integration; with too large a spread nothing is shown."""
    bound, root = float(stats.t.ppf(1 - alpha, n - 1)), np.sqrt(n)

    def shown(r: Array) -> Array:
        upper, lower = root * (margin - effect) - bound * r, -root * (margin + effect) + bound * r
        return stats.norm.cdf(upper) - stats.norm.cdf(lower)

    return over_spreads(n, shown, most=margin * root / bound)


def over_spreads(n: int, of: Callable[[Array], Array], most: float = np.inf) -> float:
    """The mean of a function of r = sample sd / true sd, up to `most`, by Simpson's rule."""
    root = np.sqrt(n - 1)
    r = np.linspace(0, min(most, 1 + 9 / root), 4_001)
    return float(integrate.simpson(stats.chi.pdf(r, n - 1, scale=1 / root) * of(r), x=r))


def fewest(power: Callable[[int], float]) -> tuple[float, float]:
    """The smallest number of seeds with a power of 80 %, and the power; none up to 1,000."""
    n = bisect_left(range(1001), 0.8, lo=2, key=power)
    return (float(n), power(n)) if n <= 1000 else (np.nan, np.nan)


def seeds_needed(effect: float, margin: float, alpha: float) -> tuple[float, float, str]:
    """Of the t tests; the margin, in standard deviations too, is NaN where there is none."""
    plan = (*fewest(lambda n: power_of_difference(n, effect, alpha)), "difference")
    if abs(effect) < margin:
        other = (*fewest(lambda n: power_of_equivalence(n, effect, margin, alpha)), "equivalence")
        if not other[0] > plan[0]:
            return other if not np.isnan(other[0]) else plan
    return plan


@dataclass(frozen=True)
class RankPlan:
    """What is planned for signed ranks: the effect and the margin in standard deviations."""

    goal: str
    effect: float
    margin: float
    alpha: float
    by_mean: float

    def fits(self, seeds: float, power: float) -> bool:
        """Whether a plan is right, as far as simulations of 5,000 and 40,000 draws tell (4 sd).

        Above 200 seeds it is pi / 3 times that of the t test.
        """
        least = int(np.ceil(-np.log2(self.alpha))) + (self.goal == "difference")
        scaled = max(np.ceil(self.by_mean * np.pi / 3), least)
        if scaled > 200:
            return bool(seeds == scaled)
        error = 4 * np.sqrt(0.8 * 0.2 * (1 / 5_000 + 1 / 40_000))
        n, ours = int(seeds), self.power(int(seeds))
        enough = abs(ours - power) < error and power >= 0.8
        if np.isnan(power):  # not told
            enough = ours > 0.8 - error
        return enough and (n == least or self.power(n - 1) < 0.8 + error)

    def power(self, n: int, draws: int = 40_000) -> float:
        """Of signed-rank tests on normal differences."""
        d = np.random.default_rng(n).normal(self.effect, 1, (draws, n))
        tail, most = np.cumsum(rank_sums(n)), n * (n + 1) // 2
        if self.goal == "difference":
            low = np.minimum(_plus(d), most - _plus(d))
            return float((2 * tail[low] <= self.alpha + 1e-12).mean())
        worse = np.maximum(most - _plus(d + self.margin), _plus(d - self.margin))
        return float((tail[worse] <= self.alpha + 1e-12).mean())


def _plus(d: Array) -> Array:
    """The sum of the ranks of positive differences (draws, n); normal ones have no ties."""
    ranks = np.abs(d).argsort(axis=1).argsort(axis=1) + 1
    return (ranks * (d > 0)).sum(axis=1)
