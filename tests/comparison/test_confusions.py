"""Cells of two confusion matrices: tested on paired seeds, adjusted over all of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from oracles import statsmodels_holm
from paribus.comparison.confusions import compare_confusions
from paribus.errors import ComparisonError
from paribus.stats.intervals import Floats
from paribus.stats.joint import joint_sign_flip


def matrices(seed: int, n: int = 8, classes: int = 4) -> Floats:
    counts = np.random.default_rng(seed).poisson(20, (n, classes, classes))
    return counts.astype(float)


def test_each_cell_has_the_larger_of_two_adjusted_p_values() -> None:
    before, after = matrices(1), matrices(2)
    after[:, 1, 2] += 25
    result = compare_confusions(before, after)
    p = statsmodels_holm(stats.ttest_rel(after, before, axis=0).pvalue.ravel())
    flipped = joint_sign_flip((after - before).reshape(8, -1).T)
    np.testing.assert_allclose(result.p_adjusted.ravel(), np.maximum(p, flipped))
    assert p.reshape(4, 4)[1, 2] < 2 / 2**8 == result.p_adjusted[1, 2]
    np.testing.assert_allclose(result.mean, (after - before).mean(axis=0))
    assert result.n_seeds == 8 and not result.constant.any()


def test_a_planted_change_survives_and_nothing_else() -> None:
    before = matrices(1)
    after = before.copy()
    after[:, 2, 1] += 30 + np.arange(8) % 3
    survives = compare_confusions(before, after).survives
    assert survives[2, 1] and survives.sum() == 1


def test_small_counts_do_not_show_what_their_signs_do_not() -> None:
    """Differences of 1, 1, 1, 2, 0, 1 have a t test's p of 0.012, a sign-flip test's of 0.06."""
    before = np.full((6, 2, 2), 20.0)
    after = before.copy()
    after[:, 0, 1] += [1, 1, 1, 2, 0, 1]
    after[:, 0, 0] -= [1, 1, 1, 2, 0, 1]
    alone = statsmodels_holm(stats.ttest_rel(after, before, axis=0).pvalue[0])
    assert alone.max() < 0.05
    assert not compare_confusions(before, after).survives.any()


def test_a_cell_that_never_differs_is_constant_and_does_not_survive() -> None:
    before, after = matrices(1), matrices(2)
    after[:, 0, 0] = before[:, 0, 0]
    result = compare_confusions(before, after)
    assert result.constant[0, 0] and result.mean[0, 0] == 0
    assert result.p_adjusted[0, 0] == 1 and not result.survives[0, 0]


def test_a_constant_change_has_no_more_certainty_than_its_signs() -> None:
    before = matrices(1, n=5)
    after = before.copy()
    after[:, 0, 1] += 9
    result = compare_confusions(before, after)
    # Five equal signs have a sign-flip p of 1/16, which Holm multiplies by the 16 cells.
    assert result.constant[0, 1] and result.p_adjusted[0, 1] == pytest.approx(1.0)


def test_one_seed_is_not_tested() -> None:
    result = compare_confusions(matrices(1, n=1), matrices(2, n=1))
    assert np.isnan(result.p_adjusted).all() and not result.survives.any()


@given(st.integers(0, 10_000))
def test_turned_about_it_only_changes_its_sign(seed: int) -> None:
    before, after = matrices(seed, n=4, classes=3), matrices(seed + 1, n=4, classes=3)
    there, back = compare_confusions(before, after), compare_confusions(after, before)
    np.testing.assert_allclose(there.mean, -back.mean)
    np.testing.assert_allclose(there.p_adjusted, back.p_adjusted)


@pytest.mark.parametrize("shape", [(3, 4, 5), (4, 4), (2, 3, 3)])
def test_shapes_that_do_not_pair_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ComparisonError, match="of the same seeds and classes"):
        compare_confusions(np.zeros((3, 3, 3)), np.zeros(shape))
