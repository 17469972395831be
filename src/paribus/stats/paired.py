"""Differences over paired seeds: mean with its t interval, sign-flip test, ranks.

d (n,) is variation minus baseline, one number per seed. Functions of (..., n) work on the last
axis.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from paribus.errors import ComparisonError
from paribus.stats.intervals import LEVEL, Floats, half_width
from paribus.stats.student import Alternative, t_test_p
from paribus.stream import stream

#: Up to this many seeds all flips are counted (two halves of 2**15 sums); beyond, FLIPS are drawn.
EXACT_SEEDS = 30
FLIPS = 99_999
#: Signs that are worked with at once; as numbers they are to fit into a processor's cache.
_IN_CACHE = 1 << 18
#: Significant digits of a value: subtraction spoils the 16th; float32 has 7.
DIGITS = 12


@dataclass(frozen=True)
class Estimate:
    """An estimate with its interval and the p value of "no difference".

    Arrays (...), () for one comparison; low and high are NaN where all differences are equal,
    since their spread is unknown. `level` is the actual confidence of the interval.
    """

    estimate: Floats
    low: Floats
    high: Floats
    p: Floats
    level: float


@dataclass(frozen=True)
class Pairs:
    """Finite values (n,) at the seeds at which both settings have one: `known` (all seeds,)."""

    baseline: Floats
    variation: Floats
    known: npt.NDArray[np.bool_]


def complete_pairs(baseline: npt.ArrayLike, variation: npt.ArrayLike) -> Pairs:
    """Pair (n,) with (n,) values, seed by seed, leaving out seeds where either is NaN.

    Raises ComparisonError if the shapes differ or a value is infinite.
    """
    b, v = np.asarray(baseline, float), np.asarray(variation, float)
    if b.ndim != 1 or b.shape != v.shape:
        raise ComparisonError(
            f"expected one value per seed for both settings, got shapes {b.shape} and {v.shape}"
        )
    if np.isinf(b).any() or np.isinf(v).any():
        raise ComparisonError("expected finite values (NaN for a missing one), got an infinite one")
    known = ~(np.isnan(b) | np.isnan(v))
    return Pairs(b[known], v[known], known)


def differences(baseline: Floats, variation: Floats) -> Floats:
    """Variation minus baseline (..., n), without the rounding error of the subtraction.

    0.51 - 0.50 and 0.61 - 0.60 differ in their last bits. Unrounded, equal differences would
    seem to have a tiny spread and give a p value of 1e-16.
    """
    size = max(np.abs(baseline).max(initial=0.0), np.abs(variation).max(initial=0.0))
    if size == 0:
        return np.zeros(np.shape(variation))
    return np.asarray(np.round(variation - baseline, DIGITS - int(np.ceil(np.log10(size)))))


def log_ratios(baseline: Floats, variation: Floats) -> Floats:
    """log(variation / baseline) (n,); a ComparisonError where a value is not above 0."""
    if min(baseline.min(initial=1.0), variation.min(initial=1.0)) <= 0:
        raise ComparisonError("expected values above 0 for a ratio, got one that is 0 or below")
    return differences(np.log(baseline), np.log(variation))


def is_constant(d: Floats) -> npt.NDArray[np.bool_]:
    """Whether all n differences are equal, so that they have no spread."""
    return np.asarray(np.ptp(d, axis=-1) == 0)


def mean_test(d: Floats, alternative: Alternative = "two-sided") -> Floats:
    """P value (...) of "the mean difference is 0" for (..., n): Student's one-sample t test.

    Where all n differences are equal the t statistic would divide by 0; the sign-flip test, which
    needs no spread, replaces it. Source: Student 1908; Dietterich 1998 for paired trainings.
    Raises ComparisonError on fewer than two seeds.
    """
    _at_least_two(d)
    constant = is_constant(d)
    n, variance = d.shape[-1], np.where(constant, np.nan, d.var(axis=-1))
    t = d.mean(axis=-1) / np.sqrt(variance * (n / (n - 1)) / n)
    p = t_test_p(t, n - 1, alternative)
    p[constant] = [sign_flip(row, alternative) for row in d[constant]]
    return p


def t_interval(d: Floats, level: float = LEVEL) -> Estimate:
    """Mean of d (..., n) and its t interval: mean +- t(n-1) * sd / sqrt(n).

    Assumes independent seeds and roughly normal differences. Source: Student 1908. Raises
    ComparisonError on fewer than two seeds.
    """
    _at_least_two(d)
    n, mean = d.shape[-1], np.asarray(d.mean(axis=-1))
    half = np.where(is_constant(d), np.nan, half_width(n, d.std(axis=-1, ddof=1), level))
    return Estimate(mean, mean - half, mean + half, mean_test(d), level)


def sign_flip(d: Floats, alternative: Alternative = "two-sided") -> float:
    """P value of the sign-flip test on the sum of d (n,), in (0, 1].

    If the variation changes nothing, d and -d are equally likely. The p value is the share of all
    2**n flips whose sum is at least as extreme as the observed one. Up to `EXACT_SEEDS` seeds all
    are counted: sums of the first half of the seeds against sorted sums of the second half.
    Beyond, `FLIPS` flips are drawn from a fixed stream, p = (b + 1) / (m + 1). Source: Fisher
    1935; Phipson and Smyth 2010 for the drawn flips.
    """
    if alternative == "less":
        return sign_flip(-d, "greater")
    d = d[d != 0]  # flipping a zero would only count everything twice
    total = abs(d.sum()) if alternative == "two-sided" else d.sum()
    bound = total - 1e-9 * np.abs(d).sum()  # ties, allowing for rounding
    share = _share_of_flips(d, bound) if len(d) <= EXACT_SEEDS else _share_of_draws(d, bound)
    return min(1.0, 2 * share) if alternative == "two-sided" else share


def smallest_sign_flip_p(n: int) -> float:
    """The smallest two-sided p that n nonzero differences can give: 2 / 2**n."""
    return min(1.0, 2.0 / 2.0**n)


def signed_rank_test(d: Floats, alternative: Alternative = "two-sided") -> float:
    """P value of Wilcoxon's signed-rank test of d (n,), exact with ties and zeros.

    It is the sign-flip test on the ranks of |d|; ties share their mean rank, zeros are ranked and
    then left out. Source: Wilcoxon 1945; Pratt 1959 for the zeros.
    """
    return sign_flip(np.asarray(mean_ranks(np.abs(d)) * np.sign(d)), alternative)


def mean_ranks(values: Floats) -> Floats:
    """The ranks (n,) of values (n,), from 1 on; equal values share the mean of theirs."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[place])


def hodges_lehmann(d: Floats, level: float = LEVEL) -> Estimate:
    """Hodges-Lehmann estimate of the shift of d (..., n) with its signed-rank interval.

    The estimate is the median of the means of all pairs (Walsh averages), pairs of a difference
    with itself included. The interval cuts as many at each end as the signed-rank distribution
    allows for a confidence of at least `level`; if n is too small (n < 6 for 0.95) it is the
    widest possible and `level` is what it reaches. Assumes differences symmetric about the shift;
    ties make it slightly too wide. p (of `signed_rank_test`) is NaN for a batch. Source: Hodges
    and Lehmann 1963.
    """
    n = d.shape[-1]
    first, second = np.triu_indices(n)
    walsh = np.sort((d[..., first] + d[..., second]) / 2, axis=-1)
    cut, attained = ranks_to_cut(n, level)
    p = signed_rank_test(d) if d.ndim == 1 else np.full(d.shape[:-1], np.nan)
    middle, low, high, p = map(
        np.asarray, (np.median(walsh, axis=-1), walsh[..., cut], walsh[..., -1 - cut], p)
    )
    return Estimate(middle, low, high, p, attained)


def correlation(pairs: Pairs) -> float | None:
    """The Pearson correlation of the paired values, from which pairing gains.

    None below three seeds, where it is always +-1, and if a setting's values are all equal.
    """
    if len(pairs.baseline) < 3 or np.ptp(pairs.baseline) == 0 or np.ptp(pairs.variation) == 0:
        return None
    return float(np.corrcoef(pairs.baseline, pairs.variation)[0, 1])


def _at_least_two(d: Floats) -> None:
    if d.shape[-1] < 2:
        raise ComparisonError(f"expected at least two paired seeds, got {d.shape[-1]}")


def _signed_sums(d: Floats) -> Floats:
    """The sums of d (n,) under every choice of signs: (2**n,)."""
    sums = np.zeros(1)
    for value in d:
        sums = np.concatenate([sums - value, sums + value])
    return sums


def _share_of_flips(d: Floats, bound: float) -> float:
    """The share of all sign choices whose sum reaches `bound`, counted half against half."""
    half = len(d) // 2
    first, second = _signed_sums(d[:half]), np.sort(_signed_sums(d[half:]))
    too_low = np.searchsorted(second, bound - first)
    return float((len(second) - too_low).mean() / len(second))


def _share_of_draws(d: Floats, bound: float) -> float:
    # A flip's sum is twice that of the differences that keep their sign, minus that of all.
    least, n = (bound + d.sum()) / 2, len(d)
    kept = (np.unpackbits(bits, axis=1, count=n) @ d for bits in _drawn_flips(n))
    reached = sum(int((sums >= least).sum()) for sums in kept)
    return (reached + 1) / (FLIPS + 1)


@lru_cache(maxsize=2)
def _drawn_flips(n: int) -> tuple[npt.NDArray[np.uint8], ...]:
    """Which of n differences keep their sign in the drawn flips: blocks (flips, n / 8) of bits.

    They depend on n alone, and a study may compare a hundred settings over equally many seeds.
    """
    rng = stream(0, "sign-flip", n)
    rows = -(-_IN_CACHE // n)
    sizes = [min(rows, FLIPS - before) for before in range(0, FLIPS, rows)]
    return tuple(np.packbits(rng.choice([False, True], size=(size, n)), axis=1) for size in sizes)


@lru_cache
def ranks_to_cut(n: int, level: float) -> tuple[int, float]:
    """How many Walsh averages to cut at each end, and the resulting confidence.

    P(W <= w) of the signed-rank sum W follows from the distribution of the sum of the ranks 1..n,
    each counted with probability 1/2.
    """
    density = np.ones(1)
    for rank in range(1, n + 1):
        longer = np.zeros(len(density) + rank)
        longer[: len(density)] += density / 2
        longer[rank:] += density / 2
        density = longer
    below = np.cumsum(density)
    cut = max(0, int(np.searchsorted(below, (1 - level) / 2, side="right")) - 1)
    return cut, float(1 - 2 * below[cut])
