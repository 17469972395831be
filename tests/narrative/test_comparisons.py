"""A comparison in words says its numbers and the p of its verdict, and no more."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from alone import compare_metric
from paribus.comparison.compare import Comparison
from paribus.comparison.study import NetworkPair
from paribus.metrics.registry import METRICS
from paribus.narrative.comparisons import notes, on_pair, p_behind, told
from paribus.stats.proportions import compare_networks
from paribus.stats.sample import Verdict

ACCURACY = METRICS["test_accuracy"]


def compared(*differences: float) -> Comparison:
    """A comparison whose seeds differ by so many points."""
    baseline = 0.5 + 0.01 * np.arange(len(differences))
    return compare_metric("bn", baseline, baseline + np.array(differences) / 100, ACCURACY)


@pytest.mark.parametrize("differences", [(-2, 1, -1, 2, -1.5), (3, 3.4, 2.8, 3.1, 3.3)])
def test_the_p_shown_is_the_adjusted_one(differences: tuple[float, ...]) -> None:
    c = replace(compared(*differences), p=0.031, p_adjusted=0.042)
    assert told(c).endswith("p = 0.042") and "0.031" not in told(c)


def test_one_seed_compares_two_networks_and_gives_no_verdict() -> None:
    right = np.arange(100) < 60
    pair = NetworkPair("bn", 0, compare_networks(right, np.arange(100) < 50), 0.002)
    message = on_pair(pair)
    assert "compares two trained networks, not two ways of training" in message
    assert "-10 points" in message and "p = 0.002" in message
    assert not {"better", "worse", "equivalent"} & set(message.split())


def test_without_a_common_seed_there_is_nothing_to_say_but_that() -> None:
    c = compare_metric("bn", [0.5, np.nan], [np.nan, 0.5], ACCURACY)
    assert c.p is None and "No seed has a value for both settings." in notes(c)


def test_equal_differences_have_no_interval() -> None:
    message = told(compared(*[2.0] * 8))
    assert "[" not in message and message.startswith("bn: +2 points, 8 seeds")


def test_in_numbers_every_comparison_has_its_level_its_seeds_and_the_p_of_its_verdict() -> None:
    c = compared(3, 3.4, 2.8, 3.1, 3.3)
    assert told(c) == "bn: +3.12 points, 95 % interval [2.82, 3.42], 5 seeds, p < 0.001"
    looked = replace(c, level=0.984, p_adjusted=0.031)
    assert told(looked).endswith("98.4 % interval [2.82, 3.42], 5 seeds, p = 0.031")
    exact = told(compared(*[2.0] * 8))
    assert exact.startswith("bn: +2 points, 8 seeds, p = ") and "interval" not in exact


@pytest.mark.parametrize(
    ("verdict", "message"),
    [
        ("better", "p = 0.02"),
        ("undecided", "p = 0.02"),
        ("equivalent", "p = 0.03 against 1 point or more"),
        ("not worse", "p = 0.04"),
        ("not better", "p = 0.04"),
    ],
)
def test_the_p_behind_a_verdict_is_the_one_that_it_rests_on(verdict: Verdict, message: str) -> None:
    c = replace(
        compared(3, 3.4, 2.8), verdict=verdict,
        p_adjusted=0.02, p_equivalence_adjusted=0.03, p_asked_adjusted=0.04,
    )  # fmt: skip
    assert p_behind(c) == message and told(c).endswith(f", {message}")


def test_a_ratio_is_told_as_times_the_baseline() -> None:
    time = METRICS["train_cpu_seconds"]
    c = compare_metric("bn", [10.0, 11.0, 12.0], [11.1, 12.1, 13.3], time)
    assert told(c).startswith("bn: 1.106 times the baseline's, 95 % interval [")


def test_a_verdict_that_failed_runs_take_back_is_told_with_them() -> None:
    c = replace(compared(3, 3.4, 2.8), verdict="undecided", overruled="better")
    assert "better only if failed runs are left out" in told(c)


def test_another_confidence_than_the_usual_is_said() -> None:
    c = replace(compared(3, 3.4, 2.8, 3.1, 3.3), level=0.984)
    assert ", 98.4 % interval [" in told(c)
