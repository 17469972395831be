"""New images where each seed splits the images anew: the corrected resampled t interval."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from calibration.resampled import coverage_of_splits
from paribus.errors import ComparisonError
from paribus.stats.resampled import resampled_interval


def test_it_is_a_t_interval_whose_variance_has_the_share_of_the_test_images_added() -> None:
    d = np.array([0.01, 0.03, -0.02, 0.04, 0.02])
    found = resampled_interval(d, 0.25)
    error = stats.sem(d) * math.sqrt(1 + 5 * 0.25)
    assert (found.low, found.high) == pytest.approx(
        stats.t.interval(0.95, 4, loc=d.mean(), scale=error)
    )
    assert found.p == pytest.approx(2 * stats.t.sf(d.mean() / error, 4))


@given(st.lists(st.floats(-0.5, 0.5), min_size=2, max_size=30), st.floats(0.01, 2))
def test_it_never_ends_beyond_what_is_possible(d: list[float], ratio: float) -> None:
    found = resampled_interval(np.array(d), ratio)
    assert math.isnan(found.low) or -1 <= found.low <= found.high <= 1


def test_equal_differences_have_no_interval() -> None:
    assert math.isnan(resampled_interval(np.full(3, 0.25), 0.25).low)


@pytest.mark.parametrize(("d", "ratio"), [([0.1], 0.25), ([0.1, 0.2], 0.0)])
def test_one_seed_or_no_test_image_is_refused(d: list[float], ratio: float) -> None:
    with pytest.raises(ComparisonError, match="at least two seeds and test images"):
        resampled_interval(np.array(d), ratio)


def test_it_holds_the_truth_where_the_usual_interval_does_not() -> None:
    rng = np.random.default_rng(3)
    corrected, usual = coverage_of_splits(rng, images=100, seeds=10, share=0.2, repetitions=60)
    assert corrected > 0.9 > usual
