"""One line a variation: it says its verdict, with the numbers of that verdict, and no more."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from alone import compare_metric
from paribus.comparison.compare import Comparison
from paribus.comparison.study import NetworkPair
from paribus.metrics.registry import METRICS
from paribus.narrative.comparisons import NOT_TESTED, headline, seeds_that_decide, size
from paribus.stats.power import SeedsNeeded
from paribus.stats.proportions import compare_networks

ACCURACY = METRICS["test_accuracy"]


def compared(*differences: float) -> Comparison:
    """A comparison whose seeds differ by so many points."""
    baseline = 0.5 + 0.01 * np.arange(len(differences))
    return compare_metric("bn", baseline, baseline + np.array(differences) / 100, ACCURACY)


def line(c: Comparison) -> str:
    message = headline(c)
    return f"{message.variation}: {message.verdict}{message.rest}"


def test_better_and_worse_say_by_how_much_without_a_sign() -> None:
    better = line(compared(3, 3.4, 2.8, 3.1, 3.3))
    assert better.startswith("bn: better by 3.12 [2.82, 3.42] points in test accuracy over 5 seeds")
    worse = line(compared(-3, -3.4, -2.8, -3.1, -3.3))
    assert worse.startswith("bn: worse by 3.12 [2.82, 3.42] points in test accuracy over 5 seeds")
    assert "(p < 0.001)" in better and "of studies" not in better


def test_equivalent_names_the_margin_and_the_p_of_a_larger_difference() -> None:
    c = compared(0.1, -0.1, 0.05, 0.0, -0.04)
    message = line(c)
    assert message.startswith("bn: equivalent: no difference larger than 1 point; +0.002 [")
    assert message.endswith("(p < 0.001 for a larger one)")
    half_a_point = replace(c, metric=replace(ACCURACY, margin=0.005))
    assert "larger than 0.5 points;" in line(half_a_point)


def test_undecided_says_how_many_seeds_would_decide() -> None:
    message = line(compared(-2, 1, -1, 2, -1.5))
    assert message.startswith("bn: undecided: -0.3 [")
    assert "seeds in all, 8" in message and "% of studies would show" in message
    assert " better" not in message and " worse" not in message


@pytest.mark.parametrize("differences", [(-2, 1, -1, 2, -1.5), (3, 3.4, 2.8, 3.1, 3.3)])
def test_the_p_shown_is_the_adjusted_one(differences: tuple[float, ...]) -> None:
    c = replace(compared(*differences), p=0.031, p_adjusted=0.042)
    assert "(p = 0.042)" in line(c) and "0.031" not in line(c)


@pytest.mark.parametrize(
    ("needed", "message"),
    [
        (
            SeedsNeeded(34, "difference", 0.8),
            "with 34 seeds in all, 80 % of studies would show such a difference",
        ),
        (
            SeedsNeeded(12, "equivalence", 0.82),
            "with 12 seeds in all, 82 % of studies would show that it is inside the margin",
        ),
        (SeedsNeeded(None, "difference", None), "more than 1,000 seeds would be needed"),
        (None, ""),
    ],
)
def test_the_seeds_that_would_decide_in_words(needed: SeedsNeeded | None, message: str) -> None:
    assert seeds_that_decide(needed).startswith(message)


def test_one_seed_compares_two_networks_and_gives_no_verdict() -> None:
    right = np.arange(100) < 60
    pair = NetworkPair("bn", 0, compare_networks(right, np.arange(100) < 50), 0.002)
    message = headline(compared(-10), pair)
    assert message.verdict == NOT_TESTED
    assert "compares two trained networks, not two ways of training" in message.rest
    assert "-10 points" in message.rest and "p = 0.002" in message.rest
    assert not {"better", "worse", "equivalent"} & set(message.rest.split())


def test_without_a_common_seed_there_is_nothing_to_say_but_that() -> None:
    message = headline(compare_metric("bn", [0.5, np.nan], [np.nan, 0.5], ACCURACY))
    assert message.verdict == NOT_TESTED
    assert "No seed has a value for both settings." in message.rest


def test_equal_differences_have_no_interval() -> None:
    message = line(compared(*[2.0] * 8))
    assert "[" not in message and message.startswith("bn: better by 2 points")


def test_another_confidence_than_the_usual_is_said() -> None:
    c = replace(compared(3, 3.4, 2.8, 3.1, 3.3), level=0.984)
    assert "over 5 seeds, 98.4 % interval (" in line(c)


def test_a_size_turns_the_interval_with_the_sign() -> None:
    assert size(compared(-3, -3.4, -2.8, -3.1, -3.3)) == size(compared(3, 3.4, 2.8, 3.1, 3.3))
