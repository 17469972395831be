"""All pairs of settings at once, by the largest t under flips of whole seeds."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from scipy import stats

from paribus.errors import ComparisonError
from paribus.stats.intervals import Floats
from paribus.stats.paired import sign_flip
from paribus.stats.pairs import simultaneous

RNG = np.random.default_rng(20261201)


def pairs_of(runs: Floats) -> Floats:
    both = combinations(range(runs.shape[1]), 2)
    return np.stack([runs[:, i] - runs[:, j] for i, j in both], axis=1)


D = pairs_of(RNG.normal([0, 0, 0.4, 1.5], 1, (7, 4)))


def flipped(d: Floats) -> Floats:
    every = [np.array(signs)[:, None] * d for signs in product((1, -1), repeat=len(d))]
    return np.array([np.abs(stats.ttest_1samp(each, 0).statistic) for each in every])


@pytest.mark.parametrize("seed", range(4))
def test_p_steps_down_through_the_pairs(seed: int) -> None:
    d = pairs_of(np.random.default_rng(seed).normal([0, 0, 1, 1], 1, (5, 4)))
    t, of = flipped(d), np.abs(stats.ttest_1samp(d, 0).statistic)
    order, before, expected = np.argsort(-of), 0.0, np.empty(len(of))
    for place, pair in enumerate(order):
        left = order[place:]
        before = max(before, float((t[:, left].max(axis=1) >= of[pair] - 1e-9).mean()))
        expected[pair] = before
    assert simultaneous(d).p == pytest.approx(expected)


def test_intervals_reach_to_the_quantile_of_the_largest_t() -> None:
    largest = np.sort(flipped(D - D.mean(axis=0)).max(axis=1))
    c = largest[int(np.ceil(0.95 * len(largest))) - 1]
    found = simultaneous(D)
    half = c * D.std(axis=0, ddof=1) / np.sqrt(7)
    np.testing.assert_allclose(found.high - found.estimate, half)


def test_of_one_pair_p_is_the_sign_flip_test_of_its_mean() -> None:
    d = RNG.normal(0.5, 1, 9)
    assert simultaneous(d[:, None]).p[0] == pytest.approx(sign_flip(d))


def test_five_seeds_bound_nothing_and_six_do() -> None:
    assert np.isnan(simultaneous(D[:5]).low).all()
    assert np.isfinite(simultaneous(D[:6]).low).all()


def test_pairs_that_are_all_the_same_have_no_interval() -> None:
    d = np.column_stack([np.full(8, 0.1), np.zeros(8), RNG.normal(size=8)])
    found = simultaneous(d)
    assert np.isnan(found.low[:2]).all()
    assert found.p[0] == pytest.approx(2 / 2**8)
    assert found.p[1] == 1.0


def test_beyond_twelve_seeds_flips_are_drawn_with_the_observed_one() -> None:
    d = pairs_of(RNG.normal([0, 0, 5], 1, (20, 3)))
    assert simultaneous(d).p.min() == pytest.approx(1 / 4096)


def test_one_seed_is_refused() -> None:
    with pytest.raises(ComparisonError, match="seeds >= 2"):
        simultaneous(D[:1])
