"""The best of several variations was chosen by the very numbers that its interval rests on."""

import math
from collections.abc import Sequence

from paribus.comparison.compare import Comparison, paired_differences
from paribus.comparison.values import Values
from paribus.stats.intervals import ALPHA, Interval
from paribus.stats.multiplicity import nominal_level
from paribus.stats.paired import complete_pairs, hodges_lehmann, is_constant, t_interval


def interval_of_chosen(
    values: Values, chosen: Comparison, of: int, looks: Sequence[int] | None = None
) -> Interval:
    """The interval of a variation that was chosen as the best of so many, on the reader's scale.

    It has the confidence at which the intervals of all of them hold together (Bonferroni): then
    the chosen one's holds, whichever it is. Its `level` is 95 % all the same: that of an interval
    so chosen. By ranks, few seeds can't give so much confidence; the level is then what can be
    said. Ends are None where the spread is unknown.
    """
    seeds = chosen.n_seeds + chosen.missing  # with looks it stands on the first seeds only
    ours, before = (
        values.settings[name].of(chosen.metric.name)[:seeds]
        for name in (chosen.variation, values.baseline)
    )
    d = paired_differences(chosen.metric.compare, complete_pairs(before, ours))
    error = ALPHA / of
    wanted = 1 - (error if looks is None else nominal_level(looks, error))
    found = (hodges_lehmann if chosen.metric.compare == "ranks" else t_interval)(d, wanted)
    reached = 1 - ALPHA if found.level >= wanted - 1e-9 else max(0.0, 1 - of * (1 - found.level))
    if is_constant(d):
        return Interval(float(found.estimate), level=reached)
    of_differences = Interval(
        float(found.estimate), float(found.low), float(found.high), level=reached
    )
    if chosen.metric.compare == "ratio":
        return of_differences.mapped(math.exp)
    most = chosen.metric.largest_difference
    return of_differences.within(-most, most)
