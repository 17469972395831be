"""Two trained networks, and one."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from paribus.comparison.mcnemar import TwoNetworks, accuracy_interval, compare_networks
from paribus.errors import ComparisonError


def answers(both: int, only_baseline: int, only_variation: int, neither: int) -> TwoNetworks:
    baseline = [1] * (both + only_baseline) + [0] * (only_variation + neither)
    variation = [1] * both + [0] * only_baseline + [1] * only_variation + [0] * neither
    return compare_networks(baseline, variation)


def test_it_is_the_binomial_test_of_the_images_that_one_alone_gets_right() -> None:
    found = answers(50, 8, 20, 22)
    assert (found.only_baseline, found.only_variation, found.n) == (8, 20, 100)
    assert found.difference == pytest.approx(0.12)
    assert found.p == pytest.approx(stats.binomtest(8, 28).pvalue)


def test_swapping_the_networks_swaps_the_sign_alone() -> None:
    one, other = answers(5, 2, 9, 4), answers(5, 9, 2, 4)
    assert one.p == other.p
    assert one.difference == -other.difference


def test_networks_that_never_disagree_are_not_told_apart() -> None:
    assert answers(5, 0, 0, 5).p == 1


def test_it_says_what_it_compares() -> None:
    assert "two trained networks, not the two ways of training" in answers(5, 2, 9, 4).about


def test_networks_that_judged_other_images_are_refused() -> None:
    with pytest.raises(ComparisonError, match="same images"):
        compare_networks([True, False], [True])


@pytest.mark.parametrize(("correct", "total"), [(0, 10), (2278, 5000), (10, 10)])
def test_the_accuracy_interval_is_wilsons(correct: int, total: int) -> None:
    expected = stats.binomtest(correct, total).proportion_ci(0.95, method="wilson")
    assert accuracy_interval(correct, total) == pytest.approx([expected.low, expected.high])


def test_more_right_than_there_are_is_refused() -> None:
    with pytest.raises(ComparisonError, match="11 right of 10"):
        accuracy_interval(11, 10)


def test_it_counts_numpy_booleans_too() -> None:
    right = np.array([True, False, True])
    assert compare_networks(right, ~right).only_baseline == 2
