"""What more seeds, and pairing, buy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from paribus.comparison.paired import t_interval
from paribus.comparison.precision import correlation_interval, gain_of_pairing, half_width
from paribus.errors import ComparisonError


@given(st.integers(3, 40), st.integers(0, 1000))
def test_at_the_seeds_there_are_it_is_the_interval_there_is(n: int, seed: int) -> None:
    d = np.random.default_rng(seed).normal(0.01, 0.02, n)
    found = t_interval(d)
    half = half_width(n, float(d.std(ddof=1)))
    assert float(half) == pytest.approx(float(found.high - found.low) / 2)


def test_more_seeds_make_it_narrower_and_a_higher_level_wider() -> None:
    halves = half_width(np.arange(2, 60), 0.01)
    assert (np.diff(halves) < 0).all()
    assert half_width(10, 0.01, 0.984) > half_width(10, 0.01)


@pytest.mark.parametrize(("n", "sd"), [(1, 0.1), (5, -0.1), (5, math.nan)])
def test_one_seed_or_no_sd_is_refused(n: int, sd: float) -> None:
    with pytest.raises(ComparisonError, match="At least 2 seeds"):
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
    with pytest.raises(ComparisonError, match="4 pairs"):
        correlation_interval(0.5, 3)


def test_pairing_gains_what_the_correlation_takes_from_the_variance() -> None:
    x = np.random.default_rng(1).normal(size=200)
    y = 0.8 * x + 0.6 * np.random.default_rng(2).normal(size=200)
    r, sx, sy = np.corrcoef(x, y)[0, 1], x.std(ddof=1), y.std(ddof=1)
    expected = (sx**2 + sy**2) / (sx**2 + sy**2 - 2 * r * sx * sy)
    assert gain_of_pairing(x, y) == pytest.approx(expected)
    assert gain_of_pairing(x, x + 1) > 1e20 or math.isinf(gain_of_pairing(x, x + 1))
    assert gain_of_pairing(x, -x) == pytest.approx(0.5)
