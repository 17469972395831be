"""What must be said beside the numbers of a comparison, in sentences."""

from __future__ import annotations

import numpy as np

from paribus.stats.intervals import ALPHA, Floats
from paribus.stats.paired import is_constant, smallest_sign_flip_p

ONE_SEED = "One seed compares two trained networks; it says nothing about the ways of training."


def on_missing(missing: int) -> list[str]:
    """On seeds that were left out."""
    if not missing:
        return []
    return [f"{_seeds(missing)} left out, where a value is missing."]


def on_number(d: Floats) -> list[str]:
    """On too few differences d (n,) for a verdict, or for an interval."""
    if len(d) == 0:
        return ["No seed has a value for both settings."]
    if len(d) == 1:
        return [ONE_SEED]
    if is_constant(d):
        return [_on_constant(d)]
    return _on_sign_flip(d)


def on_level(n: int, level: float, wanted: float) -> list[str]:
    """On a rank interval whose confidence falls short of the one wanted."""
    if level >= wanted:
        return []
    return [
        f"The interval is the widest that {_seeds(n)} can give; its confidence is "
        f"{100 * level:.3g} %, not {100 * wanted:.3g} %."
    ]


def on_censoring(baseline: int, variation: int, n: int) -> list[str]:
    """On values only known to be "at least": so many of the n runs of each setting."""
    if not baseline and not variation:
        return []
    return [
        f"{baseline} of the baseline's {n} values and {variation} of the variation's are only "
        "known to be at least what is given. They count as that, so this compares what happens "
        "within the epochs trained."
    ]


def on_verdict(
    verdict: str, p: float, p_adjusted: float, least: float | None, margin: float | None
) -> list[str]:
    """On a verdict that a reader of the bare numbers could take for a mistake.

    Args:
        verdict: of the comparison.
        p, p_adjusted: of "no difference".
        least: the smallest difference that the interval allows, if it leaves out 0.
        margin: in the same unit.
    """
    if verdict == "equivalent" and p_adjusted <= ALPHA:
        return [f"There is a difference (p = {p_adjusted:.2g}), but one smaller than the margin."]
    if verdict == "undecided" and p <= ALPHA < p_adjusted:
        return [
            f"p = {p:.2g} by itself, but {p_adjusted:.2g} when all comparisons made together and "
            "all looks are allowed for: not enough."
        ]
    found = verdict not in ("equivalent", "undecided")
    if found and margin is not None and least is not None and least < margin:
        return ["There is a difference, but it may be smaller than the margin."]
    return []


def _seeds(n: int) -> str:
    return "1 seed" if n == 1 else f"{n} seeds"


def _on_constant(d: Floats) -> str:
    if d[0] == 0:
        return f"All {len(d)} differences are exactly 0."
    return (
        f"All {len(d)} differences are the same, so nothing tells their spread: there is no "
        "interval, and the sign-flip test gives the p value."
    )


def _on_sign_flip(d: Floats) -> list[str]:
    differing = int(np.count_nonzero(d))
    smallest = smallest_sign_flip_p(differing)
    if smallest <= ALPHA:
        return []
    return [
        f"{_seeds(differing)} with a difference: too few for the sign-flip test, whose p can't "
        f"fall below {smallest:.3g}."
    ]
