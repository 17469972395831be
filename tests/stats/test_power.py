"""Power, and the seeds that would decide."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.power import TTestPower

from paribus.errors import ComparisonError
from paribus.stats.intervals import Floats
from paribus.stats.paired import signed_rank_test
from paribus.stats.power import (
    power_by_ranks,
    power_of_difference,
    power_of_equivalence,
    seeds_needed,
    seeds_needed_by_ranks,
    unpaired_seeds,
)


@pytest.mark.parametrize("n", [2, 3, 5, 10, 30])
@pytest.mark.parametrize("effect", [0.1, 0.5, 1.0])
@pytest.mark.parametrize("alpha", [0.05, 0.005])
def test_power_of_the_t_test_is_statsmodels(n: int, effect: float, alpha: float) -> None:
    expected = TTestPower().power(effect, n, alpha)
    assert power_of_difference(n, 3 * effect, 3.0, alpha) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(("n", "difference"), [(5, 0.0), (10, 0.3), (30, 0.3)])
def test_power_of_equivalence_is_what_simulation_says(n: int, difference: float) -> None:
    d = np.random.default_rng(n).normal(difference, 1, (100_000, n))
    mean, error = d.mean(axis=1), d.std(axis=1, ddof=1) / np.sqrt(n)
    shown = np.abs(mean) + stats.t.ppf(0.95, n - 1) * error <= 1
    assert power_of_equivalence(n, difference, 1.0, 1.0) == pytest.approx(shown.mean(), abs=0.005)


def test_equivalence_is_shown_at_the_margin_with_probability_alpha_at_most() -> None:
    assert power_of_equivalence(200, 1.0, 1.0, 1.0) == pytest.approx(0.05, abs=1e-4)


@settings(max_examples=50, deadline=None)
@given(st.floats(0.2, 3), st.floats(0.1, 10))
def test_it_is_the_smallest_number_with_80_percent_power(effect: float, sd: float) -> None:
    needed = seeds_needed(effect * sd, sd)
    assert needed is not None
    assert needed.seeds is not None
    assert needed.power is not None
    assert needed.power >= 0.8
    if needed.seeds > 2:
        assert power_of_difference(needed.seeds - 1, effect, 1) < 0.8


def test_it_is_statsmodels_number_rounded_up() -> None:
    for effect in (0.3, 0.5, 0.8, 1.2):
        exact = TTestPower().solve_power(effect, power=0.8, alpha=0.05)
        needed = seeds_needed(effect, 1.0)
        assert needed is not None
        assert needed.seeds == int(np.ceil(exact))


def test_a_small_estimate_aims_at_equivalence_and_a_large_one_at_the_difference() -> None:
    small, large = seeds_needed(0.001, 0.01, 0.01), seeds_needed(0.009, 0.01, 0.01)
    assert small is not None
    assert large is not None
    assert (small.goal, large.goal) == ("equivalence", "difference")
    assert small.seeds is not None
    assert power_of_equivalence(small.seeds, 0.001, 0.01, 0.01) >= 0.8
    assert power_of_equivalence(small.seeds - 1, 0.001, 0.01, 0.01) < 0.8


def test_an_estimate_beyond_the_margin_never_aims_at_equivalence() -> None:
    needed = seeds_needed(0.011, 0.1, 0.01)
    assert needed is not None
    assert needed.goal == "difference"


def test_many_are_more_than_a_thousand() -> None:
    needed = seeds_needed(0.0, 1.0)
    assert needed is not None
    assert needed.seeds is None
    assert str(needed) == "more than 1,000"
    assert str(seeds_needed(1.0, 1.0)) == "10"


def test_among_more_comparisons_more_seeds_are_needed() -> None:
    alone, among_ten = seeds_needed(0.5, 1.0), seeds_needed(0.5, 1.0, alpha=0.005)
    assert alone is not None
    assert among_ten is not None
    assert (alone.seeds, among_ten.seeds) == (34, 58)


def test_without_spread_the_sign_flip_test_decides() -> None:
    assert str(seeds_needed(0.1, 0.0)) == "6"
    assert str(seeds_needed(0.0, 0.0, 0.01)) == "5"
    assert seeds_needed(0.0, 0.0) is None


def test_by_ranks_takes_a_twentieth_more_and_six_at_least() -> None:
    assert str(seeds_needed(0.2, 1.0)) == "199"
    assert str(seeds_needed_by_ranks(0.2, 1.0)) == "209"
    assert str(seeds_needed(5.0, 1.0)) == "3"
    assert str(seeds_needed_by_ranks(5.0, 1.0)) == "6"


@pytest.mark.parametrize(
    ("difference", "margin", "alpha"),
    [(0.5, None, 0.05), (1.2, None, 0.05), (0.2, 1.0, 0.05), (0.7, None, 0.005)],
)
def test_by_ranks_it_is_the_smallest_number_too(
    difference: float, margin: float | None, alpha: float
) -> None:
    needed = seeds_needed_by_ranks(difference, 1.0, margin, alpha)
    assert needed is not None
    assert needed.seeds is not None
    before, there = (
        power_by_ranks(n, needed.goal, difference, margin or 0, alpha)
        for n in (needed.seeds - 1, needed.seeds)
    )
    assert before < 0.8 <= there == needed.power


def test_power_by_ranks_counts_what_the_test_finds() -> None:
    d = 0.8 + np.random.default_rng(7).standard_normal((3_000, 9))
    result = np.mean([signed_rank_test(row) <= 0.05 for row in d])
    promised = power_by_ranks(9, "difference", 0.8, 0.0, 0.05)
    assert promised == pytest.approx(result, abs=0.03)  # 3 s.e.


def test_too_few_seeds_for_a_small_p_have_no_power_by_ranks() -> None:
    assert power_by_ranks(5, "difference", 9.0, 0.0, 0.05) == 0
    assert power_by_ranks(6, "difference", 9.0, 0.0, 0.05) == 1


def test_a_negative_spread_is_refused() -> None:
    with pytest.raises(ComparisonError, match="standard deviation of 0 or more, got -1"):
        seeds_needed(1.0, -1.0)


def unpaired_width(x: Floats, y: Floats, n: int) -> float:
    """Half of Welch's interval if each setting had so many seeds of the same spread."""
    z = np.arange(n) - (n - 1) / 2
    first, second = (z / z.std(ddof=1) * of.std(ddof=1) for of in (x, y))
    low, high = stats.ttest_ind(first, second, equal_var=False).confidence_interval()
    return float(high - low) / 2


@pytest.mark.parametrize(("n", "share"), [(5, 0.9), (10, 0.9), (10, 0.0), (30, 0.5), (4, -0.9)])
def test_unpaired_seeds_are_the_fewest_with_an_interval_as_narrow_by_welchs_test(
    n: int, share: float
) -> None:
    rng = np.random.default_rng([n, 3])
    x = rng.normal(size=n)
    y = share * x + math.sqrt(1 - share**2) * rng.normal(size=n)
    paired = stats.ttest_1samp(y - x, 0).confidence_interval()
    half = (paired.high - paired.low) / 2
    needed = unpaired_seeds(x, y)
    assert needed is not None
    assert unpaired_width(x, y, needed) <= half
    assert needed == 2 or unpaired_width(x, y, needed - 1) > half


def test_with_few_seeds_an_unpaired_interval_may_take_fewer() -> None:
    """Twice the degrees of freedom: what the ratio of the variances alone doesn't see."""
    x, y = np.array([0.0, 1.0, 2.0]), np.array([1.0, 0.0, 1.5])
    assert unpaired_seeds(x, y) == 3
    assert unpaired_seeds(x, x + 1) is None
