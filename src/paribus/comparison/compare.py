"""One comparison: a variation against the baseline on one metric over paired seeds.

`compare_metric` makes it from the values alone; `adjusted` then takes the comparisons of a
whole study together and gives each its adjusted p value and its verdict.
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt

from paribus.comparison.values import FailedRuns
from paribus.metrics.metric import Compare, Metric
from paribus.stats.anytime import anytime_estimate, anytime_p
from paribus.stats.crossed import CrossedInterval
from paribus.stats.intervals import ALPHA, Floats
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
from paribus.stats.sample import Test, Verdict, equivalence_p, verdict
from paribus.stats.unpaired import runs_needed

Flags = npt.NDArray[np.bool_]


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
        paired: seed by seed; else two groups of runs, whose `sizes` and `sds` are given, the
            baseline's first; `n_seeds` is the smaller size, and `p_sign_flip` the p value of
            Welch's t among all divisions of the runs into such groups.
        anytime: p values and interval hold however often results were looked at.
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
    paired: bool = True
    sizes: tuple[int, int] | None = None
    sds: tuple[float, float] | None = None
    anytime: bool = False


def compare_metric(
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
    """Compare the variation called `name` with the baseline on one metric.

    Args:
        baseline, variation: (n,) one value per seed, the same seeds in the same order; NaN
            where a run has none.
        censored: for baseline and variation (n,) each: the value is only known to be at least
            this, as an epoch of lowest validation loss that is the last one.
        new_images: from `crossed_interval`, for a metric that is an accuracy.
        level: confidence of the interval; with looks, 1 - `nominal_level`.
        anytime: results may have been looked at after any seed, to stop or to go on.

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
        anytime=anytime,
    )
    return adjusted([_tested(comparison, d) if len(d) > 1 else comparison])[0]


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


def _tested(comparison: Comparison, d: Floats) -> Comparison:
    """With the estimate, interval and tests of the differences d (n,), n at least 2."""
    metric, ranks = comparison.metric, comparison.metric.compare == "ranks"
    margin = metric.scaled_margin
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
    return replace(
        comparison,
        estimate=_shown(metric.compare, estimate.estimate),
        low=_shown(metric.compare, low),
        high=_shown(metric.compare, high),
        level=estimate.level,
        p=float(estimate.p),
        p_sign_flip=sign_flip(d),
        p_equivalence=None if margin is None else float(equivalence_p(d, margin, test)),
        difference=float(estimate.estimate),
        sd=float(d.std(ddof=1)),
    )


def _adjusted_family(family: Sequence[Comparison], looks: Sequence[int] | None) -> list[Comparison]:
    level = ALPHA / len(family) if looks is None else nominal_level(looks, ALPHA / len(family))

    def adjust(given: Sequence[float | None]) -> list[float | None]:
        p = np.array(given, dtype=float)  # None becomes NaN, and NaN None again
        adjusted_p = holm(p if looks is None else overall_level(p, looks))
        return [None if math.isnan(a) else a for a in adjusted_p.tolist()]

    p, p_equivalence = adjust([c.p for c in family]), adjust([c.p_equivalence for c in family])
    return [
        _judged(replace(c, p_adjusted=a, p_equivalence_adjusted=e), level)
        for c, a, e in zip(family, p, p_equivalence, strict=True)
    ]


def _judged(comparison: Comparison, level: float) -> Comparison:
    """With the verdict, and the seeds that would decide it at `level` if it is undecided."""
    c, metric = comparison, comparison.metric
    if c.p is None or c.p_adjusted is None or c.difference is None or c.sd is None:
        return c
    outcome = verdict(c.difference, c.p_adjusted, c.p_equivalence_adjusted, metric.higher_is_better)
    plan = _seeds_needed(c, level) if outcome == "undecided" else None
    return replace(c, verdict=outcome, seeds_needed=plan)


def _seeds_needed(c: Comparison, level: float) -> SeedsNeeded | None:
    """The seeds that would decide; none where they are added until decided anyway."""
    if c.difference is None or c.sd is None or c.anytime:
        return None
    margin = c.metric.scaled_margin
    if c.sds is not None:
        return runs_needed(c.difference, c.sds, margin, level)
    needed = seeds_needed_by_ranks if c.metric.compare == "ranks" else seeds_needed
    return needed(c.difference, c.sd, margin, level)
