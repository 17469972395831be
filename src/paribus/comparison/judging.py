"""The comparisons of a study taken together: adjusted p values, and the verdicts they lead to."""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from paribus.comparison.comparison import Comparison, OtherTest, PValues
from paribus.stats.intervals import ALPHA
from paribus.stats.multiplicity import holm, nominal_level, overall_level
from paribus.stats.power import SeedsNeeded, seeds_needed, seeds_needed_by_ranks
from paribus.stats.sample import Verdict, verdict
from paribus.stats.unpaired import runs_needed


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
    return verdict(difference, p.difference, p.equivalence, better, asked=c.asked, p_asked=p.asked)


def _judged(c: Comparison, level: float) -> Comparison:
    """With the verdict, and the seeds needed to decide it at `level` if it is undecided.

    A verdict that doesn't hold with the failed runs counted is taken back, and so is the robust
    one.
    """
    if c.robust is not None:
        c = replace(c, robust=replace(c.robust, verdict=_held(c.robust.verdict, c)))
    if c.p is None or c.p_adjusted is None or c.difference is None or c.sd is None:
        return c
    p = PValues(c.p_adjusted, c.p_equivalence_adjusted, c.p_asked_adjusted)
    outcome = _verdict(c, c.difference, p)
    if outcome == "undecided":
        return replace(c, verdict=outcome, seeds_needed=_seeds_needed(c, level), overruled=None)
    held = _held(outcome, c)
    overruled = None if held == outcome else outcome
    return replace(c, verdict=held, seeds_needed=None, overruled=overruled)


def _held(outcome: Verdict, c: Comparison) -> Verdict:
    """What is left of a verdict with the failed runs counted: at least what a claim asks for."""
    if c.counted is None or outcome in ("undecided", c.counted.verdict):
        return outcome
    return c.asked if c.asked is not None and c.asked == c.counted.verdict else "undecided"


def _seeds_needed(c: Comparison, level: float) -> SeedsNeeded | None:
    """The seeds that would decide; none where they are added until decided anyway."""
    if c.difference is None or c.sd is None or c.anytime:
        return None
    margin = c.metric.scaled_margin
    if c.sds is not None:
        return runs_needed(c.difference, c.sds, margin, level)
    needed = seeds_needed_by_ranks if c.metric.compare == "ranks" else seeds_needed
    return needed(c.difference, c.sd, margin, level)
