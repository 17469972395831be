"""Holm's adjustment."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from oracles import statsmodels_holm
from paribus.stats.multiplicity import holm

p_values = arrays(np.float64, st.integers(1, 12), elements=st.floats(1e-6, 1))


@settings(deadline=None)
@given(p_values)
def test_it_is_statsmodels_holm(p: npt.NDArray[np.float64]) -> None:
    np.testing.assert_allclose(holm(p), statsmodels_holm(p))


@settings(deadline=None)
@given(p_values)
def test_no_p_becomes_smaller_and_their_order_stays(p: npt.NDArray[np.float64]) -> None:
    adjusted = holm(p)
    assert (adjusted >= p).all()
    assert (np.diff(adjusted[np.argsort(p)]) >= 0).all()


def test_a_comparison_without_p_stays_without_but_counts() -> None:
    adjusted = holm([0.01, np.nan])
    assert adjusted[0] == 0.02
    assert np.isnan(adjusted[1])


def test_families_in_rows_are_adjusted_each_by_itself() -> None:
    p = np.array([[0.01, 0.04, 0.03], [0.5, 0.001, 0.2]])
    np.testing.assert_array_equal(holm(p), [holm(p[0]), holm(p[1])])


def test_no_comparison_at_all_is_fine() -> None:
    assert holm([]).size == 0


def test_one_comparison_is_left_as_it_is() -> None:
    assert holm([0.03]) == pytest.approx(0.03)
