"""A comparison in words: its estimate, the p behind its verdict, and what else to know of it."""

from paribus.comparison.compare import Comparison
from paribus.comparison.study import NetworkPair
from paribus.narrative.failing import on_failing, overruled
from paribus.narrative.numbers import POINTS, Unit, difference_of, p_in_words, seeds
from paribus.narrative.outlook import on_shape
from paribus.narrative.unpaired import on_any_time, on_groups
from paribus.stats.intervals import ALPHA, Interval
from paribus.stats.paired import smallest_sign_flip_p

#: What stands in a verdict's place where nothing is tested.
NOT_TESTED = "not tested"
ONE_SEED = "One seed compares two trained networks; it says nothing about the ways of training."

#: A ratio to the baseline.
_TIMES = Unit(sign="times the baseline's")


def on_pair(pair: NetworkPair) -> str:
    """On two settings that share just one seed: what their two networks differ by."""
    difference = POINTS.estimate(Interval(pair.test.difference))
    return (
        "One run each compares two trained networks, not two ways of training. These two differ "
        f"by {difference} in test accuracy on the same {pair.test.n:,} images (McNemar's test of "
        f"these two networks: {p_in_words(pair.p_adjusted)})."
    )


def interval_of(c: Comparison) -> Interval:
    """The estimate of a comparison that has one, with its interval as far as it is known."""
    assert c.estimate is not None, "asked only of comparisons with a seed"
    return Interval(c.estimate, c.low, c.high, c.level)


def told(c: Comparison) -> str:
    """A comparison in numbers: "l2: +0.3 points, 95 % interval [-0.1, 0.7], 10 seeds, p = 0.2"."""
    unit = _TIMES if c.metric.compare == "ratio" else difference_of(c.metric)
    seeds_and_p = f"{seeds(c.n_seeds)}, {p_behind(c)}{overruled(c)}"
    return f"{c.variation}: {unit.told(interval_of(c))}, {seeds_and_p}"


def p_behind(c: Comparison) -> str:
    """The p value that a verdict rests on."""
    if c.verdict == "equivalent":
        assert c.metric.margin is not None, "nothing is equivalent without a margin"
        amount = difference_of(c.metric).amount(c.metric.margin)
        return f"{p_in_words(c.p_equivalence_adjusted)} against {amount} or more"
    asked = c.verdict in ("not worse", "not better")
    return p_in_words(c.p_asked_adjusted if asked else c.p_adjusted)


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


def verdict_notes(c: Comparison) -> tuple[str, ...]:
    """The notes without the one on the interval for new images, where that isn't shown."""
    return tuple(text for text in notes(c) if text != _on_new_images(c))


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
