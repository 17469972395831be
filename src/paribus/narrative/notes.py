"""What a reader must know beside the numbers of a comparison, in sentences."""

from __future__ import annotations

from paribus.comparison.compare import Comparison
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
        f"The interval is the widest that {_seeds(n)} can give; its confidence is "
        f"{100 * level:.3g} %, not {100 * wanted:.3g} %."
    ]


def _on_missing(missing: int) -> list[str]:
    return [f"{_seeds(missing)} left out, where a value is missing."] if missing else []


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
            f"All {c.n_seeds} differences are the same, so nothing tells their spread: there is "
            "no interval, and the sign-flip test gives the p value."
        ]
    smallest = smallest_sign_flip_p(c.differing)
    if smallest <= ALPHA:
        return []
    return [
        f"{_seeds(c.differing)} with a difference: too few for the sign-flip test, whose p can't "
        f"fall below {smallest:.3g}."
    ]


def _on_censoring(baseline: int, variation: int, n: int) -> list[str]:
    """On values only known to be "at least": so many of the n runs of each setting."""
    if not baseline and not variation:
        return []
    return [
        f"{baseline} of the baseline's {n} values and {variation} of the variation's are only "
        "known to be at least what is given. They count as that, so this compares what happens "
        "within the epochs trained."
    ]


def _on_looks(c: Comparison) -> list[str]:
    if c.first_look is not None:
        return [f"The first look is at {c.first_look} seeds; until then nothing is tested."]
    if c.stopped_early:
        return [
            "Stopped at a look: the p value, the interval and the verdict allow for all the "
            "looks, but an estimate at an early stop lies, on average, too far from 0."
        ]
    return []


def _on_verdict(c: Comparison) -> list[str]:
    """On a verdict that a reader of the bare numbers could take for a mistake."""
    if c.p is None or c.p_adjusted is None:
        return []
    if c.verdict == "equivalent" and c.p_adjusted <= ALPHA:
        return [f"There is a difference (p = {c.p_adjusted:.2g}), but one smaller than the margin."]
    if c.verdict == "undecided" and c.p <= ALPHA < c.p_adjusted:
        return [
            f"p = {c.p:.2g} alone, but {c.p_adjusted:.2g} when all comparisons made together and "
            "all looks are allowed for: not enough."
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


def _seeds(n: int) -> str:
    return "1 seed" if n == 1 else f"{n} seeds"
