"""A comparison in one line: its verdict in a word, and how the sentence goes on."""

from __future__ import annotations

from dataclasses import dataclass

from paribus.claims.sample import Interval
from paribus.comparison.compare import Comparison
from paribus.comparison.study import NetworkPair
from paribus.narrative.notes import notes
from paribus.narrative.numbers import Quantity, difference_of, over_seeds, p_in_words
from paribus.stats.intervals import ALPHA
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
        also: what must be said besides, in sentences.
    """

    variation: str
    verdict: str
    rest: str
    also: tuple[str, ...] = ()


def headline(c: Comparison, pair: NetworkPair | None = None) -> Headline:
    """The line on a comparison.

    Args:
        c: on any metric that isn't a ratio.
        pair: the two networks, where the variation shares just one seed with the baseline.
    """
    if pair is not None:
        return Headline(c.variation, NOT_TESTED, f": {_on_pair(pair.test, pair.p_adjusted)}")
    if c.p is None:
        return Headline(c.variation, NOT_TESTED, f": {' '.join(notes(c))}")
    return Headline(c.variation, c.verdict, _rest(c), notes(c))


def size(c: Comparison) -> str:
    """A difference without its sign, which a verdict already says: "1.2 [0.8, 1.6] points"."""
    known = interval_of(c)
    quantity = difference_of(c.metric)
    unsigned = Quantity(quantity.unit, quantity.scale)
    if known.estimate >= 0:
        return unsigned.found(known)
    low, high = (None if end is None else -end for end in (known.high, known.low))
    return unsigned.found(Interval(-known.estimate, low, high, known.level))


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
    found = difference_of(c.metric).found(interval_of(c))
    if c.verdict == "undecided":
        needed = seeds_that_decide(c.seeds_needed)
        return f": {found} {where} ({p_in_words(c.p_adjusted)}){f'; {needed}' if needed else ''}"
    if c.verdict == "equivalent":
        assert c.metric.margin is not None, "nothing is equivalent without a margin"
        amount = difference_of(c.metric).amount(c.metric.margin)
        p = p_in_words(c.p_equivalence_adjusted)
        return f": no difference larger than {amount}; {found} {where} ({p} for a larger one)"
    return f" by {size(c)} {where} ({p_in_words(c.p_adjusted)})"


def _level(c: Comparison) -> str:
    """The interval's confidence, where it isn't the usual one."""
    if c.low is None or abs(c.level - (1 - ALPHA)) < 1e-9:
        return ""
    return f", {100 * c.level:.3g} % interval"


def _on_pair(test: TwoNetworks, p: float) -> str:
    difference = Quantity("points", scale=100, sign=True)
    found = difference.found(Interval(test.difference, None, None, 1 - ALPHA))
    return (
        "one run each compares two trained networks, not two ways of training. These two differ "
        f"by {found} in test accuracy on the same {test.n:,} images (McNemar's test of these "
        f"two networks: {p_in_words(p)})"
    )
