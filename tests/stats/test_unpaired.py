"""Two groups of runs: agreement with SciPy and statsmodels, laws, and the awkward cases."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.power import TTestIndPower
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from paribus.errors import ComparisonError
from paribus.stats import unpaired, unpaired_ranks
from paribus.stats.crossed import crossed_difference
from paribus.stats.student import Alternative
from paribus.stats.unpaired_sample import UnpairedSample

RNG = np.random.default_rng(20261130)
B, V = RNG.normal(0, 1, 7), RNG.normal(0.6, 2, 9)
TIED_B, TIED_V = np.array([1.0, 2, 2, 3, 1, 2]), np.array([2.0, 3, 4, 3, 4])


class TestWelch:
    def test_interval_and_p_are_scipys(self) -> None:
        ours = unpaired.welch_interval(B, V)
        scipys = stats.ttest_ind(V, B, equal_var=False)
        low, high = scipys.confidence_interval()
        assert [ours.low, ours.high, ours.p] == pytest.approx([low, high, scipys.pvalue])

    @pytest.mark.parametrize("alternative", ["greater", "less"])
    def test_one_side_from_a_bound_is_scipys(self, alternative: Alternative) -> None:
        expected = stats.ttest_ind(V - 0.3, B, equal_var=False, alternative=alternative).pvalue
        assert unpaired.welch_test(B, V, alternative, 0.3) == pytest.approx(expected)

    def test_equivalence_is_statsmodels(self) -> None:
        both = CompareMeans(DescrStatsW(V), DescrStatsW(B))
        expected, *_ = both.ttost_ind(-2.0, 2.0, usevar="unequal")
        assert unpaired.welch_equivalence_p(B, V, 2.0) == pytest.approx(expected)

    def test_permutations_are_counted_as_scipy_counts_them(self) -> None:
        def t(v: np.ndarray, b: np.ndarray) -> float:
            return float(abs(stats.ttest_ind(v, b, equal_var=False).statistic))

        counted = stats.permutation_test((V[:4], B[:5]), t, alternative="greater")
        assert unpaired.permuted_welch(B[:5], V[:4]) == pytest.approx(counted.pvalue)

    def test_with_many_runs_divisions_are_drawn(self) -> None:
        b, v = RNG.normal(0, 1, (2, 14))
        p = unpaired.permuted_welch(b, v)
        assert p == unpaired.permuted_welch(b, v)
        assert p == pytest.approx(unpaired.welch_test(b, v), abs=0.02)

    def test_groups_without_a_spread_are_told_apart_by_permutation(self) -> None:
        b, v = np.full(4, 0.1), np.full(4, 0.2)
        estimate = unpaired.welch_interval(b, v)
        assert np.isnan(estimate.low)
        assert estimate.p == pytest.approx(2 / math.comb(8, 4))
        assert unpaired.welch_test(b, b) == 1.0

    def test_one_run_of_each_is_refused(self) -> None:
        with pytest.raises(ComparisonError, match="two runs of each, got 1 and 9"):
            unpaired.welch_test(B[:1], V)

    def test_power_with_equal_spreads_is_statsmodels(self) -> None:
        expected = TTestIndPower().power(0.7, 20, 0.05)
        assert unpaired.power_of_welch(20, 0.7, (1, 1), None) == pytest.approx(expected, abs=1e-4)

    def test_the_runs_needed_are_the_first_with_enough_power(self) -> None:
        needed = unpaired.runs_needed(1.0, (1, 2))
        assert needed is not None
        assert needed.seeds is not None
        powers = [unpaired.power_of_welch(needed.seeds + k, 1.0, (1, 2), None) for k in (-1, 0)]
        assert powers[0] < 0.8 <= powers[1] == needed.power

    def test_without_a_spread_no_number_is_needed(self) -> None:
        assert unpaired.runs_needed(1.0, (0, 0)) is None


class TestRanks:
    @pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
    def test_p_is_scipys_exact_one(self, alternative: Alternative) -> None:
        expected = stats.mannwhitneyu(V, B, alternative=alternative, method="exact").pvalue
        assert unpaired_ranks.rank_sum_test(B, V, alternative) == pytest.approx(expected)

    def test_ties_are_counted_exactly(self) -> None:
        def ranks(v: np.ndarray, b: np.ndarray) -> float:
            return float(stats.rankdata(np.r_[v, b])[: len(v)].sum())

        counted = stats.permutation_test((TIED_V, TIED_B), ranks, alternative="greater")
        p = unpaired_ranks.rank_sum_test(TIED_B, TIED_V, "greater")
        assert p == pytest.approx(counted.pvalue)

    def test_the_shift_is_the_median_difference_and_its_interval_agrees_with_the_test(self) -> None:
        found = unpaired_ranks.shift(B, V)
        assert found.estimate == pytest.approx(np.median(V[:, None] - B))
        for end, outward in ((found.low, -1e-6), (found.high, 1e-6)):
            outside = unpaired_ranks.rank_sum_test(B, V, null=float(end) + outward)
            inside = unpaired_ranks.rank_sum_test(B, V, null=float(end) - outward)
            assert outside <= 1 - found.level + 1e-9 < inside

    def test_three_runs_each_reach_ninety_per_cent(self) -> None:
        assert unpaired_ranks.shift(B[:3], V[:3]).level == pytest.approx(0.9)

    def test_outperforming_is_tested_as_brunner_and_munzel_do(self) -> None:
        theirs = stats.brunnermunzel(B, V).pvalue
        interval = unpaired_ranks.outperforming(B, V, 1 - theirs)
        assert interval.estimate == pytest.approx(stats.mannwhitneyu(V, B).statistic / 63)
        end = interval.low if interval.estimate > 0.5 else interval.high
        assert end == pytest.approx(0.5)

    def test_of_runs_that_all_win_as_many_as_there_are_pairs_count(self) -> None:
        interval = unpaired_ranks.outperforming(B, V + 100)
        assert (interval.estimate, interval.high) == (1.0, 1.0)
        assert interval.low == pytest.approx(stats.binomtest(7, 7).proportion_ci().low)


def test_new_images_with_equal_groups_of_independent_seeds_are_those_of_a_long_formula() -> None:
    images = RNG.normal(size=(2, 40))
    b, v = (
        of + RNG.normal(size=(n, 1)) + RNG.normal(size=(n, 40)) > 0
        for of, n in zip(images, (4, 6), strict=True)
    )
    found = crossed_difference(b, v)
    assert not found.truncated
    variance = 0.0
    for table in (b, v):
        s, m = table.shape
        x = table - table.mean()
        rest = x - x.mean(axis=0) - x.mean(axis=1)[:, None]
        variance += table.mean(axis=1).var(ddof=1) / s
        variance -= (rest**2).sum() / ((s - 1) * (m - 1)) / (s * m)
    variance += (v.mean(axis=0) - b.mean(axis=0)).var(ddof=1) / 40
    half = stats.t.ppf(0.975, found.df) * math.sqrt(variance)
    assert found.estimate == pytest.approx(v.mean() - b.mean())
    assert [found.low, found.high] == pytest.approx([found.estimate - half, found.estimate + half])


def test_a_sample_of_groups_answers_as_its_tests_do() -> None:
    sample = UnpairedSample(np.zeros(0), b=B, v=V)
    assert sample.n == 7
    assert sample.p_above(0.0) == unpaired.welch_test(B, V, "greater")
    assert sample.p_between(-2, 2) == unpaired.welch_equivalence_p(B, V, 2.0)
    assert sample.interval().low == float(unpaired.welch_interval(B, V).low)
    ranks = UnpairedSample(np.zeros(0), ranks=True, b=B, v=V)
    assert ranks.p_below(0.5) == unpaired_ranks.rank_sum_test(B, V, "less", 0.5)
