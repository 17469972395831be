"""Intervals of shares, and McNemar's test of two networks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from paribus.stats.proportions import (
    TwoNetworks,
    compare_networks,
    mcnemar_p,
    newcombe,
    share,
    wilson,
)


def answers(both: int, only_baseline: int, only_variation: int, neither: int) -> TwoNetworks:
    baseline = [1] * (both + only_baseline) + [0] * (only_variation + neither)
    variation = [1] * both + [0] * only_baseline + [1] * only_variation + [0] * neither
    return compare_networks(baseline, variation)


def test_it_is_the_binomial_test_of_the_images_that_one_alone_gets_right() -> None:
    result = answers(50, 8, 20, 22)
    assert result.n == 100
    assert result.difference == pytest.approx(0.12)
    assert result.p == pytest.approx(stats.binomtest(8, 28).pvalue)


def test_swapping_the_networks_swaps_the_sign_alone() -> None:
    one, other = answers(5, 2, 9, 4), answers(5, 9, 2, 4)
    assert one.p == other.p
    assert one.difference == -other.difference


def test_networks_that_never_disagree_are_not_told_apart() -> None:
    assert answers(5, 0, 0, 5).p == 1


def test_it_counts_numpy_booleans_too() -> None:
    right = np.array([True, False, True])
    assert compare_networks(right, ~right).difference == pytest.approx(-1 / 3)


@given(st.integers(1, 60), st.data())
def test_wilsons_interval_is_that_of_statsmodels(of: int, data: st.DataObject) -> None:
    count = data.draw(st.integers(0, of))
    low, high = wilson(count, of)
    theirs = proportion_confint(count, of, method="wilson")
    assert (float(low), float(high)) == pytest.approx(theirs, abs=1e-12)
    assert share(count, of).low <= count / of <= share(count, of).high


def test_of_no_trial_nothing_is_known() -> None:
    assert (share(0, 0).low, share(0, 0).high) == (0, 1)


@given(st.integers(1, 60), st.integers(1, 60), st.data())
def test_newcombes_interval_is_that_of_statsmodels(n1: int, n2: int, data: st.DataObject) -> None:
    c1, c2 = data.draw(st.integers(0, n1)), data.draw(st.integers(0, n2))
    theirs = confint_proportions_2indep(c1, n1, c2, n2, method="newcomb", compare="diff")
    assert newcombe(share(c1, n1), share(c2, n2)) == pytest.approx(theirs, abs=1e-12)


def test_newcombes_interval_is_that_of_his_paper() -> None:
    """Newcombe 1998, table II, method 10: 56/70 against 48/80."""
    assert newcombe(share(56, 70), share(48, 80)) == pytest.approx((0.0524, 0.3339), abs=5e-5)


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemars_exact_p_is_that_of_statsmodels(only_one: int, only_other: int) -> None:
    theirs = float(mcnemar([[0, only_one], [only_other, 0]], exact=True).pvalue)
    assert mcnemar_p(only_one, only_other) == pytest.approx(theirs)
