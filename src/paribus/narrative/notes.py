"""What a reader must know besides the numbers of a comparison, in sentences."""

from paribus.comparison.compare import Comparison
from paribus.narrative.numbers import p_in_words, seeds
from paribus.stats.intervals import ALPHA
from paribus.stats.paired import smallest_sign_flip_p

ONE_SEED = "One seed compares two trained networks; it says nothing about the ways of training."


def notes(c: Comparison) -> tuple[str, ...]:
    """All notes on a comparison: on its data, then on its verdict."""
    sentences = (
        *_on_missing(c.missing),
        *_on_number(c),
        *_on_censoring(*c.censored, c.n_seeds),
        *([] if c.p is None or c.constant else on_level(c.n_seeds, c.level, c.wanted_level)),
        c.metric.note,
        *_on_looks(c),
        *_on_verdict(c),
    )
    return tuple(filter(None, sentences))


def on_level(n: int, level: float, wanted: float) -> list[str]:
    """On a rank interval whose confidence falls short of the one wanted."""
    if level >= wanted:
        return []
    return [
        f"The interval is the widest that {seeds(n)} can give; its confidence is "
        f"{100 * level:.3g} %, not {100 * wanted:.3g} %."
    ]


def _on_missing(missing: int) -> list[str]:
    return [f"{seeds(missing)} excluded because a value is missing."] if missing else []


def _on_number(c: Comparison) -> list[str]:
    """On too few differences for a verdict, or for an interval."""
    if c.n_seeds == 0:
        return ["No seed has a value for both settings."]
    if c.n_seeds == 1:
        return [ONE_SEED]
    if c.constant and c.differing == 0:
        return [f"All {c.n_seeds} differences are exactly 0."]
    if c.constant:
        return [
            f"All {c.n_seeds} differences are the same, so their spread is unknown: there is no "
            "interval, and the p value is that of the sign-flip test."
        ]
    smallest = smallest_sign_flip_p(c.differing)
    if smallest <= ALPHA:
        return []
    return [
        f"{seeds(c.differing)} with a difference: too few for the sign-flip test, whose p can't "
        f"fall below {smallest:.3g}."
    ]


def _on_censoring(baseline: int, variation: int, n: int) -> list[str]:
    """On values that are lower bounds: so many of the n runs of each setting."""
    if not baseline and not variation:
        return []
    return [
        f"{baseline} of the baseline's {n} values and {variation} of the variation's are lower "
        "bounds, since training ended first. The bounds are compared, so this is about what "
        "happens within the epochs trained."
    ]


def _on_looks(c: Comparison) -> list[str]:
    if c.first_look is not None:
        return [f"The first look is at {c.first_look} seeds; nothing is tested before it."]
    if c.stopped_early:
        return [
            "Stopped early, at a look: the p value, the interval and the verdict account for all "
            "looks, but an estimate at an early stop is, on average, too far from 0."
        ]
    return []


def _on_verdict(c: Comparison) -> list[str]:
    """On a verdict that looks like a mistake next to the bare numbers."""
    if c.p is None or c.p_adjusted is None:
        return []
    if c.verdict == "equivalent" and c.p_adjusted <= ALPHA:
        p = p_in_words(c.p_adjusted)
        return [f"There is a difference ({p}), but it is smaller than the margin."]
    if c.verdict == "undecided" and c.p <= ALPHA < c.p_adjusted:
        return [
            f"{p_in_words(c.p)} on its own, but {p_in_words(c.p_adjusted)} after adjusting for all "
            "comparisons made together and all looks: not significant."
        ]
    shown, least, margin = c.verdict not in ("equivalent", "undecided"), _least(c), c.metric.margin
    if shown and margin is not None and least is not None and least < margin:
        return ["There is a difference, but it may be smaller than the margin."]
    return []


def _least(c: Comparison) -> float | None:
    """The smallest difference that the interval allows, in the margin's unit; None if 0."""
    if c.low is None or c.high is None:
        return None
    null = 1.0 if c.metric.compare == "ratio" else 0.0
    return None if c.low <= null <= c.high else min(abs(c.low - null), abs(c.high - null))
