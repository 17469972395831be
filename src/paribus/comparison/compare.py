"""One comparison: a variation against the baseline on one metric over paired seeds.

`compare_metric` measures it from the values alone; `adjusted` then takes the comparisons of a
whole study together and gives each its adjusted p value and its verdict.
"""

import math
from dataclasses import replace
from functools import partial

import numpy as np
import numpy.typing as npt

from paribus.comparison.comparison import Comparison as Comparison
from paribus.comparison.comparison import OtherTest, PValues
from paribus.comparison.failing import failed_differences
from paribus.comparison.outlook import lopsided_or_clumpy, outperforming_of, practical_of, predicted
from paribus.comparison.values import Flags
from paribus.metrics.metric import Compare, Metric
from paribus.stats.anytime import anytime_estimate, anytime_p
from paribus.stats.intervals import ALPHA, Floats
from paribus.stats.paired import (
    Pairs,
    complete_pairs,
    correlation,
    differences,
    hodges_lehmann,
    is_constant,
    log_ratios,
    mean_test,
    sign_flip,
    signed_rank_test,
    t_interval,
)
from paribus.stats.sample import Asked, Sample, Test, equivalence_p
from paribus.stats.shape import robust_test


def compare_metric(
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
    """Compare the variation called `name` with the baseline on one metric.

    Args:
        baseline, variation: (n,) one value per seed, the same seeds in the same order; NaN
            where a run has none.
        censored: for baseline and variation (n,) each: the value is only known to be at least
            this, as an epoch of lowest validation loss that is the last one.
        level: confidence of the interval; with looks, 1 - `nominal_level`.
        failed: for baseline and variation (n,) each: the run failed.
        worst: what a failed run counts as, from `worst_value`; None for the worst rank.
        asked: the one-sided verdict to test for; it needs a margin.
        anytime: results may have been looked at after any seed, to stop or to go on.

    Returns:
        What was measured; `adjusted` gives the verdict, be it the only one.

    Raises:
        ComparisonError: shapes that don't pair, infinite values, a ratio of values not above 0.
    """
    pairs = complete_pairs(baseline, variation)
    d = paired_differences(metric.compare, pairs)
    comparison = Comparison(
        variation=name,
        metric=metric,
        n_seeds=len(d),
        missing=int((~pairs.known).sum()),
        estimate=shown(metric.compare, d.mean()) if len(d) else None,
        level=level,
        wanted_level=level,
        correlation=correlation(pairs),
        differing=int(np.count_nonzero(d)),
        constant=len(d) > 1 and bool(is_constant(d)),
        censored=_count_censored(censored, pairs),
        asked=None if metric.margin is None or metric.better == "neither" else asked,
        outperforming=outperforming_of(d, metric, failed),
        anytime=anytime,
    )
    if len(d) < 2:
        return comparison
    at_worst = np.zeros(0)
    if failed is not None:
        at_worst = failed_differences(baseline, variation, failed, metric, worst)
    return _tested(comparison, d, at_worst)


def paired_differences(compare: Compare, pairs: Pairs) -> Floats:
    """Variation minus baseline (n,), of the logarithms for a ratio."""
    paired = log_ratios if compare == "ratio" else differences
    return paired(pairs.baseline, pairs.variation)


def shown(compare: Compare, value: float | Floats) -> float | None:
    """A number of the test's scale on the reader's scale; NaN is None."""
    number = float(value)
    if math.isnan(number):
        return None
    return math.exp(number) if compare == "ratio" else number


def _count_censored(censored: tuple[Flags, Flags] | None, pairs: Pairs) -> tuple[int, int]:
    if censored is None:
        return 0, 0
    baseline, variation = (int(np.asarray(flags)[pairs.known].sum()) for flags in censored)
    return baseline, variation


def _tested(comparison: Comparison, d: Floats, at_worst: Floats) -> Comparison:
    """With the estimate, interval and tests of the differences d (n,), n at least 2.

    `at_worst` (k,) are those of seeds in which a run failed.
    """
    metric, ranks = comparison.metric, comparison.metric.compare == "ranks"
    test: Test = signed_rank_test if ranks else mean_test
    if comparison.anytime:
        estimate = anytime_estimate(d, ranks=ranks, level=comparison.level)
        test = partial(anytime_p, ranks=ranks)
    else:
        estimate = (hodges_lehmann if ranks else t_interval)(d, comparison.level)
    most = math.inf if metric.compare == "ratio" else metric.largest_difference
    low, high = np.clip([estimate.low, estimate.high], -most, most)  # NaN stays
    if comparison.constant:
        low = high = np.nan
    p = _p_values(comparison, d, test)
    shape = None if ranks or comparison.anytime else lopsided_or_clumpy(d)
    return replace(
        comparison,
        estimate=shown(metric.compare, estimate.estimate),
        low=shown(metric.compare, low),
        high=shown(metric.compare, high),
        level=estimate.level,
        p=p.difference,
        p_sign_flip=sign_flip(d),
        p_equivalence=p.equivalence,
        p_asked=p.asked,
        difference=float(estimate.estimate),
        sd=float(d.std(ddof=1)),
        counted=_with_failed(comparison, d, at_worst),
        prediction=predicted(d, metric),
        prediction_of_as_many=predicted(d, metric, len(d)),
        practical=None if at_worst.size else practical_of(d, metric),
        shape=shape,
        robust=shape and OtherTest(float(d.mean()), _p_values(comparison, d, robust_test)),
    )


def _p_values(c: Comparison, d: Floats, test: Test) -> PValues:
    """All p values by a test of the differences d (n,)."""
    margin = c.metric.scaled_margin
    equivalence = None if margin is None else float(equivalence_p(d, margin, test))
    asked = None
    if margin is not None and c.asked is not None:
        upward = asks_for_more(c)
        asked = float(test(d + margin, "greater") if upward else test(d - margin, "less"))
    return PValues(float(test(d, "two-sided")), equivalence, asked)


def _with_failed(c: Comparison, d: Floats, at_worst: Floats) -> OtherTest | None:
    """Tested so that failed runs count wherever they speak against what is to be shown."""
    if not at_worst.size:
        return None
    sample = Sample(d, c.metric.compare == "ranks", failed=at_worst, anytime=c.anytime)
    margin = c.metric.scaled_margin
    above, below = sample.p_above(0.0), sample.p_below(0.0)
    equivalence = asked = None
    if margin is not None:
        equivalence = sample.p_between(-margin, margin)
        if c.asked is not None:
            asked = sample.p_above(-margin) if asks_for_more(c) else sample.p_below(margin)
    p = PValues(min(1.0, 2 * min(above, below)), equivalence, asked)
    return OtherTest(below - above, p)


def asks_for_more(c: Comparison) -> bool:
    """Whether what is asked is that the difference lies above -margin, not below +margin."""
    return (c.asked == "not worse") == (c.metric.higher_is_better is not False)
