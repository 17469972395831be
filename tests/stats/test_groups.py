"""New seeds and new groups: a two-way clustered interval, with statsmodels as the oracle."""

from __future__ import annotations

import math

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.sandwich_covariance import cov_cluster_2groups

from paribus.errors import ComparisonError
from paribus.stats.groups import grouped_interval


def outcomes(seeds: int, groups: int, size: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    group = np.repeat(np.arange(groups), size)
    effects = 0.1 * rng.standard_normal((seeds, 1)) + 0.2 * rng.standard_normal(groups)[group]
    return np.sign(np.round(effects + 0.6 * rng.standard_normal((seeds, len(group))))), group


@pytest.mark.parametrize(("seeds", "groups"), [(4, 7), (12, 5), (8, 30)])
def test_the_variance_is_that_of_an_independent_library(seeds: int, groups: int) -> None:
    """Statsmodels has the three sums without corrections."""
    table, group = outcomes(seeds, groups, 6)
    ours = grouped_interval(table, group)
    rows = np.repeat(np.arange(seeds), len(group))
    fitted = sm.OLS(table.ravel(), np.ones(table.size)).fit()
    both, by_seed, by_group = cov_cluster_2groups(
        fitted, rows, np.tile(group, seeds), use_correction=False
    )
    a, b = seeds / (seeds - 1), groups / (groups - 1)
    seeds_part, groups_part = a * by_seed.item(), b * by_group.item()
    # It gives the sum of the three; that over cells is what is missing.
    cells = by_seed.item() + by_group.item() - both.item()
    variance = max(seeds_part + groups_part - a * b * cells, seeds_part, groups_part)
    half = stats.t.ppf(0.975, min(seeds, groups) - 1) * math.sqrt(variance)
    assert ours.estimate == pytest.approx(table.mean())
    assert (ours.low, ours.high) == pytest.approx((table.mean() - half, table.mean() + half))
    assert ours.df == pytest.approx(min(seeds, groups) - 1)
    assert ours.p == pytest.approx(2 * stats.t.sf(abs(table.mean()) / math.sqrt(variance), ours.df))


@given(st.integers(0, 10**6))
def test_names_and_order_of_groups_do_not_matter(seed: int) -> None:
    table, group = outcomes(5, 6, 4, seed)
    order = np.random.default_rng(seed).permutation(len(group))
    one, other = grouped_interval(table, group), grouped_interval(table[:, order], -group[order])
    assert (one.low, one.high) == pytest.approx((other.low, other.high), nan_ok=True)


def test_one_large_group_among_many_counts_for_more_than_its_number() -> None:
    table, group = outcomes(20, 12, 5)
    uneven = np.where(group < 6, 0, group)
    assert grouped_interval(table, uneven).df < np.unique(uneven).size - 1


def test_it_is_wider_than_that_for_independent_images_where_groups_are_alike() -> None:
    rng = np.random.default_rng(0)
    group = np.repeat(np.arange(20), 10)
    table = np.tile(rng.choice([-1.0, 0.0, 1.0], 20)[group], (6, 1))
    table[0, 0] = 0  # some spread over seeds
    alone = grouped_interval(table, np.arange(len(group)))
    together = grouped_interval(table, group)
    assert together.high - together.low > 2 * (alone.high - alone.low)


def test_equal_outcomes_have_no_interval() -> None:
    whole = grouped_interval(np.ones((3, 4)), [0, 0, 1, 1])
    assert whole.estimate == 1
    assert math.isnan(whole.low)


@pytest.mark.parametrize(
    ("table", "groups"),
    [(np.ones((1, 4)), [0, 0, 1, 1]), (np.ones((3, 4)), [0] * 4), (np.ones((3, 4)), [0, 1])],
)
def test_too_few_seeds_or_groups_are_refused(table: np.ndarray, groups: list[int]) -> None:
    with pytest.raises(ComparisonError, match="2 seeds x the images of 2 groups"):
        grouped_interval(table, groups)
