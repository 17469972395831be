"""Differences that a t test doesn't suit: how they are told, and the test that asks for less."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from paribus.stats.paired import mean_test, sign_flip
from paribus.stats.shape import is_clumpy, is_lopsided, robust_test


@pytest.mark.parametrize("n", [3, 10])
def test_of_normal_differences_one_in_twenty_looks_lopsided(n: int) -> None:
    drawn = np.random.default_rng(n).standard_normal((700, n))
    assert np.mean([is_lopsided(row) for row in drawn]) == pytest.approx(0.05, abs=0.025)


def test_of_skewed_ones_the_more_the_more_seeds() -> None:
    rng = np.random.default_rng(4)
    found = [
        np.mean([is_lopsided(row) for row in rng.standard_exponential((200, n))])
        for n in (5, 10, 30)
    ]
    assert found == [pytest.approx(share, abs=0.1) for share in (0.16, 0.37, 0.9)]


def test_from_eight_seeds_on_it_agrees_with_dagostinos_test() -> None:
    drawn = np.random.default_rng(5).standard_normal((300, 12))
    expected = stats.skewtest(drawn, axis=1).pvalue <= 0.05
    assert np.mean(expected == [is_lopsided(row) for row in drawn]) > 0.99


@pytest.mark.parametrize(
    ("d", "clumpy"),
    [
        ([1, 1, 1, 2, 0, 1], True),
        ([0, 0, 0, 0, 1], True),
        ([1, 1, 2], False),  # no clump of three
        ([1, 1, 1, 2, 2, 2], False),  # not more than half
        ([1, 1, 1, 1], False),  # constant, of which more is said
        ([1, 2, 3, 4, 5], False),
    ],
)
def test_clumpy_is_more_than_half_of_one_value(d: list[int], clumpy: bool) -> None:
    assert is_clumpy(np.array(d, float)) == clumpy


def test_the_robust_p_is_never_below_that_of_the_sign_flip_test() -> None:
    drawn = np.random.default_rng(6).standard_normal((50, 7))
    for alternative in ("two-sided", "greater", "less"):
        for d in drawn:
            assert robust_test(d, alternative) >= sign_flip(d, alternative) - 1e-12


def test_halls_transformation_is_the_t_test_where_nothing_is_lopsided() -> None:
    d = np.concatenate([z := np.linspace(0.1, 2, 10), -z]) + 0.6  # symmetric about 0.6
    by_t, by_flips = float(mean_test(d, "greater")), sign_flip(d, "greater")
    assert robust_test(d, "greater") == pytest.approx(max(by_t, by_flips))


def test_it_errs_less_than_the_t_test_where_differences_are_lopsided() -> None:
    drawn = 1 - np.random.default_rng(7).standard_exponential((500, 10))
    by_t = (mean_test(drawn) <= 0.05).mean()
    robust = np.mean([robust_test(d) <= 0.05 for d in drawn])
    assert by_t > 0.075
    assert robust < 0.07


def test_it_does_not_take_clumps_for_certainty() -> None:
    d = np.array([1.0] * 9 + [2.0])
    assert float(mean_test(d)) < 1e-5
    assert robust_test(d) >= 2 / 2**10
