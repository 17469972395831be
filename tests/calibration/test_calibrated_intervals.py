"""Intervals hold a simulated truth as often as they say."""

from __future__ import annotations

import numpy as np
import pytest

from calibration.grouped import coverage_of_groups
from calibration.simulated_truth import (
    Law,
    coverage,
    coverage_of_new_images,
    coverage_of_wilson,
    coverage_over_looks,
)

SEEDS = [3, 5, 10, 30]


def rng() -> np.random.Generator:
    return np.random.default_rng(20260201)


@pytest.mark.parametrize("n", SEEDS)
def test_the_t_interval_holds_the_mean_of_normal_differences(n: int) -> None:
    assert coverage(rng(), "mean", "normal", n, 40_000) == pytest.approx(0.95, abs=0.004)


@pytest.mark.parametrize("n", SEEDS)
def test_where_both_settings_runs_are_skewed_it_is_on_the_safe_side(n: int) -> None:
    assert 0.946 < coverage(rng(), "mean", "skewed", n, 40_000) < 0.975


@pytest.mark.parametrize(("n", "reached"), [(3, 0.920), (5, 0.911), (10, 0.919), (30, 0.935)])
def test_where_the_differences_themselves_are_skewed_it_falls_short(n: int, reached: float) -> None:
    """The weakness that docs/statistics.md admits; if it changes, so must that page."""
    assert coverage(rng(), "mean", "lopsided", n, 40_000) == pytest.approx(reached, abs=0.005)


@pytest.mark.parametrize("law", ["normal", "skewed"])
@pytest.mark.parametrize(("n", "level"), [(3, 0.75), (5, 0.9375), (10, 0.951), (30, 0.95)])
def test_the_rank_interval_reaches_the_confidence_it_claims(n: int, level: float, law: Law) -> None:
    assert coverage(rng(), "ranks", law, n, 10_000) == pytest.approx(level, abs=0.009)


@pytest.mark.parametrize("seeds", [5, 10])
def test_the_interval_for_new_images_holds_the_truth_of_all_images(seeds: int) -> None:
    new_images, _, _ = coverage_of_new_images(rng(), seeds, 0.1, 0.3, "normal", 1000)
    assert 0.94 <= new_images <= 0.97


def test_with_three_seeds_it_is_mostly_the_one_for_new_seeds_and_holds_it_too() -> None:
    """Alone it fell short (93.7 % in 4,000 studies), and was narrower than that one."""
    new_images, _, widened = coverage_of_new_images(rng(), 3, 0.3, 0.3, "normal", 1000)
    assert 0.94 <= new_images <= 0.97
    assert widened > 0.8


def test_the_interval_for_new_seeds_does_not_and_does_not_claim_to() -> None:
    new_images, new_seeds, _ = coverage_of_new_images(rng(), 30, 0.0, 0.5, "normal", 400)
    assert new_images > 0.92
    assert new_seeds < 0.8


@pytest.mark.parametrize(("seeds", "groups"), [(5, 12), (10, 6)])
def test_the_interval_for_new_groups_holds_the_truth_however_large_they_are(
    seeds: int, groups: int
) -> None:
    spread = (0.02, 0.05, 0.0)
    assert coverage_of_groups(rng(), seeds, groups, spread, False, 150) > 0.93


def test_intervals_at_several_looks_hold_the_truth_all_together() -> None:
    assert coverage_over_looks(rng(), (5, 8, 12, 20), 40_000) == pytest.approx(0.95, abs=0.004)


@pytest.mark.parametrize(("p", "images"), [(0.46, 5000), (0.26, 500), (0.9, 500)])
def test_the_accuracy_interval_of_one_network_holds_its_accuracy(p: float, images: int) -> None:
    assert 0.94 < coverage_of_wilson(p, images) < 0.96
