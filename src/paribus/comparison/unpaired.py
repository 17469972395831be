"""A variation against the baseline where seeds don't correspond: two groups of runs."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from paribus.comparison.compare import asks_for_more, compare_metric, shown
from paribus.comparison.comparison import Comparison, OtherTest, PValues
from paribus.comparison.values import Flags
from paribus.errors import ComparisonError
from paribus.metrics.metric import Metric
from paribus.stats.intervals import ALPHA, Floats, Interval
from paribus.stats.paired import Estimate
from paribus.stats.prediction import Outperforming
from paribus.stats.sample import Asked
from paribus.stats.unpaired import (
    permuted_welch,
    predicted_difference,
    welch_equivalence_p,
    welch_interval,
    welch_test,
)
from paribus.stats.unpaired_ranks import outperforming, rank_equivalence_p, rank_sum_test, shift


def compare_unpaired(
    name: str,
    baseline: npt.ArrayLike,
    variation: npt.ArrayLike,
    metric: Metric,
    *,
    censored: tuple[Flags, Flags] | None = None,
    level: float = 1 - ALPHA,
    failed: tuple[Flags, Flags] | None = None,
    worst: float | None = None,
    asked: Asked | None = None,
    anytime: bool = False,
) -> Comparison:
    """Compare two groups of runs, as `compare_metric` does over paired seeds.

    By Welch's test; of logarithms for a ratio; by the Mann-Whitney test for ranks. Where results
    may have been looked at after any run, the k-th runs of both are taken together: such
    differences are independent whatever the seeds, so the anytime-valid test of pairs holds.

    Args:
        baseline, variation: (n,) and (m,) a value a run; NaN where there is none.

    Raises:
        ComparisonError: infinite values, a ratio of values that aren't above 0.
    """
    known = [_finite(values) for values in (baseline, variation)]
    if anytime:
        # Of the larger group the last runs have no partner yet.
        n = min(map(len, known))
        known = [values[:n] for values in known]
        failed = None if failed is None else (failed[0][:n], failed[1][:n])
        censored = None if censored is None else (censored[0][:n], censored[1][:n])
        made = compare_metric(
            name, known[0], known[1], metric,
            censored=censored, level=level, failed=failed, worst=worst, asked=asked, anytime=True,
        )  # fmt: skip
        return replace(made, paired=False, correlation=None, sizes=(made.n_seeds, made.n_seeds))
    b, v = (group[~np.isnan(group)] for group in known)
    groups = Groups(*(scaled(values, metric) for values in (b, v)))
    comparison = Comparison(
        variation=name,
        metric=metric,
        n_seeds=min(len(b), len(v)),
        missing=sum(int(np.isnan(group).sum()) for group in known),
        estimate=shown(metric.compare, _difference(*groups)),
        level=level,
        wanted_level=level,
        constant=len(b) > 1 and len(v) > 1 and bool(np.ptp(b) == 0 and np.ptp(v) == 0),
        censored=_censored(censored, known),
        asked=None if metric.margin is None or metric.better == "neither" else asked,
        paired=False,
        sizes=(len(b), len(v)),
    )
    if min(len(b), len(v)) > 1:
        failures = (0, 0) if failed is None else (int(failed[0].sum()), int(failed[1].sum()))
        comparison = _tested(comparison, groups, _at_worst(groups, failures, metric, worst))
    return comparison


class Groups(NamedTuple):
    """The values of the baseline's runs (n,) and of the variation's (m,), as they are tested."""

    b: Floats
    v: Floats


def _at_worst(
    groups: Groups, failures: tuple[int, int], metric: Metric, worst: float | None
) -> Groups | None:
    """Both groups with their failed runs at the worst; None if no run failed.

    Without a worst value they lie beyond all others, infinitely; where neither way is better,
    each is NaN, since nothing can be shown then.
    """
    if not any(failures):
        return None
    end = {"higher": -math.inf, "lower": math.inf, "neither": math.nan}[metric.better]
    value = end if worst is None else worst
    b, v = (np.append(of, np.full(n, value)) for of, n in zip(groups, failures, strict=True))
    return Groups(b, v)


def _tested(c: Comparison, groups: Groups, counted: Groups | None) -> Comparison:
    metric, ranks = c.metric, c.metric.compare == "ranks"
    estimate: Estimate = (shift if ranks else welch_interval)(*groups, c.level)
    most = math.inf if metric.compare == "ratio" else metric.largest_difference
    low, high = np.clip([estimate.low, estimate.high], -most, most)
    if c.constant:
        low = high = math.nan
    sds = float(groups.b.std(ddof=1)), float(groups.v.std(ddof=1))
    p = _p_values(c, groups, ranks)
    return replace(
        c,
        estimate=shown(metric.compare, estimate.estimate),
        low=shown(metric.compare, low),
        high=shown(metric.compare, high),
        level=estimate.level,
        p=p.difference,
        p_sign_flip=None if ranks else permuted_welch(*groups),
        p_equivalence=p.equivalence,
        p_asked=p.asked,
        difference=float(estimate.estimate),
        sd=math.hypot(*sds),
        sds=sds,
        counted=None if counted is None else _with_failed(c, groups, counted),
        prediction=None if ranks else _predicted(groups, metric),
        outperforming=_outperforming(groups if counted is None else counted, metric),
    )


def _p_values(c: Comparison, groups: Groups, ranks: bool) -> PValues:
    """All p values, by Welch's test or by ranks."""
    margin, test = c.metric.scaled_margin, rank_sum_test if ranks else welch_test
    equivalence = asked = None
    if margin is not None:
        equivalence = (rank_equivalence_p if ranks else welch_equivalence_p)(*groups, margin)
        if c.asked is not None:
            more = asks_for_more(c)
            asked = test(*groups, "greater", -margin) if more else test(*groups, "less", margin)
    return PValues(test(*groups), equivalence, asked)


def _with_failed(c: Comparison, groups: Groups, counted: Groups) -> OtherTest:
    """Tested so that failed runs count wherever they speak against what is to be shown."""
    above, below = _one_sided(c, groups, counted, "greater"), _one_sided(c, groups, counted, "less")
    margin, equivalence, asked = c.metric.scaled_margin, None, None
    if margin is not None:
        equivalence = max(above(-margin), below(margin))
        if c.asked is not None:
            asked = above(-margin) if asks_for_more(c) else below(margin)
    difference = min(1.0, 2 * min(above(0.0), below(0.0)))
    return OtherTest(below(0.0) - above(0.0), PValues(difference, equivalence, asked))


def _one_sided(
    c: Comparison, groups: Groups, counted: Groups, alternative: Literal["greater", "less"]
) -> Callable[[float], float]:
    """P values of the difference not lying beyond a bound, failed runs against it counted.

    Those are of the variation where its worst makes the difference less extreme, and else of the
    baseline. The larger of the p values with them and without them: none makes a verdict.
    """
    if np.isnan(np.concatenate(counted)).any():
        return lambda bound: 1.0
    of_variation = (alternative == "greater") == (c.metric.better == "higher")
    mixed = (groups.b, counted.v) if of_variation else (counted.b, groups.v)
    beyond = bool(np.isinf(np.concatenate(mixed)).any())
    failing = Groups(*(_bounded(of, groups) for of in mixed))

    def p(bound: float) -> float:
        own = rank_sum_test if c.metric.compare == "ranks" else welch_test
        other = rank_sum_test if beyond else own
        return max(own(*groups, alternative, bound), other(*failing, alternative, bound))

    return p


def _bounded(values: Floats, finite: Groups) -> Floats:
    """Infinite values just beyond all finite ones, where ranks don't tell the difference."""
    beyond = 1 + 2 * float(np.abs(np.concatenate(finite)).max(initial=0.0))
    return np.nan_to_num(values, posinf=2 * beyond, neginf=-2 * beyond)


def _predicted(groups: Groups, metric: Metric) -> Interval | None:
    """What one new run of each will show."""
    interval = predicted_difference(*groups)
    if interval is None:
        return None
    if metric.compare == "ratio":
        return interval.mapped(math.exp)
    return interval.within(-metric.largest_difference, metric.largest_difference)


def _outperforming(groups: Groups, metric: Metric) -> Outperforming | None:
    """In how many pairs of runs the variation's is better; of those that failed, too."""
    if np.isnan(np.concatenate(groups)).any():
        return None
    sign = -1 if metric.better == "lower" else 1
    b, v = (sign * of for of in groups)
    above, equal = (v[:, None] > b).sum(), (v[:, None] == b).sum()
    share = outperforming(b, v)
    low, high = (0.0, 1.0) if share.low is None or share.high is None else (share.low, share.high)
    return Outperforming(int(above), int(equal), len(b) * len(v), low, high)


def _finite(values: npt.ArrayLike) -> Floats:
    given = np.asarray(values, float)
    if given.ndim != 1 or np.isinf(given).any():
        raise ComparisonError("expected finite values, one a run (NaN for a missing one)")
    return given


def scaled(values: Floats, metric: Metric) -> Floats:
    """The values as they are tested: their logarithms for a ratio."""
    if metric.compare != "ratio":
        return values
    if values.min(initial=1.0) <= 0:
        raise ComparisonError("expected values above 0 for a ratio, got one that is 0 or below")
    return np.asarray(np.log(values))


def _difference(b: Floats, v: Floats) -> float:
    return float(v.mean() - b.mean()) if len(b) and len(v) else math.nan


def _censored(flags: tuple[Flags, Flags] | None, groups: list[Floats]) -> tuple[int, int]:
    if flags is None:
        return 0, 0
    baseline, variation = (
        int(np.asarray(of)[~np.isnan(group)].sum()) for of, group in zip(flags, groups, strict=True)
    )
    return baseline, variation
