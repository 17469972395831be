"""A comparison in words: its verdict in one line, its estimate, and what else to know of it."""

import math
from dataclasses import dataclass, replace

from paribus.comparison.compare import Comparison
from paribus.comparison.study import NetworkPair
from paribus.narrative.failing import on_failing, overruled
from paribus.narrative.numbers import POINTS, Unit, difference_of, over_seeds, p_in_words, seeds
from paribus.narrative.outlook import on_new_seed, on_shape
from paribus.narrative.unpaired import on_any_time, on_groups
from paribus.stats.intervals import ALPHA, LEVEL, Interval
from paribus.stats.paired import smallest_sign_flip_p
from paribus.stats.power import MOST_SEEDS, SeedsNeeded
from paribus.stats.proportions import TwoNetworks

#: What stands in a verdict's place where nothing is tested.
NOT_TESTED = "not tested"
ONE_SEED = "One seed compares two trained networks; it says nothing about the ways of training."

#: A ratio to the baseline.
_TIMES = Unit(sign="times the baseline's")


@dataclass(frozen=True)
class Headline:
    """One line on one variation: its verdict, or `NOT_TESTED`, and how the sentence goes on.

    The rest has the numbers, as " by 1.2 [0.8, 1.6] points ..."; `also` are notes in sentences.
    """

    variation: str
    verdict: str
    rest: str
    also: tuple[str, ...] = ()


def headline(c: Comparison, pair: NetworkPair | None = None) -> Headline:
    """The line on a comparison, or on a pair where the two settings share just one seed."""
    if pair is not None:
        return Headline(c.variation, NOT_TESTED, f": {_on_pair(pair.test, pair.p_adjusted)}")
    if c.p is None:
        return Headline(c.variation, NOT_TESTED, f": {' '.join(notes(c))}")
    also = tuple(filter(None, (on_new_seed(c), *notes(c))))
    return Headline(c.variation, c.verdict, _rest(c), also)


def size(c: Comparison) -> str:
    """How far a variation is from the baseline, behind a verdict that says the direction.

    A difference without its sign, " by 1.2 [0.8, 1.6] points"; a ratio as ": ratio 1.2 [1.1, 1.3]".
    """
    unit, interval = difference_of(c.metric), interval_of(c)
    if unit.ratio:
        return f": {unit.estimate(interval)}"
    unsigned = interval if interval.estimate >= 0 else interval.negated()
    return f" by {replace(unit, plus=False).estimate(unsigned)}"


def seeds_that_decide(needed: SeedsNeeded | None) -> str:
    """With how many seeds studies would decide, and how often; "" where it can't be said."""
    if needed is None:
        return ""
    shown = "such a difference" if needed.goal == "difference" else "that it is inside the margin"
    if needed.seeds is None or needed.power is None:
        return f"more than {MOST_SEEDS:,} seeds would be needed to show {shown}"
    share = f"{100 * min(needed.power, 0.99):.0f} %"
    return f"with {needed.seeds:,} seeds in all, {share} of studies would show {shown}"


def _rest(c: Comparison) -> str:
    unit, where = difference_of(c.metric), f"in {c.metric.label} {over_seeds(c.n_seeds)}"
    if c.low is not None and not math.isclose(c.level, LEVEL):
        where += f", {100 * c.level:.3g} % interval"
    if c.verdict == "undecided":
        estimate, needed = unit.estimate(interval_of(c)), seeds_that_decide(c.seeds_needed)
        decide = f"; {needed}" if needed else ""
        p = p_in_words(c.p_adjusted)
        return f": {estimate} {where} ({p}){overruled(c)}{decide}"
    if c.verdict in ("not worse", "not better"):
        assert c.metric.margin is not None, "nothing is tested against no margin"
        amount, p = unit.amount(c.metric.margin), p_in_words(c.p_asked_adjusted)
        estimate = unit.estimate(interval_of(c))
        return f" by {amount} or more: {estimate} {where} ({p}){overruled(c)}"
    if c.verdict == "equivalent":
        assert c.metric.margin is not None, "nothing is equivalent without a margin"
        amount, estimate = unit.amount(c.metric.margin), unit.estimate(interval_of(c))
        p = p_in_words(c.p_equivalence_adjusted)
        return f": no difference larger than {amount}; {estimate} {where} ({p} for a larger one)"
    return f"{size(c)} {where} ({p_in_words(c.p_adjusted)})"


def _on_pair(test: TwoNetworks, p: float) -> str:
    difference = POINTS.estimate(Interval(test.difference))
    return (
        "one run each compares two trained networks, not two ways of training. These two differ "
        f"by {difference} in test accuracy on the same {test.n:,} images (McNemar's test of these "
        f"two networks: {p_in_words(p)})"
    )


def interval_of(c: Comparison) -> Interval:
    """The estimate of a comparison that has one, with its interval as far as it is known."""
    assert c.estimate is not None, "asked only of comparisons with a seed"
    return Interval(c.estimate, c.low, c.high, c.level)


def estimate_of(c: Comparison) -> str:
    """The estimate with its interval, unit and seeds."""
    unit = _TIMES if c.metric.compare == "ratio" else difference_of(c.metric)
    return f"{unit.estimate(interval_of(c))} {over_seeds(c.n_seeds)}{level_of(c)}"


def level_of(c: Comparison) -> str:
    """The interval's confidence behind an estimate, if it isn't the usual one."""
    usual = c.low is None or abs(c.level - LEVEL) < 0.002
    return "" if usual else f", {100 * c.level:.3g} % interval"


def numbers_of(c: Comparison) -> dict[str, float | None]:
    """The numbers behind a sentence on a comparison."""
    names = ("estimate", "low", "high", "p_adjusted", "p_equivalence_adjusted", "n_seeds", "level")
    return {name: getattr(c, name) for name in names}


def notes(c: Comparison) -> tuple[str, ...]:
    """All notes on a comparison: on its data, then on its verdict."""
    sentences = (
        on_failing(c),
        _on_missing(c),
        _on_number(c),
        _on_censoring(*c.censored, c.n_seeds),
        *([] if c.p is None or c.constant else on_level(c.n_seeds, c.level, c.wanted_level)),
        c.metric.note,
        _on_new_images(c),
        _on_looks(c),
        on_any_time(c),
        on_groups(c),
        _on_verdict(c),
        on_shape(c),
    )
    return tuple(filter(None, sentences))


def _on_missing(c: Comparison) -> str:
    if c.failed:
        return ""
    return f"{seeds(c.missing)} excluded because a value is missing." if c.missing else ""


def on_level(n: int, level: float, wanted: float) -> list[str]:
    """On a rank interval whose confidence falls short of the one wanted."""
    if level >= wanted:
        return []
    return [
        f"The interval is the widest that {seeds(n)} can give; its confidence is "
        f"{100 * level:.3g} %, not {100 * wanted:.3g} %."
    ]


def _on_number(c: Comparison) -> str:
    """On too few differences for a verdict, or for an interval."""
    if c.n_seeds == 0:
        return "No seed has a value for both settings."
    if c.n_seeds == 1:
        return ONE_SEED
    if c.constant and c.differing == 0:
        return f"All {c.n_seeds} differences are exactly 0."
    if not c.paired or c.anytime:
        return ""  # the sign-flip test, on which the notes below are, is of paired seeds
    if c.constant:
        return (
            f"All {c.n_seeds} differences are the same, so their spread is unknown: there is no "
            "interval, and the p value is that of the sign-flip test."
        )
    smallest = smallest_sign_flip_p(c.differing)
    if smallest <= ALPHA:
        return ""
    return (
        f"{seeds(c.differing)} with a difference: too few for the sign-flip test, whose p can't "
        f"fall below {smallest:.3g}."
    )


def _on_censoring(baseline: int, variation: int, n: int) -> str:
    """On values that are lower bounds: so many of the n runs of each setting."""
    if not baseline and not variation:
        return ""
    return (
        f"{baseline} of the baseline's {n} values and {variation} of the variation's are lower "
        "bounds, since training ended first. The bounds are compared, so this is about what "
        "happens within the epochs trained."
    )


def _on_new_images(c: Comparison) -> str:
    if c.new_images is None or not c.new_images.truncated:
        return ""
    return (
        "The interval for new images is on the safe side: its variance came out below what is "
        "possible, and the smallest possible one was taken."
    )


def _on_looks(c: Comparison) -> str:
    if c.first_look is not None:
        return f"The first look is at {c.first_look} seeds; nothing is tested before it."
    if not c.stopped_early or c.anytime:
        return ""
    return (
        "Stopped early, at a look: the p value, the interval and the verdict account for all "
        "looks, but an estimate at an early stop is, on average, too far from 0."
    )


def _on_verdict(c: Comparison) -> str:
    """On a verdict that looks like a mistake next to the bare numbers."""
    if c.p is None or c.p_adjusted is None:
        return ""
    margin, least = c.metric.margin, _least(c)
    if c.verdict == "equivalent":
        p = p_in_words(c.p_adjusted)
        smaller = f"There is a difference ({p}), but it is smaller than the margin."
        return smaller if c.p_adjusted <= ALPHA else ""
    if c.verdict != "undecided":
        shown = margin is not None and least is not None and least < margin
        return "There is a difference, but it may be smaller than the margin." if shown else ""
    if not c.p <= ALPHA < c.p_adjusted:
        return ""
    return (
        f"{p_in_words(c.p)} on its own, but {p_in_words(c.p_adjusted)} after adjusting for all "
        "comparisons made together and all looks: not significant."
    )


def _least(c: Comparison) -> float | None:
    """The smallest difference that the interval allows, in the margin's unit; None if 0."""
    if c.low is None or c.high is None:
        return None
    null = 1.0 if c.metric.compare == "ratio" else 0.0
    return None if c.low <= null <= c.high else min(abs(c.low - null), abs(c.high - null))
