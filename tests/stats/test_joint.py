"""Whole seeds flipped: the largest statistic of all differences, counted over every flip."""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from paribus.stats.joint import EXACT_SEEDS, joint_sign_flip
from paribus.stats.paired import sign_flip

RNG = np.random.default_rng(20261129)


def by_hand(d: npt.NDArray[np.float64]) -> list[float]:
    """Westfall and Young's step-down maximum of |t| over every flip, one t test at a time."""

    def sizes(rows: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        with np.errstate(divide="ignore"):
            return np.abs(stats.ttest_1samp(rows, 0, axis=1).statistic)

    observed = sizes(d)
    flipped = [sizes(d * signs) for signs in itertools.product([1, -1], repeat=d.shape[1])]
    p, least = np.empty(len(d)), 0.0
    left = list(range(len(d)))
    for row in sorted(left, key=lambda r: -observed[r]):
        least = max(least, np.mean([f[left].max() >= observed[row] - 1e-9 for f in flipped]))
        p[row] = least
        left.remove(row)
    return p.tolist()


@given(st.integers(0, 10_000), st.integers(3, 6))
@settings(max_examples=15, deadline=None)
def test_it_is_the_step_down_maximum_over_every_flip(number: int, n: int) -> None:
    d = np.random.default_rng(number).normal(size=(4, n)) + np.array([[1.5], [0], [0], [0.7]])
    assert joint_sign_flip(d).tolist() == pytest.approx(by_hand(d))


def test_of_one_difference_it_is_the_sign_flip_test_of_its_sum() -> None:
    for d in RNG.integers(-2, 4, (10, 1, 7)).astype(float):
        assert joint_sign_flip(d)[0] == pytest.approx(sign_flip(d[0]))


def test_what_never_differs_has_p_1_and_equal_differences_have_that_of_their_signs() -> None:
    p = joint_sign_flip(np.array([[0.0] * 8, [3.0] * 8]))
    assert p.tolist() == [1, 2 / 2**8]


def test_copies_of_a_difference_cost_nothing() -> None:
    """Holm would multiply by their number; what always moves together is one question."""
    d = RNG.normal(size=(1, 9)) + 2
    assert joint_sign_flip(np.repeat(d, 50, axis=0)) == pytest.approx(joint_sign_flip(d)[0])


def test_of_many_seeds_flips_are_drawn_always_the_same() -> None:
    d = RNG.normal(size=(5, EXACT_SEEDS + 4)) + np.array([[0.6], [0], [0], [0], [0]])
    p = joint_sign_flip(d)
    np.testing.assert_array_equal(p, joint_sign_flip(d))
    exact = sign_flip(d[0])
    assert exact * 0.8 - 0.001 < p[0] < 5 * exact + 0.01


def test_families_without_a_difference_are_falsely_rejected_in_5_of_100() -> None:
    families = RNG.poisson(2, (400, 30, 8)) - RNG.poisson(2, (400, 30, 8)).astype(float)
    errors = np.mean([(joint_sign_flip(d) <= 0.05).any() for d in families])
    assert 0.02 < errors < 0.08
