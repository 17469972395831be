"""The best of several variations was chosen by the very numbers that its interval rests on."""

from collections.abc import Sequence
from dataclasses import replace

from paribus.comparison.compare import Comparison, compare_metric
from paribus.comparison.unpaired import compare_unpaired
from paribus.comparison.values import Values
from paribus.stats.intervals import ALPHA, LEVEL, Interval
from paribus.stats.multiplicity import nominal_level


def interval_of_chosen(
    values: Values, chosen: Comparison, of: int, looks: Sequence[int] | None = None
) -> Interval:
    """The interval of a variation that was chosen as the best of so many, on the reader's scale.

    It was chosen for its luck, too, so the end on the worse side has the confidence at which those
    of all variations hold together (Bonferroni). The other end is its own: what is chosen although
    it was unlucky has beaten the truly best, which was as unlucky. Together they hold with 95 %,
    or, by ranks of few seeds, with the `level` of the interval. Without ends where so few seeds
    bound nothing. `chosen` has an interval.
    """
    assert chosen.estimate is not None, "chosen by it"
    seeds = chosen.n_seeds + chosen.missing  # with looks it stands on the first seeds only
    ours, before = (
        values.settings[name].of(chosen.metric.name)[:seeds]
        for name in (chosen.variation, values.baseline)
    )
    error = ALPHA / of
    wanted = 1 - (error if looks is None or values.anytime else nominal_level(looks, error))
    compare = compare_metric if values.paired else compare_unpaired
    wide = compare(
        chosen.variation, before, ours, chosen.metric, level=wanted, anytime=values.anytime
    )
    own = Interval(chosen.estimate, chosen.low, chosen.high, LEVEL)
    if wide.level < wanted - 1e-9 or chosen.level < chosen.wanted_level - 1e-9:
        missed = of * (1 - wide.level) / 2 + (1 - chosen.level) / 2
        own = replace(own, level=max(0.0, 1 - missed))
    if wide.low is None or wide.high is None:  # so few seeds bound nothing at this level
        return replace(own, low=None, high=None)
    lower_is_better = chosen.metric.better == "lower"
    return replace(own, high=wide.high) if lower_is_better else replace(own, low=wide.low)
