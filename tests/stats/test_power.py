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
from paribus.stats.paired import signed_rank_test
from paribus.stats.power import (
    gain_of_pairing,
    power_by_ranks,
    power_of_difference,
    power_of_equivalence,
    seeds_needed,
    seeds_needed_by_ranks,
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


def test_pairing_gains_what_the_correlation_takes_from_the_variance() -> None:
    x = np.random.default_rng(1).normal(size=200)
    y = 0.8 * x + 0.6 * np.random.default_rng(2).normal(size=200)
    r, sx, sy = np.corrcoef(x, y)[0, 1], x.std(ddof=1), y.std(ddof=1)
    expected = (sx**2 + sy**2) / (sx**2 + sy**2 - 2 * r * sx * sy)
    assert gain_of_pairing(x, y) == pytest.approx(expected)
    assert gain_of_pairing(x, x + 1) > 1e20 or math.isinf(gain_of_pairing(x, x + 1))
    assert gain_of_pairing(x, -x) == pytest.approx(0.5)
