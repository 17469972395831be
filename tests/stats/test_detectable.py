"""What seeds can show: fixed numbers by formula, added seeds by simulation."""

import numpy as np
import pytest

from paribus.stats.anytime import anytime_p
from paribus.stats.detectable import (
    Design,
    chance_of_difference,
    chance_of_equivalence,
    fewest_by_ranks,
    smallest_difference,
)
from paribus.stats.multiplicity import nominal_level
from paribus.stats.paired import mean_test, signed_rank_test
from paribus.stats.power import power_of_difference
from paribus.stats.sample import equivalence_p

LOOKS = Design(12, 0.05, (5, 8, 12))
ONE_BY_ONE = Design(20, 0.05, None, True)


def test_the_smallest_difference_of_a_fixed_number_of_seeds_has_a_power_of_80_percent() -> None:
    for seeds, alpha in ((2, 0.05), (5, 0.025), (30, 0.01)):
        effect = smallest_difference(Design(seeds, alpha))
        assert effect is not None
        assert power_of_difference(seeds, effect, 1.0, alpha) == pytest.approx(0.8, abs=0.01)


def test_one_seed_shows_nothing() -> None:
    one = Design(1)
    assert smallest_difference(one) is None
    assert chance_of_difference(one, 50.0) == chance_of_equivalence(one, 50.0) == 0


@pytest.mark.parametrize("design", [LOOKS, ONE_BY_ONE])
def test_added_seeds_find_it_in_80_percent_of_other_simulated_studies(design: Design) -> None:
    effect = smallest_difference(design)
    assert effect is not None
    d = effect + np.random.default_rng(1).standard_normal((400, design.seeds))
    if design.looks:
        level = nominal_level(design.looks)
        p = np.stack([mean_test(d[:, :n], "two-sided") for n in design.looks])
        found = (p <= level).any(axis=0)
    else:
        found = np.array([anytime_p(row) <= 0.05 for row in d])
    assert found.mean() == pytest.approx(0.8, abs=0.06)  # 3 standard errors


def test_looks_find_equivalence_as_often_as_their_two_tests_do() -> None:
    assert LOOKS.looks is not None
    d = np.random.default_rng(2).standard_normal((1000, 12))
    level = nominal_level(LOOKS.looks)
    found = np.stack([equivalence_p(d[:, :n], 1.0) <= level for n in LOOKS.looks]).any(axis=0)
    assert chance_of_equivalence(LOOKS, 1.0) == pytest.approx(found.mean(), abs=0.05)


@pytest.mark.parametrize("design", [Design(12), LOOKS, ONE_BY_ONE])
def test_with_no_difference_at_most_five_percent_find_one(design: Design) -> None:
    assert chance_of_difference(design, 0.0) <= 0.05 + 0.015


@pytest.mark.parametrize("alpha", [0.05, 0.025, 0.005])
def test_the_fewest_seeds_of_ranks_are_those_of_the_smallest_p(alpha: float) -> None:
    least = fewest_by_ranks(Design(5, alpha))
    d = np.arange(1.0, least + 1)
    assert signed_rank_test(d, "two-sided") <= alpha < signed_rank_test(d[:-1], "two-sided")
    least = fewest_by_ranks(Design(5, alpha, one_by_one=True))
    signs = np.ones(least)
    assert anytime_p(signs, ranks=True) <= alpha < anytime_p(signs[:-1], ranks=True)
