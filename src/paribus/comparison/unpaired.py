"""A variation against the baseline where seeds don't correspond: two groups of runs."""

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from paribus.comparison.compare import Comparison, Flags, adjusted, compare_metric
from paribus.errors import ComparisonError
from paribus.metrics.metric import Metric
from paribus.stats.crossed import CrossedInterval
from paribus.stats.intervals import ALPHA, Floats
from paribus.stats.paired import Estimate
from paribus.stats.unpaired import permuted_welch, welch_equivalence_p, welch_interval
from paribus.stats.unpaired_ranks import rank_equivalence_p, shift


def compare_unpaired(
    name: str,
    baseline: npt.ArrayLike,
    variation: npt.ArrayLike,
    metric: Metric,
    *,
    censored: tuple[Flags, Flags] | None = None,
    new_images: CrossedInterval | None = None,
    level: float = 1 - ALPHA,
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
        made = compare_metric(
            name, known[0], known[1], metric,
            censored=censored, new_images=new_images, level=level, anytime=True,
        )  # fmt: skip
        return replace(made, paired=False, correlation=None, sizes=(made.n_seeds, made.n_seeds))
    b, v = (group[~np.isnan(group)] for group in known)
    groups = [scaled(values, metric) for values in (b, v)]
    comparison = Comparison(
        variation=name,
        metric=metric,
        n_seeds=min(len(b), len(v)),
        missing=sum(int(np.isnan(group).sum()) for group in known),
        estimate=_shown(_difference(*groups), metric),
        level=level,
        wanted_level=level,
        new_images=new_images,
        constant=len(b) > 1 and len(v) > 1 and bool(np.ptp(b) == 0 and np.ptp(v) == 0),
        censored=_censored(censored, known),
        paired=False,
        sizes=(len(b), len(v)),
    )
    if min(len(b), len(v)) > 1:
        comparison = _tested(comparison, *groups)
    return adjusted([comparison])[0]


def _tested(c: Comparison, b: Floats, v: Floats) -> Comparison:
    metric, margin, ranks = c.metric, c.metric.scaled_margin, c.metric.compare == "ranks"
    estimate: Estimate = (shift if ranks else welch_interval)(b, v, c.level)
    p_equivalence = None
    if margin is not None:
        p_equivalence = (rank_equivalence_p if ranks else welch_equivalence_p)(b, v, margin)
    most = math.inf if metric.compare == "ratio" else metric.largest_difference
    low, high = np.clip([estimate.low, estimate.high], -most, most)
    if c.constant:
        low = high = math.nan
    sds = float(b.std(ddof=1)), float(v.std(ddof=1))
    return replace(
        c,
        estimate=_shown(estimate.estimate, metric),
        low=_shown(low, metric),
        high=_shown(high, metric),
        level=estimate.level,
        p=float(estimate.p),
        p_sign_flip=None if ranks else permuted_welch(b, v),
        p_equivalence=p_equivalence,
        difference=float(estimate.estimate),
        sd=math.hypot(*sds),
        sds=sds,
    )


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


def _shown(value: float | Floats, metric: Metric) -> float | None:
    number = float(value)
    if math.isnan(number):
        return None
    return math.exp(number) if metric.compare == "ratio" else number


def _censored(flags: tuple[Flags, Flags] | None, groups: list[Floats]) -> tuple[int, int]:
    if flags is None:
        return 0, 0
    baseline, variation = (
        int(np.asarray(of)[~np.isnan(group)].sum()) for of, group in zip(flags, groups, strict=True)
    )
    return baseline, variation
