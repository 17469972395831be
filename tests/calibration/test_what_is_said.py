"""What is said beyond a verdict is right as often as it claims."""

from __future__ import annotations

import numpy as np
import pytest

from calibration.what_is_said import (
    Expect,
    claimed,
    crashing,
    is_true,
    least_coverage_of_odds,
    other_metric,
    power_at_half_width,
    predicted,
    told,
)

ACCEPTED = 0.055


def rng() -> np.random.Generator:
    return np.random.default_rng(20261129)


@pytest.mark.parametrize(
    ("expect", "difference"),
    [
        ("better", 0.7),  # true, and smaller than the margin of 1
        ("better", 0.0),
        ("better by 1", 1.0),
        ("not worse", -1.0),
        ("equivalent", 1.0),
    ],
)
def test_a_claim_is_rarely_refuted_if_true_and_rarely_supported_if_false(
    expect: Expect, difference: float
) -> None:
    supported, refuted = claimed(rng(), expect, difference, 10, 100)
    wrong = refuted if is_true(expect, difference) else supported
    assert wrong <= 0.12  # 5 %, and three standard errors


def test_not_worse_is_shown_where_equivalence_is_not() -> None:
    supported, _ = claimed(rng(), "not worse", 0.7, 10, 50)
    equivalent, _ = claimed(rng(), "equivalent", 0.7, 10, 50)
    assert supported > 0.9 > 0.4 > equivalent


def test_new_seeds_lie_in_the_prediction_not_in_the_interval_of_the_mean() -> None:
    one, many, in_mean, by_rank = predicted(rng(), "normal", 10, 600)
    assert [one, many] == pytest.approx([0.95, 0.95], abs=0.025)
    assert in_mean == pytest.approx(0.86, abs=0.045)
    assert by_rank == pytest.approx(9 / 11, abs=0.045)


def test_ties_never_make_the_odds_cover_less_than_without() -> None:
    assert least_coverage_of_odds(8, ties=True, grid=21) >= 0.95


def test_a_variation_that_diverges_is_not_called_better_unless_no_run_failed() -> None:
    finished, verdict, unseen = crashing(rng(), 20, 0.1, 1.0, 40)
    assert finished > 0.85
    assert verdict <= unseen < 0.3


def test_a_note_tells_of_odd_differences_where_seeds_show_them() -> None:
    odd, false, unnoted, by_verdict = told(rng(), "crashing", 30, 300)
    assert odd > 0.9
    assert false > 0.06
    assert by_verdict < false and unnoted < false


def test_another_metric_in_a_study_with_looks_needs_the_overall_level() -> None:
    alone, overall = other_metric(rng(), 0.99, 0.0, 3_000)
    assert alone > 0.06
    assert overall <= ACCEPTED


@pytest.mark.parametrize("effect", [0.5, 1.0])
def test_half_an_interval_as_wide_as_a_difference_promises_no_verdict(effect: float) -> None:
    assert 0.5 < power_at_half_width(effect)[1] < 0.62
