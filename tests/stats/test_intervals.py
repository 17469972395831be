"""Intervals of means and correlations, and how they narrow with more seeds."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from paribus.errors import ComparisonError
from paribus.stats.intervals import correlation_interval, half_width, means
from paribus.stats.paired import t_interval


@given(st.integers(3, 40), st.integers(0, 1000))
def test_at_the_seeds_there_are_it_is_the_interval_there_is(n: int, seed: int) -> None:
    d = np.random.default_rng(seed).normal(0.01, 0.02, n)
    result = t_interval(d)
    half = half_width(n, float(d.std(ddof=1)))
    assert float(half) == pytest.approx(float(result.high - result.low) / 2)


def test_more_seeds_make_it_narrower_and_a_higher_level_wider() -> None:
    halves = half_width(np.arange(2, 60), 0.01)
    assert (np.diff(halves) < 0).all()
    assert half_width(10, 0.01, 0.984) > half_width(10, 0.01)


@pytest.mark.parametrize(("n", "sd"), [(1, 0.1), (5, -0.1)])
def test_one_seed_or_a_negative_sd_is_refused(n: int, sd: float) -> None:
    with pytest.raises(ComparisonError, match="at least 2 seeds"):
        half_width(n, sd)


@pytest.mark.parametrize(("r", "n"), [(0.74, 10), (-0.3, 5), (0.0, 30)])
def test_the_interval_of_a_correlation_is_scipys(r: float, n: int) -> None:
    x = np.random.default_rng(1).normal(size=n)
    x = (x - x.mean()) / x.std()
    noise = np.random.default_rng(2).normal(size=n)
    noise -= noise.mean() + x * (noise @ x) / n
    y = r * x + math.sqrt(1 - r**2) * noise / noise.std()
    expected = stats.pearsonr(x, y).confidence_interval(0.95)
    assert correlation_interval(r, n) == pytest.approx((expected.low, expected.high))


def test_a_perfect_correlation_has_no_width_and_three_pairs_are_refused() -> None:
    assert correlation_interval(1.0, 5) == (1.0, 1.0)
    with pytest.raises(ComparisonError, match="at least 4 pairs"):
        correlation_interval(0.5, 3)


def test_a_mean_over_seeds_has_students_interval_where_something_varies() -> None:
    values = np.array([[10, 3, 0], [14, 3, 0], [9, 3, 2]])
    varies, constant, low = means(values)
    theirs = stats.t.interval(0.95, 2, values[:, 0].mean(), stats.sem(values[:, 0]))
    assert (varies.low, varies.high) == pytest.approx(theirs)
    assert (constant.estimate, constant.low, constant.high) == (3, None, None)
    assert low.low == 0  # there is no negative count
    assert means(values[:1])[0].low is None
