"""Tests that hold however often one looks: after every seed, and whenever one stops.

Each is an e-process: evidence e(n) after n seeds that starts at 1 and, if the null hypothesis is
true, ever reaches 1 / alpha with a probability of at most alpha (Ville 1939). So
p = min(1, 1 / largest e so far) is a p value at any time, be it chosen by the results.

Differences d (n,) are variation minus baseline, in the order in which they were seen. By means, e
is the likelihood ratio of t statistics, averaged over standardized effects delta = mean / sd that
are normal with variance `G`; by ranks, that of signs, averaged over the chance of a plus.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from paribus.errors import ComparisonError
from paribus.stats.intervals import LEVEL, Floats
from paribus.stats.paired import Estimate, hodges_lehmann, is_constant
from paribus.stats.student import Alternative

#: Variance of the standardized effects over which the evidence is averaged.
G = 1.0
#: Jeffreys' prior of the chance of a plus, a = b.
_A = 0.5


@dataclass(frozen=True)
class Course:
    """A comparison after each of its n seeds: arrays (n,).

    `low` and `high` hold the truth at all n together with the confidence asked for; infinite where
    nothing bounds it yet. `p` never rises.
    """

    estimate: Floats
    low: Floats
    high: Floats
    p: Floats


def course(d: Floats, *, ranks: bool = False, level: float = LEVEL) -> Course:
    """What d (n,) say after 1, 2, ..., n seeds; the estimates are means, by ranks medians."""
    upto = [d[: n + 1] for n in range(len(d))]
    ends = [anytime_interval(part, ranks=ranks, level=level) for part in upto]
    middle = np.median if ranks else np.mean
    return Course(
        np.array([float(middle(part)) for part in upto]),
        np.array([low for low, _ in ends]),
        np.array([high for _, high in ends]),
        anytime_p_values(d, ranks=ranks),
    )


def anytime_p(d: Floats, alternative: Alternative = "two-sided", *, ranks: bool = False) -> float:
    """P value of "the center of d (n,) is 0" (or not above, not below it), valid at any time.

    Raises ComparisonError on no seed.
    """
    if not len(d):
        raise ComparisonError("expected at least one seed, got none")
    return float(anytime_p_values(d, alternative, ranks=ranks)[-1])


def anytime_p_now(
    d: Floats, alternative: Alternative = "two-sided", *, ranks: bool = False
) -> float:
    """As `anytime_p` from the evidence after all of d (n,) alone, whatever it was before.

    It is never smaller, and the order of the seeds doesn't matter to it.
    """
    return float(np.exp(-max(_log_e(d, alternative, ranks)[-1], 0.0)))


def anytime_p_values(
    d: Floats, alternative: Alternative = "two-sided", *, ranks: bool = False
) -> Floats:
    """The p values (..., n) after each seed of d (..., n); none is above the one before."""
    log_e = _log_e(d, alternative, ranks)
    return np.asarray(np.minimum.accumulate(np.exp(-np.maximum(log_e, 0.0)), axis=-1))


def _log_e(d: Floats, alternative: Alternative, ranks: bool) -> Floats:
    signed = -d if alternative == "less" else d
    one_sided = alternative != "two-sided"
    return (_log_e_of_signs if ranks else _log_e_of_means)(signed, one_sided)


def anytime_estimate(d: Floats, *, ranks: bool = False, level: float = LEVEL) -> Estimate:
    """The mean of d (n,), by ranks the Hodges-Lehmann estimate, with interval and p at any time.

    low and high are NaN where n can't bound the center yet.
    """
    ends = anytime_interval(d, ranks=ranks, level=level)
    low, high = (np.asarray(end if math.isfinite(end) else math.nan) for end in ends)
    middle = np.asarray(hodges_lehmann(d).estimate if ranks else d.mean())
    return Estimate(middle, low, high, np.asarray(anytime_p(d, ranks=ranks)), level)


def anytime_interval(
    d: Floats, *, ranks: bool = False, level: float = LEVEL
) -> tuple[float, float]:
    """The center's interval from d (n,): those of all n hold the truth together with `level`.

    It holds every center at which e is below 1 / (1 - level). Infinite where n can't exclude any.
    """
    return (_interval_of_median if ranks else _interval_of_mean)(d, level)


def same_width_level(n: int, level: float = LEVEL) -> float:
    """The confidence of the usual t interval of n seeds that is as wide as the anytime one.

    1 where the anytime interval is infinite.
    """
    reach = _reach(n, level)
    if math.isinf(reach):
        return 1.0
    return float(1 - 2 * special.stdtr(n - 1, -math.sqrt((n - 1) * reach)))


def same_width_p(n: int, p: float) -> float:
    """The p value at any time of a t statistic that has the usual two-sided p with n seeds.

    At most 1 - level where p is at most 1 - `same_width_level` of it.
    """
    t = float(special.stdtrit(n - 1, p / 2))
    shrunk = 1 + n * G
    u = (n - 1) / t**2 if t else math.inf
    ratio = 1.0 if math.isinf(u) else (u + 1) / (u + 1 / shrunk)
    return min(1.0, math.exp(0.5 * math.log(shrunk) - n / 2 * math.log(ratio)))


def _log_e_of_means(d: Floats, one_sided: bool) -> Floats:
    """Log e (..., n) of the t statistics.

    With n = 1 + v seeds and x = t**2 / v

        e = (1 + n G)**(-1/2) * ((1 + x) / (1 + x / (1 + n G)))**(n/2),

    the ratio of the marginal likelihoods with sd ~ 1/sd and mean ~ N(0, G sd**2), and with a mean
    of 0 (Lai 1976; Gönen et al. 2005). For one side delta is half-normal: e times twice the
    probability that the mean is above 0 given the data, where it is Student's t with n degrees of
    freedom. A mean below 0 only makes t smaller at every n, so "not above 0" is covered as well.
    Where all differences are the same, t is infinite and the signs' evidence holds if it is less.
    """
    n = np.arange(1, d.shape[-1] + 1)
    x, sign, constant = _effects(d)
    shrunk = 1 + n * G
    finite = np.where(np.isinf(x), 0.0, x)
    ratio = np.where(np.isinf(x), shrunk, (1 + finite) / (1 + finite / shrunk))
    log_e = -0.5 * np.log(shrunk) + n / 2 * np.log(ratio)
    if one_sided:
        pull = np.where(np.isinf(x), shrunk, finite / (1 + finite / shrunk))
        location = sign * n * np.sqrt(G / shrunk) * np.sqrt(pull)
        log_e += np.log(2 * special.stdtr(n, location))
    signs = _log_e_of_signs(d, one_sided)
    return np.asarray(np.where(constant, np.minimum(log_e, signs), log_e))


def _effects(d: Floats) -> tuple[Floats, Floats, npt.NDArray[np.bool_]]:
    """X = t**2 / (n - 1), the sign of the mean, and whether all are equal, after each seed."""
    n = np.arange(1, d.shape[-1] + 1)
    offset = d[..., :1]
    from_offset = np.cumsum(d - offset, axis=-1) / n
    square = np.cumsum((d - offset) ** 2, axis=-1) - n * from_offset**2
    constant = np.maximum.accumulate(d, axis=-1) == np.minimum.accumulate(d, axis=-1)
    mean = np.where(constant, d, from_offset + offset)
    square = np.where(constant, 0.0, np.maximum(square, np.finfo(float).tiny))
    with np.errstate(divide="ignore", invalid="ignore"):
        x = np.where(mean == 0, 0.0, n * mean**2 / square)
    return x, np.sign(mean), constant


def _log_e_of_signs(d: Floats, one_sided: bool) -> Floats:
    """Log e (..., n) of k pluses among the m differences that aren't 0: the beta-binomial mixture.

        e = 2**m * B(k + 1/2, m - k + 1/2) / B(1/2, 1/2)

    against a fair coin; for one side the chance of a plus is above 1/2 (Robbins 1970). Valid if
    d is symmetric about its center, or if that is the median, whatever the sizes.
    """
    plus, m = np.cumsum(d > 0, axis=-1), np.cumsum(d != 0, axis=-1)
    return _log_e_of_counts(plus, m, one_sided)


def _log_e_of_counts(plus: npt.ArrayLike, m: npt.ArrayLike, one_sided: bool) -> Floats:
    a, b = np.asarray(plus) + _A, np.asarray(m) - np.asarray(plus) + _A
    log_e = np.asarray(m) * math.log(2) + special.betaln(a, b) - special.betaln(_A, _A)
    if one_sided:
        log_e = log_e + np.log(2 * special.betainc(b, a, 0.5))
    return np.asarray(log_e)


def _reach(n: int, level: float) -> float:
    """The largest x = t**2 / (n - 1) at which e stays below 1 / (1 - level)."""
    shrunk = 1 + n * G
    ratio = math.exp(2 / n * (0.5 * math.log(shrunk) - math.log(1 - level)))
    return (ratio - 1) / (1 - ratio / shrunk) if ratio < shrunk else math.inf


def _interval_of_mean(d: Floats, level: float) -> tuple[float, float]:
    reach = _reach(len(d), level)
    if math.isinf(reach) or is_constant(d):
        return -math.inf, math.inf
    mean, half = float(d.mean()), math.sqrt(reach * float(d.var()))
    return mean - half, mean + half


def _interval_of_median(d: Floats, level: float) -> tuple[float, float]:
    n, below = len(d), np.arange(len(d) // 2 + 1)
    inside = np.flatnonzero(_log_e_of_counts(below, n, False) < -math.log(1 - level))
    cut = int(inside[0]) if len(inside) else n // 2
    if cut == 0:
        return -math.inf, math.inf
    ordered = np.sort(d)
    return float(ordered[cut - 1]), float(ordered[n - cut])
