"""The level that each of several looks may use."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from paribus.errors import ComparisonError
from paribus.stats import multiplicity as looks

LOOKS = (5, 8, 12, 20)


def test_a_single_look_is_an_ordinary_test() -> None:
    assert looks.nominal_level([10]) == pytest.approx(0.05, abs=1e-4)


def test_with_many_seeds_it_is_pococks_table() -> None:
    """Pocock 1977, Table 1: two-sided 5 %, equally spaced looks."""
    published = {2: 0.0294, 4: 0.0182}
    for count, level in published.items():
        many = [100_000 * (k + 1) for k in range(count)]
        assert looks.nominal_level(many) == pytest.approx(level, abs=0.0002)


def test_for_the_default_looks_the_whole_errs_with_five_percent() -> None:
    """Against a plain simulation of seeds, which knows nothing of sums of squares."""
    d = np.random.default_rng(5).standard_normal((200_000, 20))
    level, wrong = looks.nominal_level(LOOKS), np.zeros(len(d), bool)
    for n in LOOKS:
        t = d[:, :n].mean(axis=1) / d[:, :n].std(axis=1, ddof=1) * np.sqrt(n)
        wrong |= np.abs(t) >= stats.t.ppf(1 - level / 2, n - 1)
    assert 0.0160 < level < 0.0168
    assert wrong.mean() == pytest.approx(0.05, abs=3 * np.sqrt(0.05 * 0.95 / len(d)))


def test_it_is_computed_once_and_the_same_ever_after() -> None:
    first = looks.nominal_level((4, 7))
    computed = looks.smallest_p.cache_info().misses
    assert looks.nominal_level([4, 7]) == first
    assert looks.smallest_p.cache_info().misses == computed
    looks.smallest_p.cache_clear()
    assert looks.nominal_level((4, 7)) == first


def test_the_sequential_p_reaches_alpha_where_p_reaches_the_level() -> None:
    for alpha in (0.05, 0.025, 0.005):
        level = looks.nominal_level(LOOKS, alpha)
        assert looks.overall_level(level, LOOKS) == pytest.approx(alpha, rel=0.01)


@settings(deadline=None)
@given(st.floats(1e-9, 1), st.floats(1e-9, 1))
def test_the_sequential_p_lies_between_p_and_bonferronis_and_grows(p: float, q: float) -> None:
    one, other = looks.overall_level(p, LOOKS), looks.overall_level(q, LOOKS)
    assert 0.97 * p <= one <= min(1, 4 * p)
    assert (one <= other) == (p <= q) or one == other


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ([], "expected looks"),
        ([2, 5], "first look at 3 seeds or more, got 2"),
        ([5, 5], r"increasing looks.*got \[5, 5\]"),
        ([8, 5], "increasing looks"),
    ],
)
def test_looks_that_cannot_be_used_are_refused_with_the_reason(
    asked: list[int], message: str
) -> None:
    with pytest.raises(ComparisonError, match=message):
        looks.nominal_level(asked)
    with pytest.raises(ValueError, match=message):  # it is a ValueError too
        looks.check_looks(asked)
