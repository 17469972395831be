"""A comparison in one line: its verdict in a word, and how the sentence goes on."""

from dataclasses import dataclass, replace

from paribus.comparison.compare import Comparison
from paribus.comparison.study import NetworkPair
from paribus.narrative.notes import notes
from paribus.narrative.numbers import POINTS, difference_of, over_seeds, p_in_words
from paribus.stats.intervals import ALPHA, Interval
from paribus.stats.power import MOST_SEEDS, SeedsNeeded
from paribus.stats.proportions import TwoNetworks

#: What stands in a verdict's place where nothing is tested.
NOT_TESTED = "not tested"


@dataclass(frozen=True)
class Headline:
    """One line on one variation.

    Attributes:
        variation: its name.
        verdict: a verdict, or `NOT_TESTED`.
        rest: the sentence after the verdict, with its numbers: " by 1.2 [0.8, 1.6] points ...".
        also: notes that belong to it, in sentences.
    """

    variation: str
    verdict: str
    rest: str
    also: tuple[str, ...] = ()


def headline(c: Comparison, pair: NetworkPair | None = None) -> Headline:
    """The line on a comparison.

    Args:
        c: on any metric.
        pair: the two networks, where the variation shares just one seed with the baseline.
    """
    if pair is not None:
        return Headline(c.variation, NOT_TESTED, f": {_on_pair(pair.test, pair.p_adjusted)}")
    if c.p is None:
        return Headline(c.variation, NOT_TESTED, f": {' '.join(notes(c))}")
    return Headline(c.variation, c.verdict, _rest(c), notes(c))


def size(c: Comparison) -> str:
    """How far a variation is from the baseline, behind a verdict that says the direction.

    A difference without its sign, " by 1.2 [0.8, 1.6] points"; a ratio as ": ratio 1.2 [1.1, 1.3]".
    """
    unit, interval = difference_of(c.metric), interval_of(c)
    if unit.ratio:
        return f": {unit.estimate(interval)}"
    unsigned = interval if interval.estimate >= 0 else interval.negated()
    return f" by {replace(unit, plus=False).estimate(unsigned)}"


def interval_of(c: Comparison) -> Interval:
    """The estimate of a comparison that has one, with its interval as far as it is known."""
    assert c.estimate is not None, "asked only of comparisons with a seed"
    return Interval(c.estimate, c.low, c.high, c.level)


def seeds_that_decide(needed: SeedsNeeded | None) -> str:
    """What it would take to decide, in words; "" where it can't be said."""
    if needed is None:
        return ""
    if needed.seeds is None:
        return f"more than {MOST_SEEDS:,} seeds would be needed to decide it"
    return f"about {needed.seeds:,} seeds in all would decide it"


def _rest(c: Comparison) -> str:
    where = f"in {c.metric.label} {over_seeds(c.n_seeds)}{_level(c)}"
    unit = difference_of(c.metric)
    if c.verdict == "undecided":
        estimate, needed = unit.estimate(interval_of(c)), seeds_that_decide(c.seeds_needed)
        decide = f"; {needed}" if needed else ""
        return f": {estimate} {where} ({p_in_words(c.p_adjusted)}){decide}"
    if c.verdict == "equivalent":
        assert c.metric.margin is not None, "nothing is equivalent without a margin"
        amount, estimate = unit.amount(c.metric.margin), unit.estimate(interval_of(c))
        p = p_in_words(c.p_equivalence_adjusted)
        return f": no difference larger than {amount}; {estimate} {where} ({p} for a larger one)"
    return f"{size(c)} {where} ({p_in_words(c.p_adjusted)})"


def _level(c: Comparison) -> str:
    """The interval's confidence, where it isn't the usual one."""
    if c.low is None or abs(c.level - (1 - ALPHA)) < 1e-9:
        return ""
    return f", {100 * c.level:.3g} % interval"


def _on_pair(test: TwoNetworks, p: float) -> str:
    difference = POINTS.estimate(Interval(test.difference, None, None, 1 - ALPHA))
    return (
        "one run each compares two trained networks, not two ways of training. These two differ "
        f"by {difference} in test accuracy on the same {test.n:,} images (McNemar's test of these "
        f"two networks: {p_in_words(p)})"
    )
