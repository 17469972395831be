"""Two groups of runs whose seeds don't correspond: difference of means with Welch's interval.

b (n,) and v (m,) are the baseline's and the variation's values, each at least two.
"""

import math
from bisect import bisect_left
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

import numpy as np
import numpy.typing as npt
from scipy import special

from paribus.errors import ComparisonError
from paribus.stats.intervals import ALPHA, LEVEL, Floats, Interval
from paribus.stats.paired import DIGITS, Estimate
from paribus.stats.power import MOST_SEEDS, POWER, Goal, SeedsNeeded
from paribus.stats.student import Alternative, t_quantile, t_test_p
from paribus.stream import stream

#: Up to so many ways of dividing the runs into two groups are all counted; of more, as many drawn.
MOST_DIVISIONS = 50_000
DRAWN = 9_999
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(100)


@dataclass(frozen=True)
class Welch:
    """A difference of two means, its standard error, and Welch's degrees of freedom.

    `error` is 0 and `df` NaN where neither group has a spread.
    """

    difference: float
    error: float
    df: float


def welch(b: Floats, v: Floats) -> Welch:
    """Mean of v minus mean of b, with Var = s_b**2 / n + s_v**2 / m.

    Degrees of freedom by Satterthwaite. Source: Welch 1947. Raises ComparisonError on fewer than
    two values in a group.
    """
    if min(len(b), len(v)) < 2:
        raise ComparisonError(f"expected at least two runs of each, got {len(b)} and {len(v)}")
    parts = [0.0 if np.ptp(x) == 0 else float(x.var(ddof=1)) / len(x) for x in (b, v)]
    error = math.sqrt(sum(parts))
    below = sum(part**2 / (len(x) - 1) for part, x in zip(parts, (b, v), strict=True))
    df = sum(parts) ** 2 / below if below else math.nan
    return Welch(_rounded(float(v.mean() - b.mean()), b, v), error, df)


def welch_test(
    b: Floats, v: Floats, alternative: Alternative = "two-sided", null: float = 0.0
) -> float:
    """P value of "the means differ by `null`" (or not by more, not by less).

    Assumes independent runs, roughly normal in each group; the spreads may differ. Where neither
    group has a spread, t would divide by 0: the permutation test replaces it.
    """
    of = welch(b, v)
    distance = _rounded(of.difference - null, b, v)
    if of.error == 0:
        return permuted_welch(b + null, v, alternative)
    return float(t_test_p(distance / of.error, of.df, alternative))


def welch_interval(b: Floats, v: Floats, level: float = LEVEL) -> Estimate:
    """The difference of the means with Welch's t interval and p; NaN where nothing spreads."""
    of = welch(b, v)
    half = math.nan if of.error == 0 else float(t_quantile((1 + level) / 2, of.df)) * of.error
    ends = (of.difference, of.difference - half, of.difference + half, welch_test(b, v))
    middle, low, high, p = map(np.asarray, ends)
    return Estimate(middle, low, high, p, level)


def predicted_difference(b: Floats, v: Floats, level: float = LEVEL) -> Interval | None:
    """The interval that will hold the difference of one new run of each; None without a spread.

    d +- t sqrt(s_b**2 (1 + 1 / n) + s_v**2 (1 + 1 / m)), degrees of freedom by Satterthwaite as
    in `welch`. Assumes normal values in each group.
    """
    parts = [float(x.var(ddof=1)) * (1 + 1 / len(x)) for x in (b, v)]
    if np.ptp(b) == 0 and np.ptp(v) == 0:
        return None
    df = sum(parts) ** 2 / sum(p**2 / (len(x) - 1) for p, x in zip(parts, (b, v), strict=True))
    middle = float(v.mean() - b.mean())
    half = float(t_quantile((1 + level) / 2, df)) * math.sqrt(sum(parts))
    return Interval(middle, middle - half, middle + half, level)


def welch_equivalence_p(b: Floats, v: Floats, margin: float) -> float:
    """P value of two one-sided Welch tests that the means differ by less than the margin.

    Source: Schuirmann 1987. Raises ComparisonError if the margin is not above 0.
    """
    if not margin > 0:
        raise ComparisonError(f"expected a margin above 0, got {margin}")
    above = welch_test(b, v, "greater", -margin)
    return max(above, welch_test(b, v, "less", margin))


def permuted_welch(b: Floats, v: Floats, alternative: Alternative = "two-sided") -> float:
    """P value of Welch's t among all divisions of the runs into groups of these sizes.

    Exact if the two groups are alike, be they normal or not; with unlike spreads nearly right,
    since t is studentized. Up to `MOST_DIVISIONS` divisions all are counted; of more, `DRAWN` are
    drawn from a fixed stream, p = (b + 1) / (m + 1). Source: Janssen 1997; Chung and Romano 2013.
    """
    if alternative == "less":
        return permuted_welch(-b, -v, "greater")
    size = abs if alternative == "two-sided" else np.asarray
    joined, n, m = np.concatenate([b, v]), len(b), len(v)
    counted = math.comb(n + m, m) <= MOST_DIVISIONS
    chosen = _divisions(n + m, m) if counted else _drawn(n + m, m)
    t = np.asarray(size(_t_of_divisions(joined, chosen)))
    seen = float(np.asarray(size(_t_of_divisions(joined, np.arange(n, n + m)[None])))[0])
    reached = int((t >= seen - 1e-9 * max(1.0, abs(seen))).sum()) if math.isfinite(seen) else 0
    if not math.isfinite(seen):
        reached = int((t == seen).sum())
    return reached / len(t) if counted else (reached + 1) / (len(t) + 1)


def smallest_permuted_p(n: int, m: int) -> float:
    """The smallest two-sided p that groups of n and m runs can give."""
    return min(1.0, (2.0 if n == m else 1.0) / math.comb(n + m, m)) if n and m else 1.0


def runs_needed(
    difference: float, sds: tuple[float, float], margin: float | None = None, alpha: float = ALPHA
) -> SeedsNeeded | None:
    """The seeds each setting needs, if the estimates were the truth, for a power of 80 %.

    As `power.seeds_needed`, by Welch's test of two groups of the same size with these standard
    deviations. None if nothing spreads.
    """
    if max(sds) == 0:
        return None
    inside = margin is not None and abs(difference) < margin
    different = _smallest(difference, sds, None, alpha)
    if margin is None or not inside:
        return different
    equivalent = _smallest(difference, sds, margin, alpha)
    return min(equivalent, different, key=lambda needed: needed.seeds or math.inf)


def power_of_welch(
    n: int, difference: float, sds: tuple[float, float], margin: float | None, alpha: float = ALPHA
) -> float:
    """Probability that Welch's test of n runs each finds the difference, or shows equivalence.

    With r = estimated / true standard error, where df r**2 is about chi-squared, the probability
    is averaged over r, as for pairs. With a margin it is that of the two one-sided tests.
    """
    variances = np.square(sds)
    df = (n - 1) * variances.sum() ** 2 / np.square(variances).sum()
    error = math.sqrt(variances.sum() / n)
    r = np.sqrt(2 * special.gammaincinv(df / 2, (_NODES + 1) / 2) / df)
    if margin is None:
        needed, shift = special.stdtrit(df, 1 - alpha / 2) * r, difference / error
        found = special.ndtr(shift - needed) + special.ndtr(-shift - needed)
        return float(found @ _WEIGHTS / 2)
    needed = special.stdtrit(df, 1 - alpha) * r
    upper = special.ndtr((margin - difference) / error - needed)
    lower = special.ndtr(-(margin + difference) / error + needed)
    return float(np.maximum(upper - lower, 0) @ _WEIGHTS / 2)


def _smallest(
    difference: float, sds: tuple[float, float], margin: float | None, alpha: float
) -> SeedsNeeded:
    def power(n: int) -> float:
        return power_of_welch(n, difference, sds, margin, alpha)

    n = bisect_left(range(MOST_SEEDS + 1), POWER, lo=2, key=power)
    goal: Goal = "difference" if margin is None else "equivalence"
    return SeedsNeeded(n, goal, power(n)) if n <= MOST_SEEDS else SeedsNeeded(None, goal, None)


def _rounded(difference: float, b: Floats, v: Floats) -> float:
    """A difference of values without the rounding error of the subtraction."""
    largest = max(float(np.abs(b).max()), float(np.abs(v).max()))
    return (
        difference if largest == 0 else round(difference, DIGITS - math.ceil(math.log10(largest)))
    )


@lru_cache(maxsize=8)
def _divisions(runs: int, m: int) -> npt.NDArray[np.int8]:
    """Every choice (ways, m) of m of so many runs."""
    return np.array(list(combinations(range(runs), m)), dtype=np.int8)


@lru_cache(maxsize=8)
def _drawn(runs: int, m: int) -> npt.NDArray[np.intp]:
    keys = stream(0, "permuted welch", runs, m).random((DRAWN, runs))
    return np.asarray(np.argpartition(keys, m - 1, axis=1)[:, :m])


def _t_of_divisions(joined: Floats, chosen: npt.NDArray[np.integer]) -> Floats:
    """Welch's t (ways,) of the chosen (ways, m) against the others; infinite without a spread."""
    centered = joined - joined.mean()
    m, n = chosen.shape[1], len(joined) - chosen.shape[1]
    ours = centered[chosen]
    total, square = ours.sum(axis=1), np.square(ours).sum(axis=1)
    others, squares = -total, np.square(centered).sum() - square
    variance = _variance_of_mean(total, square, m) + _variance_of_mean(others, squares, n)
    difference = total / m - others / n
    flat = variance <= 1e-14 * max(1e-300, float(np.square(centered).max()))
    with np.errstate(divide="ignore", invalid="ignore"):
        t = difference / np.sqrt(np.where(flat, 0.0, variance))
    return np.asarray(np.where(np.isnan(t), 0.0, t))


def _variance_of_mean(total: Floats, square: Floats, n: int) -> Floats:
    return np.asarray(np.maximum(square - total**2 / n, 0.0) / (n - 1) / n)
