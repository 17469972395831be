"""One comparison: a variation against the baseline on one metric over paired seeds.

`compare_metric` makes it from the values alone; `adjusted` then takes the comparisons of a
whole study together and gives each its adjusted p value and its verdict.
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from paribus.comparison.failing import Failing, failed_differences
from paribus.comparison.outlook import lopsided_or_clumpy, outperforming_of, practical_of, predicted
from paribus.comparison.outlook import Shape
from paribus.comparison.values import FailedRuns, Flags
from paribus.metrics.metric import Compare, Metric
from paribus.stats.crossed import CrossedInterval
from paribus.stats.intervals import ALPHA, Floats, Interval
from paribus.stats.multiplicity import holm, nominal_level, overall_level
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
from paribus.stats.power import SeedsNeeded, seeds_needed, seeds_needed_by_ranks
from paribus.stats.practical import Practical
from paribus.stats.prediction import Outperforming
from paribus.stats.sample import Asked, Sample, Test, Verdict, equivalence_p, verdict
from paribus.stats.shape import robust_test


@dataclass(frozen=True)
class PValues:
    """P values of a comparison.

    Attributes:
        difference: of "no difference".
        equivalence: of "not within the margin".
        asked: of "beyond the margin on the one side that a claim asks about".
    """

    difference: float | None = None
    equivalence: float | None = None
    asked: float | None = None


@dataclass(frozen=True)
class OtherTest:
    """The same comparison tested in another way, and the verdict that it would have by it."""

    difference: float
    p: PValues
    p_adjusted: PValues = PValues()
    verdict: Verdict = "undecided"


@dataclass(frozen=True)
class Comparison:
    """A variation against the baseline on one metric.

    Attributes:
        n_seeds, missing: paired seeds that count, and those left out because a value is missing.
        estimate, low, high: variation - baseline, or variation / baseline for a ratio, with the
            interval for new seeds on these test images; None where unknown.
        level, wanted_level: the confidence that the interval has, and the one asked for.
        p, p_adjusted: of "no difference"; adjusted over the family (and looks) it belongs to.
        p_sign_flip: of the sign-flip test, beside p.
        p_equivalence, p_equivalence_adjusted: of "not within the margin"; None if no margin.
        asked, p_asked, p_asked_adjusted: the one-sided verdict that a claim asks for, `not worse`
            or `not better`, and the p value of its contrary.
        new_images: the interval for new seeds and new images, where known.
        correlation: of the paired values.
        difference, sd: of the paired differences, on the scale of the test (logs for a ratio).
        verdict, seeds_needed: the outcome, and, if undecided, the seeds that would decide it.
        differing: in how many seeds the two differ at all.
        constant: all differences are the same, so that nothing tells their spread.
        censored: how many of the baseline's and of the variation's values are only known to be
            at least what is given.
        first_look: so many seeds it takes until anything is tested, where there are looks.
        stopped_early: a look before the last one decided it.
        failed: which of the two settings have failed runs, whose seeds are among the missing.
        failing: how often each fails over the paired seeds; None if no run failed.
        counted: tested with the failed runs counted at their worst, where there are any.
        overruled: the verdict over the seeds that both finished, where it doesn't hold with the
            failed runs counted; the verdict is then `undecided`.
        prediction, prediction_of_as_many: the interval for the difference of one new seed, and
            for the mean of as many as there are, as readers see it.
        outperforming: in how many seeds the variation wins; of a metric in which neither way is
            better, in how many it is higher.
        practical: how probable it is that the difference matters; None without a margin.
        shape: whether the differences look lopsided or clumpy, where a t test takes them.
        robust: tested without relying on their shape, where they do.
    """

    variation: str
    metric: Metric
    n_seeds: int
    missing: int
    estimate: float | None
    low: float | None = None
    high: float | None = None
    level: float = 1 - ALPHA
    wanted_level: float = 1 - ALPHA
    p: float | None = None
    p_adjusted: float | None = None
    p_sign_flip: float | None = None
    p_equivalence: float | None = None
    p_equivalence_adjusted: float | None = None
    new_images: CrossedInterval | None = None
    correlation: float | None = None
    difference: float | None = None
    sd: float | None = None
    verdict: Verdict = "undecided"
    seeds_needed: SeedsNeeded | None = None
    differing: int = 0
    constant: bool = False
    censored: tuple[int, int] = (0, 0)
    first_look: int | None = None
    stopped_early: bool = False
    failed: tuple[FailedRuns, ...] = ()
    asked: Asked | None = None
    p_asked: float | None = None
    p_asked_adjusted: float | None = None
    failing: Failing | None = None
    counted: OtherTest | None = None
    overruled: Verdict | None = None
    prediction: Interval | None = None
    prediction_of_as_many: Interval | None = None
    outperforming: Outperforming | None = None
    practical: Practical | None = None
    shape: Shape | None = None
    robust: OtherTest | None = None


def compare_metric(
    name: str,
    baseline: npt.ArrayLike,
    variation: npt.ArrayLike,
    metric: Metric,
    *,
    censored: tuple[Flags, Flags] | None = None,
    new_images: CrossedInterval | None = None,
    level: float = 1 - ALPHA,
    failed: tuple[Flags, Flags] | None = None,
    worst: float | None = None,
    asked: Asked | None = None,
) -> Comparison:
    """Compare the variation called `name` with the baseline on one metric.

    Args:
        baseline, variation: (n,) one value per seed, the same seeds in the same order; NaN
            where a run has none.
        censored: for baseline and variation (n,) each: the value is only known to be at least
            this, as an epoch of lowest validation loss that is the last one.
        new_images: from `crossed_interval`, for a metric that is an accuracy.
        level: confidence of the interval; with looks, 1 - `nominal_level`.
        failed: for baseline and variation (n,) each: the run failed.
        worst: what a failed run counts as, from `worst_value`; None for the worst rank.
        asked: the one-sided verdict to test for; it needs a margin.

    Returns:
        The comparison and its verdict, as if it were the only one: see `adjusted`.

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
        estimate=_shown(metric.compare, d.mean()) if len(d) else None,
        level=level,
        wanted_level=level,
        new_images=new_images,
        correlation=correlation(pairs),
        differing=int(np.count_nonzero(d)),
        constant=len(d) > 1 and bool(is_constant(d)),
        censored=_count_censored(censored, pairs),
        asked=None if metric.margin is None else asked,
        outperforming=outperforming_of(d, metric, failed),
    )
    if len(d) < 2:
        return adjusted([comparison])[0]
    at_worst = np.zeros(0)
    if failed is not None:
        at_worst = failed_differences(baseline, variation, failed, metric, worst)
    return adjusted([_tested(comparison, d, at_worst)])[0]


def adjusted(
    comparisons: Sequence[Comparison], looks: Sequence[int] | None = None
) -> tuple[Comparison, ...]:
    """The comparisons, their p values adjusted by Holm within families, and their verdicts.

    A family is all comparisons whose metric has the same `family`: the variations on one
    metric, or classes x variations for the recalls. The tests of difference and those of
    equivalence are adjusted each among themselves: neither kind of false verdict occurs
    anywhere in a family with more than 5 %. The p values may stop a study at its looks, if it has
    any. Comparisons come in any order, which is kept.
    """
    families: defaultdict[str, list[Comparison]] = defaultdict(list)
    for comparison in comparisons:
        families[comparison.metric.family].append(comparison)
    judged = {name: iter(_adjusted_family(family, looks)) for name, family in families.items()}
    return tuple(next(judged[comparison.metric.family]) for comparison in comparisons)


def paired_differences(compare: Compare, pairs: Pairs) -> Floats:
    """Variation minus baseline (n,), of the logarithms for a ratio."""
    paired = log_ratios if compare == "ratio" else differences
    return paired(pairs.baseline, pairs.variation)


def _shown(compare: Compare, value: float | Floats) -> float | None:
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
    estimate = (hodges_lehmann if ranks else t_interval)(d, comparison.level)
    most = math.inf if metric.compare == "ratio" else metric.largest_difference
    low, high = np.clip([estimate.low, estimate.high], -most, most)  # NaN stays
    if comparison.constant:
        low = high = np.nan
    p = _p_values(comparison, d, signed_rank_test if ranks else mean_test)
    shape = None if ranks else lopsided_or_clumpy(d)
    return replace(
        comparison,
        estimate=_shown(metric.compare, estimate.estimate),
        low=_shown(metric.compare, low),
        high=_shown(metric.compare, high),
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
        upward = _asks_for_more(c)
        asked = float(test(d + margin, "greater") if upward else test(d - margin, "less"))
    return PValues(float(test(d, "two-sided")), equivalence, asked)


def _with_failed(c: Comparison, d: Floats, at_worst: Floats) -> OtherTest | None:
    """Tested so that failed runs count wherever they speak against what is to be shown."""
    if not at_worst.size:
        return None
    sample, margin = Sample(d, c.metric.compare == "ranks", failed=at_worst), c.metric.scaled_margin
    above, below = sample.p_above(0.0), sample.p_below(0.0)
    equivalence = asked = None
    if margin is not None:
        equivalence = sample.p_between(-margin, margin)
        if c.asked is not None:
            asked = sample.p_above(-margin) if _asks_for_more(c) else sample.p_below(margin)
    p = PValues(min(1.0, 2 * min(above, below)), equivalence, asked)
    return OtherTest(below - above, p)


def _asks_for_more(c: Comparison) -> bool:
    """Whether what is asked is that the difference lies above -margin, not below +margin."""
    return (c.asked == "not worse") == (c.metric.higher_is_better is not False)


def _adjusted_family(family: Sequence[Comparison], looks: Sequence[int] | None) -> list[Comparison]:
    level = ALPHA / len(family) if looks is None else nominal_level(looks, ALPHA / len(family))
    own = [PValues(c.p, c.p_equivalence, c.p_asked) for c in family]
    first = _adjusted_p(own, looks)
    counted, robust = (
        _adjusted_p([o.p if o else p for o, p in zip(others, own, strict=True)], looks)
        if any(others)
        else first
        for others in ([c.counted for c in family], [c.robust for c in family])
    )
    return [
        _judged(
            replace(
                c,
                p_adjusted=p.difference,
                p_equivalence_adjusted=p.equivalence,
                p_asked_adjusted=p.asked,
                counted=c.counted and _judged_by(c, c.counted, of_counted),
                robust=c.robust and _judged_by(c, c.robust, of_robust),
            ),
            level,
        )
        for c, p, of_counted, of_robust in zip(family, first, counted, robust, strict=True)
    ]


def _adjusted_p(family: Sequence[PValues], looks: Sequence[int] | None) -> list[PValues]:
    """The p values of a family, each kind adjusted among its own, and for the looks."""

    def adjust(given: Sequence[float | None]) -> list[float | None]:
        p = np.array(given, dtype=float)  # None becomes NaN, and NaN None again
        adjusted_p = holm(p if looks is None else overall_level(p, looks))
        return [None if math.isnan(a) else a for a in adjusted_p.tolist()]

    kinds = zip(*((p.difference, p.equivalence, p.asked) for p in family), strict=True)
    return [PValues(*each) for each in zip(*map(adjust, kinds), strict=True)]


def _judged_by(c: Comparison, other: OtherTest, p: PValues) -> OtherTest:
    return replace(other, p_adjusted=p, verdict=_verdict(c, other.difference, p))


def _verdict(c: Comparison, difference: float, p: PValues) -> Verdict:
    assert p.difference is not None, "asked only of what is tested"
    better = c.metric.higher_is_better
    return verdict(
        difference, p.difference, p.equivalence, better, asked=c.asked, p_asked=p.asked
    )


def _judged(c: Comparison, level: float) -> Comparison:
    """With the verdict, and the seeds that would decide it at `level` if it is undecided.

    A verdict that doesn't hold with the failed runs counted is taken back.
    """
    metric = c.metric
    if c.p is None or c.p_adjusted is None or c.difference is None or c.sd is None:
        return c
    p = PValues(c.p_adjusted, c.p_equivalence_adjusted, c.p_asked_adjusted)
    outcome = _verdict(c, c.difference, p)
    if outcome == "undecided":
        needed = seeds_needed_by_ranks if metric.compare == "ranks" else seeds_needed
        plan = needed(c.difference, c.sd, metric.scaled_margin, level)
        return replace(c, verdict=outcome, seeds_needed=plan, overruled=None)
    if c.counted is not None and c.counted.verdict != outcome:
        return replace(c, verdict="undecided", seeds_needed=None, overruled=outcome)
    return replace(c, verdict=outcome, seeds_needed=None, overruled=None)
