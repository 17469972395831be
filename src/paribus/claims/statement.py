"""One thing that a claim says, and the evidence for and against it, as numbers.

A claim is one statement or several: "best on car in all three settings" is one for each
setting and each other class. `tests` makes them, `judge` decides what follows
for the claim as a whole, and `paribus.narrative.claims` puts them into sentences.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from paribus.comparison.values import FailedRuns, Values
from paribus.metrics.metric import Metric
from paribus.stats.intervals import ALPHA, Interval


@dataclass(frozen=True)
class Toward:
    """The first setting is better, worse, higher or lower than the second, by at least `by`."""

    expect: Literal["better", "worse", "higher", "lower"]
    by: float | None = None


@dataclass(frozen=True)
class Equivalent:
    """The two settings differ by no more than the metric's margin."""


@dataclass(frozen=True)
class NotBeyond:
    """The first setting isn't worse, or isn't better, than the second by the metric's margin."""

    expect: Literal["not_worse", "not_better"]


@dataclass(frozen=True)
class Inside:
    """A setting's mean, or the difference of two settings (a ratio's ratio), lies in a range."""

    low: float
    high: float


@dataclass(frozen=True)
class Above:
    """A class lies above another in one setting, or a setting above another.

    Both are "" for a ranking as a whole, where there are too few seeds to test its pairs.
    """

    upper: str = ""
    lower: str = ""


Expectation = Toward | Equivalent | NotBeyond | Inside | Above


@dataclass(frozen=True)
class Answer:
    """What the data say to one statement.

    `p_support` is small where they show that it is true, `p_refute` where they show that it is
    false. `p_inside`, of a direction without a distance: small where they show that the difference
    is inside the margin: it may be true, but is too small to matter.
    """

    p_support: float
    p_refute: float
    p_inside: float | None = None


@dataclass(frozen=True)
class Statement:
    """One thing that must be true for a claim to be.

    Attributes:
        settings: the one it is about; the two, "against" last; or all of an order.
        metric: with the margin that counts here, and compared as it is here.
        interval: the estimate and its interval as readers see it (a ratio, not its logarithm),
            with the level that it reaches; None where there is none.
        answer: None where there are fewer than two seeds.
        censored: how many values are only known to be at least what is given.
        agreeing: seeds in which a ranking holds as a whole; None of what is no ranking.
        unfinished: which settings have no finished run, where no seed counts.
        failed: which settings have failed runs; the interval leaves them out.
        finished: the answer over the seeds that finished alone, where `answer` counts the failed
            runs at their worst; None where it doesn't, so that failed runs leave it undecided.
    """

    settings: tuple[str, ...]
    metric: Metric
    expected: Expectation
    n_seeds: int = 0
    interval: Interval | None = None
    wanted_level: float = 1 - ALPHA
    answer: Answer | None = None
    censored: int = 0
    agreeing: int | None = None
    unfinished: tuple[str, ...] = ()
    failed: tuple[FailedRuns, ...] = ()
    finished: Answer | None = None


def unanswered(
    settings: Sequence[str], metric: Metric, expected: Expectation, values: Values
) -> Statement:
    """A statement about these settings without a single seed."""
    unfinished = tuple(name for name in settings if not values.settings[name].finished.any())
    return Statement(tuple(settings), metric, expected, unfinished=unfinished)
