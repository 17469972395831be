"""Two one-sided tests and the verdict."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.weightstats import ttost_paired

from paribus.errors import ComparisonError
from paribus.stats.paired import hodges_lehmann, signed_rank_test, t_interval
from paribus.stats.sample import Verdict, equivalence_p, verdict

RNG = np.random.default_rng(20260103)


@pytest.mark.parametrize("n", [2, 5, 10, 30])
def test_it_is_statsmodels_paired_tost(n: int) -> None:
    b, v = RNG.normal(0, 1, (2, n))
    expected = ttost_paired(v, b, -0.8, 0.8)[0]
    assert float(equivalence_p(v - b, 0.8)) == pytest.approx(expected)


def test_it_goes_with_the_90_percent_interval() -> None:
    d = RNG.normal(0.2, 1, (500, 8))
    inside = np.abs([t_interval(d, 0.9).low, t_interval(d, 0.9).high]).max(axis=0) < 0.9
    assert 0.1 < inside.mean() < 0.9
    np.testing.assert_array_equal(equivalence_p(d, 0.9) <= 0.05, inside)


def test_by_ranks_it_goes_with_the_rank_interval() -> None:
    outcomes = []
    for d in RNG.normal(0.2, 1, (200, 10)):
        result = hodges_lehmann(d, 0.9)
        inside = max(abs(result.low), abs(result.high)) < 0.9
        assert (equivalence_p(d, 0.9, signed_rank_test) <= 0.05) == inside
        outcomes.append(inside)
    assert 0.1 < np.mean(outcomes) < 0.9


def test_no_difference_at_all_needs_five_seeds_to_be_equivalent() -> None:
    assert equivalence_p(np.zeros(4), 0.01) == 1 / 2**4
    assert equivalence_p(np.zeros(5), 0.01) == 1 / 2**5


def test_constant_differences_on_the_margin_are_not_inside_it() -> None:
    assert equivalence_p(np.full(8, 0.01), 0.01) == 1


@pytest.mark.parametrize("margin", [0.0, -0.01, np.nan])
def test_a_margin_that_is_none_is_refused(margin: float) -> None:
    with pytest.raises(ComparisonError, match="margin above 0"):
        equivalence_p(np.ones(5), margin)


@pytest.mark.parametrize(
    ("estimate", "p", "p_equivalence", "higher_is_better", "expected"),
    [
        (+0.02, 0.01, 0.9, True, "better"),
        (-0.02, 0.01, 0.9, True, "worse"),
        (+0.02, 0.01, 0.9, False, "worse"),
        (-0.02, 0.01, None, False, "better"),
        (+2.0, 0.01, None, None, "higher"),
        (-2.0, 0.01, None, None, "lower"),
        (+0.002, 0.01, 0.01, True, "equivalent"),  # found, but too small to matter
        (+0.002, 0.5, 0.01, True, "equivalent"),
        (+0.02, 0.06, 0.06, True, "undecided"),
        (0.0, 1.0, None, True, "undecided"),  # no margin, no equivalence
        (0.0, 0.01, None, None, "undecided"),  # a difference without a direction
    ],
)
def test_the_verdict(
    estimate: float,
    p: float,
    p_equivalence: float | None,
    higher_is_better: bool | None,
    expected: Verdict,
) -> None:
    assert verdict(estimate, p, p_equivalence, higher_is_better) == expected


@settings(deadline=None)
@given(st.floats(-1, 1), st.floats(0.001, 1), st.floats(0.001, 1))
def test_swapping_the_settings_swaps_better_and_worse(
    estimate: float, p: float, p_equivalence: float
) -> None:
    swapped = {"better": "worse", "worse": "better"}
    one = verdict(estimate, p, p_equivalence, True)
    if estimate != 0:
        assert verdict(-estimate, p, p_equivalence, True) == swapped.get(one, one)
