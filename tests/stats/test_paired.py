"""Differences over paired seeds: agreement with SciPy, laws, and the awkward cases."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from paribus.errors import ComparisonError
from paribus.stats import paired, student
from paribus.stats.intervals import Floats
from paribus.stream import stream

RNG = np.random.default_rng(20260101)

#: Differences of accuracies of 1,000 images: a grid, so ties and zeros occur.
accuracies = st.integers(2, 9).flatmap(
    lambda n: arrays(np.int64, n, elements=st.integers(-40, 40)).map(lambda k: k / 1000)
)


class TestPairs:
    def test_seeds_without_a_value_on_either_side_are_left_out_of_both(self) -> None:
        pairs = paired.complete_pairs([1, np.nan, 3, 4], [5, 6, np.nan, 8])
        assert pairs.baseline.tolist() == [1, 4]
        assert pairs.variation.tolist() == [5, 8]
        assert pairs.known.tolist() == [True, False, False, True]

    def test_settings_with_different_numbers_of_seeds_do_not_pair(self) -> None:
        with pytest.raises(ComparisonError, match=r"shapes \(2,\) and \(3"):
            paired.complete_pairs([1, 2], [1, 2, 3])

    def test_an_infinite_value_is_refused(self) -> None:
        with pytest.raises(ComparisonError, match="infinite"):
            paired.complete_pairs([1, np.inf], [1, 2])

    def test_differences_that_are_equal_on_paper_are_equal(self) -> None:
        baseline, variation = np.array([0.1, 0.5, 0.6]), np.array([0.11, 0.51, 0.61])
        assert np.ptp(variation - baseline) > 0  # as floating point has it
        assert paired.differences(baseline, variation).tolist() == [0.01, 0.01, 0.01]

    def test_small_real_differences_survive(self) -> None:
        assert paired.differences(np.array([1.0]), np.array([1.0 + 1e-9]))[0] == pytest.approx(1e-9)

    def test_correlation_is_pearsons(self) -> None:
        b, v = RNG.normal(size=(2, 12))
        expected = stats.pearsonr(b, v).statistic
        assert paired.correlation(paired.complete_pairs(b, v)) == pytest.approx(expected)

    def test_correlation_is_unknown_for_two_seeds_or_constant_values(self) -> None:
        assert paired.correlation(paired.complete_pairs([1, 2], [3, 5])) is None
        assert paired.correlation(paired.complete_pairs([1, 1, 1], [3, 5, 6])) is None


class TestMean:
    @pytest.mark.parametrize("n", [2, 3, 10, 30])
    def test_interval_and_p_are_scipys_paired_t_test(self, n: int) -> None:
        b, v = RNG.normal(0.5, 0.01, (2, n))
        ours = paired.t_interval(paired.differences(b, v))
        scipys = stats.ttest_rel(v, b)
        low, high = scipys.confidence_interval(0.95)
        assert [ours.low, ours.high, ours.p] == pytest.approx([low, high, scipys.pvalue], rel=1e-6)

    def test_log_ratio_is_the_t_test_on_logarithms(self) -> None:
        b, v = np.exp(RNG.normal(3, 0.1, (2, 8)))
        ours = paired.t_interval(paired.log_ratios(b, v))
        assert ours.p == pytest.approx(stats.ttest_rel(np.log(v), np.log(b)).pvalue, rel=1e-6)

    def test_a_ratio_to_nothing_is_refused(self) -> None:
        with pytest.raises(ComparisonError, match="0 or below"):
            paired.log_ratios(np.array([1.0, 0.0]), np.array([1.0, 2.0]))

    def test_one_seed_has_no_spread_to_test_by(self) -> None:
        with pytest.raises(ComparisonError, match="at least two paired seeds"):
            paired.t_interval(np.array([0.1]))

    def test_constant_differences_get_the_sign_flip_p_and_no_interval(self) -> None:
        result = paired.t_interval(np.full(6, 0.01))
        assert result.estimate == pytest.approx(0.01)
        assert np.isnan(result.low)
        assert np.isnan(result.high)
        assert result.p == 2 / 2**6

    def test_a_batch_gives_what_its_rows_give(self) -> None:
        d = RNG.normal(size=(4, 5))
        d[2] = 0.3
        batch = paired.t_interval(d)
        for row, p, low in zip(d, batch.p, batch.low, strict=True):
            alone = paired.t_interval(row)
            np.testing.assert_allclose([p, low], [alone.p, alone.low])

    @settings(deadline=None)
    @given(accuracies, st.floats(0.01, 100))
    def test_swapping_the_settings_mirrors_and_scaling_scales(
        self, d: Floats, scale: float
    ) -> None:
        assume(np.ptp(d) > 0)
        one, other = paired.t_interval(d), paired.t_interval(-scale * d)
        assert other.p == pytest.approx(one.p)
        np.testing.assert_allclose(
            [other.estimate, other.low, other.high],
            [-scale * one.estimate, -scale * one.high, -scale * one.low],
            atol=1e-12,
        )


class TestSignFlip:
    @pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
    @pytest.mark.parametrize("n", [2, 5, 9])
    def test_it_counts_every_flip_as_scipys_permutation_test_does(
        self, n: int, alternative: student.Alternative
    ) -> None:
        d = np.round(RNG.normal(0.3, 1, n), 1)
        scipys = stats.permutation_test(
            (d,), np.sum, permutation_type="samples", alternative=alternative, n_resamples=10**6
        )
        assert paired.sign_flip(d, alternative) == pytest.approx(scipys.pvalue)

    @settings(deadline=None)
    @given(accuracies)
    def test_it_counts_every_flip_as_a_loop_does(self, d: Floats) -> None:
        flips = np.array(np.meshgrid(*[[-1, 1]] * len(d))).reshape(len(d), -1).T
        sums = np.rint(flips @ d * 1000)
        assert paired.sign_flip(d) == np.mean(abs(sums) >= abs(np.rint(d.sum() * 1000)))

    @settings(deadline=None)
    @given(accuracies, st.randoms(use_true_random=False))
    def test_neither_signs_nor_order_nor_zeros_change_p(self, d: Floats, random: object) -> None:
        p = paired.sign_flip(d)
        assert 0 < p <= 1
        assert paired.sign_flip(-d) == p
        assert paired.sign_flip(np.flip(d)) == p
        assert paired.sign_flip(np.append(d, 0.0)) == p

    @settings(deadline=None)
    @given(accuracies)
    def test_one_sided_p_values_overlap_by_the_ties(self, d: Floats) -> None:
        both = paired.sign_flip(d, "greater") + paired.sign_flip(d, "less")
        assert both >= 1

    @pytest.mark.parametrize("n", [1, 5, 6, 20])
    def test_all_differences_on_one_side_give_the_smallest_p(self, n: int) -> None:
        d = RNG.uniform(1, 2, n)
        assert paired.sign_flip(d) == paired.smallest_sign_flip_p(n) == min(1, 2 / 2**n)

    def test_no_difference_at_all_gives_one(self) -> None:
        assert paired.sign_flip(np.zeros(5)) == 1

    def test_beyond_thirty_seeds_drawn_flips_come_close_to_all_flips(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        d = RNG.normal(0.3, 1, 24)
        exact = paired.sign_flip(d)
        monkeypatch.setattr(paired, "EXACT_SEEDS", 10)
        drawn = paired.sign_flip(d)
        assert drawn == paired.sign_flip(d)  # a fixed stream
        assert drawn == pytest.approx(exact, abs=4 * np.sqrt(exact / paired.FLIPS))
        assert drawn != exact

    @pytest.mark.parametrize("n", [31, 64, 300])
    def test_drawn_flips_are_counted_as_if_drawn_in_one_piece(self, n: int) -> None:
        d = RNG.normal(0.1, 1, n)
        flips = stream(0, "sign-flip", n).choice([-1, 1], size=(paired.FLIPS, n))
        reached = int((flips @ d >= d.sum()).sum())
        assert paired.sign_flip(d, "greater") == (reached + 1) / (paired.FLIPS + 1)

    def test_drawn_flips_never_give_zero(self) -> None:
        assert paired.sign_flip(np.ones(60)) == 1e-5 * 2


class TestRanks:
    @pytest.mark.parametrize("n", [5, 8, 12])
    def test_the_signed_rank_p_is_scipys_wilcoxon(self, n: int) -> None:
        d = RNG.normal(0.4, 1, n)
        assert paired.signed_rank_test(d) == pytest.approx(stats.wilcoxon(d, method="exact").pvalue)

    def test_with_ties_and_zeros_it_is_exact_too(self) -> None:
        d = np.array([0, 0, 1, 1, 1, -2, 3, 3, 5], float)
        scipys = stats.wilcoxon(
            d, zero_method="pratt", method=stats.PermutationMethod(n_resamples=10**6)
        )
        assert paired.signed_rank_test(d) == pytest.approx(scipys.pvalue)

    def test_the_estimate_is_the_median_of_pairwise_means(self) -> None:
        d = np.array([1.0, 2.0, 4.0, 10.0])
        means = [(a + b) / 2 for i, a in enumerate(d) for b in d[i:]]
        assert paired.hodges_lehmann(d).estimate == np.median(means)

    def test_the_interval_is_that_of_published_tables(self) -> None:
        # Critical values of the signed-rank sum, two-sided 5 %: n = 6: 0, 8: 3, 10: 8, 20: 52.
        for n, critical in [(6, 0), (8, 3), (10, 8), (20, 52)]:
            d = np.sort(RNG.normal(size=n))
            means = np.sort([(a + b) / 2 for i, a in enumerate(d) for b in d[i:]])
            result = paired.hodges_lehmann(d)
            assert result.low == pytest.approx(means[critical])
            assert result.high == pytest.approx(means[-1 - critical])
            assert 0.95 <= result.level < 0.97

    def test_too_few_seeds_for_95_percent_say_what_they_reach(self) -> None:
        result = paired.hodges_lehmann(np.array([1.0, 2.0, 3.0, 5.0, 9.0]))
        assert [float(result.low), float(result.high), result.level] == [1, 9, 1 - 2 / 2**5]

    @settings(max_examples=200, deadline=None)
    @given(arrays(np.int64, st.integers(6, 10), elements=st.integers(-6, 6)).map(np.float64))
    def test_an_interval_that_leaves_out_zero_goes_with_a_p_below_its_level(
        self, d: Floats
    ) -> None:
        result = paired.hodges_lehmann(d)
        if result.low > 0 or result.high < 0:
            assert result.p <= 0.05

    @settings(deadline=None)
    @given(accuracies, st.integers(-50, 50), st.integers(1, 9))
    def test_shifting_and_scaling_shift_and_scale_it(self, d: Floats, by: int, scale: int) -> None:
        one, other = paired.hodges_lehmann(d), paired.hodges_lehmann(scale * d + by)
        np.testing.assert_allclose(
            [other.estimate, other.low, other.high],
            np.array([one.estimate, one.low, one.high]) * scale + by,
            atol=1e-9,
        )


@settings(max_examples=40, deadline=None)
@given(arrays(np.float64, st.integers(1, 12), elements=st.integers(-3, 3).map(float)))
def test_equal_values_share_the_mean_of_their_ranks(values: Floats) -> None:
    np.testing.assert_array_equal(paired.mean_ranks(values), stats.rankdata(values))
