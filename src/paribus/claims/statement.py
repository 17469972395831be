"""One thing that a claim says, with the evidence for and against it.

A claim is one statement or several: "best on car in all three settings" is one for each
setting and each other class. `claimed_numbers` and `claimed_rankings` make them; what follows
for the claim as a whole is decided in `claims`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from paribus.claims.sample import Interval
from paribus.comparison.values import Values

ONE_NETWORK = "One seed gives one trained network; it says nothing about the way of training."


@dataclass(frozen=True)
class Answer:
    """What the data say to one statement, and how a sentence that names the numbers goes on.

    Attributes:
        p_support: of "the statement is false": small where the data show that it is true.
        p_refute: of "the statement is true": small where the data show that it is false.
        supported, refuted, undecided: the three ways in which the sentence can go on.
    """

    p_support: float
    p_refute: float
    supported: str
    refuted: str
    undecided: str


@dataclass(frozen=True)
class Statement:
    """One thing that must be true for a claim to be.

    Attributes:
        about: the setting, or the two, or the setting and the two classes.
        n_seeds: seeds that count.
        interval: the estimate and its interval on the reader's scale (a ratio, not its
            logarithm); None where there is none.
        found: the interval in words; "" where there is none.
        answer: None where the seeds are too few.
        notes: the reason for that; or what else must be said, if anything.
    """

    about: str
    n_seeds: int
    interval: Interval | None
    found: str
    answer: Answer | None
    notes: tuple[str, ...] = ()


def unanswered(about: str, settings: Sequence[str], values: Values) -> Statement:
    """A statement about these settings without a single seed, and why there is none."""
    missing = [name for name in settings if not values.settings[name].finished.any()]
    if missing:
        has = "has" if len(missing) == 1 else "have"
        reason = f"{', '.join(missing)} {has} no finished run."
    else:
        reason = "No run has a value." if len(settings) == 1 else "No seed has a value in each."
    return Statement(about, 0, None, "", None, (reason,))
