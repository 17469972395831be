"""Metrics of the course of a training."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.isotonic import IsotonicRegression

from paribus.metrics.dynamics import (
    Epoch,
    best_epoch,
    epochs_to_loss,
    generalization_gap,
    roughness,
)

curves = arrays(np.float64, st.integers(3, 20), elements=st.integers(0, 60).map(float))
Curve = npt.NDArray[np.float64]


def test_overfitting_starts_after_the_epoch_of_lowest_validation_loss() -> None:
    result = best_epoch(np.array([2.0, 1.5, 1.2, 1.4, 1.3]))
    assert result == Epoch(3, censored=False)


def test_where_epochs_tie_it_is_the_first() -> None:
    assert best_epoch(np.array([2.0, 1.0, 1.0, 1.5])).value == 2


def test_a_loss_that_still_falls_at_the_end_gives_a_least_epoch() -> None:
    result = best_epoch(np.array([2.0, 1.5, 1.2]))
    assert result == Epoch(3, censored=True)


def test_a_training_loss_is_reached_at_the_first_epoch_at_or_below_it() -> None:
    assert epochs_to_loss(np.array([2.0, 1.0, 1.1, 0.5]), 1.0) == Epoch(2, censored=False)


def test_a_training_loss_never_reached_takes_one_more_epoch_at_least() -> None:
    assert epochs_to_loss(np.array([2.0, 1.0]), 0.5) == Epoch(3, censored=True)


def test_a_curve_that_only_falls_is_not_rough_however_fast_it_falls() -> None:
    assert roughness(np.array([9.0, 3.0, 2.9, 1.0])) == 0
    assert roughness(np.exp(-np.arange(30.0))) == pytest.approx(0, abs=1e-12)


def test_a_rise_counts_as_its_distance_from_the_nearest_falling_curve() -> None:
    # 3, 5 becomes 4, 4: two epochs off by 1 of 4, on a fall of 10.
    assert roughness(np.array([10.0, 3.0, 5.0, 0.0])) == pytest.approx(np.sqrt(2 / 4) / 10)


def test_what_comes_after_overfitting_starts_does_not_count() -> None:
    until = np.array([10.0, 3.0, 5.0, 0.0])
    assert roughness(np.append(until, [7.0, 1.0, 9.0])) == roughness(until)


def test_a_curve_with_more_noise_is_rougher() -> None:
    rng = np.random.default_rng(1)
    fall, noise = np.linspace(2, 1, 40), rng.standard_normal(40)
    quiet, loud = (roughness(fall + size * noise) for size in (0.03, 0.1))
    assert 0 < 2 * quiet < loud


@pytest.mark.parametrize("curve", [[1.0], [2.0, 1.0], [1.0, 2.0, 3.0, 4.0], [2.0, 1.0, 3.0]])
def test_fewer_than_three_epochs_before_overfitting_have_no_roughness(curve: list[float]) -> None:
    assert np.isnan(roughness(np.array(curve)))


@settings(deadline=None)
@given(curves, st.integers(1, 9), st.integers(-9, 9))
def test_units_and_shifts_of_the_loss_do_not_change_roughness(
    curve: Curve, scale: int, shift: int
) -> None:
    np.testing.assert_allclose(roughness(scale * curve + shift), roughness(curve), atol=1e-9)


@settings(deadline=None)
@given(curves)
def test_roughness_is_the_residual_of_scikit_learns_isotonic_fit(curve: Curve) -> None:
    until = curve[: np.argmin(curve) + 1]
    if len(until) >= 3:
        at = np.arange(len(until))
        fit = IsotonicRegression(increasing=False).fit_transform(at, until)
        expected = np.sqrt(np.mean((until - fit) ** 2)) / (until[0] - until[-1])
        assert roughness(curve) == pytest.approx(expected, abs=1e-9)


def test_the_gap_is_taken_after_the_last_epoch() -> None:
    assert generalization_gap(np.array([2.0, 0.5]), np.array([2.0, 1.75])) == 1.25
