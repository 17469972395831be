"""The seeds that would decide do decide, with the probability promised."""

from __future__ import annotations

import numpy as np
import pytest

from calibration.simulated_truth import power
from paribus.stats.power import seeds_needed, seeds_needed_by_ranks

CASES = [
    (0.6, 0.4, 0.05, "difference"),
    (1.2, 1.0, 0.05, "difference"),
    (0.7, 0.2, 0.005, "difference"),  # among ten variations
    (0.0, 0.6, 0.05, "equivalence"),
    (0.2, 1.0, 0.05, "equivalence"),
    (0.1, 0.9, 0.005, "equivalence"),
]


@pytest.mark.parametrize(("difference", "margin", "alpha", "goal"), CASES)
def test_power_is_within_two_points_of_the_promise(
    difference: float, margin: float, alpha: float, goal: str
) -> None:
    needed = seeds_needed(difference, 1.0, margin, alpha)
    assert needed is not None
    assert needed.goal == goal
    assert needed.seeds is not None
    assert needed.power is not None
    rng = np.random.default_rng(20260203)
    reached = power(rng, "mean", needed.goal, difference, needed.seeds, margin, alpha, 20_000)
    assert reached == pytest.approx(needed.power, abs=0.01)
    assert reached >= 0.79


@pytest.mark.parametrize(("difference", "margin", "alpha", "goal"), [*CASES[:2], CASES[4]])
def test_by_ranks_it_is_within_two_points_too(
    difference: float, margin: float, alpha: float, goal: str
) -> None:
    needed = seeds_needed_by_ranks(difference, 1.0, margin, alpha)
    assert needed is not None
    assert needed.seeds is not None
    rng = np.random.default_rng(20260204)
    reached = power(rng, "ranks", needed.goal, difference, needed.seeds, margin, alpha, 2_500)
    assert needed.power is not None
    assert reached == pytest.approx(needed.power, abs=0.02)
