"""One comparison, and those of a study together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from alone import compare_metric
from paribus.comparison.compare import Comparison
from paribus.comparison.judging import adjusted
from paribus.errors import ComparisonError
from paribus.metrics.registry import METRICS, class_metric
from paribus.narrative.comparisons import ONE_SEED, notes
from paribus.stats.multiplicity import overall_level
from paribus.stats.paired import signed_rank_test

ACCURACY, TIME, EPOCH = (METRICS[n] for n in ("test_accuracy", "train_cpu_seconds", "best_epoch"))
RNG = np.random.default_rng(20260106)
BASE = RNG.normal(0.5, 0.01, 10)
NOISE = RNG.normal(0, 0.004, 10)
NOISE = (NOISE - NOISE.mean()) / NOISE.std(ddof=1) * 0.004
Values = npt.NDArray[np.float64]


def shifted(mean: float, sd: float) -> Values:
    """Ten differences with exactly this mean and standard deviation, added to the baseline."""
    return BASE + mean + NOISE * sd / 0.004


class TestNumbers:
    def test_a_mean_difference_is_the_paired_t_test(self) -> None:
        c = compare_metric("bn", BASE, BASE + 0.02 + NOISE, ACCURACY)
        expected = stats.ttest_1samp(0.02 + NOISE, 0)
        low, high = expected.confidence_interval()
        assert [c.estimate, c.low, c.high, c.p] == pytest.approx(
            [np.mean(0.02 + NOISE), low, high, expected.pvalue]
        )
        assert (c.variation, c.n_seeds, c.missing, c.verdict) == ("bn", 10, 0, "better")
        assert c.correlation is not None
        assert 0 < c.correlation < 1

    def test_accuracies_differ_by_no_more_than_one(self) -> None:
        before, after = np.array([0.1, 0.1, 0.2]), np.array([0.9, 0.2, 0.9])
        c = compare_metric("bn", before, after, ACCURACY)
        assert c.estimate is not None and c.low is not None
        assert (c.low < 0, c.high) == (True, 1.0)
        assert compare_metric("bn", after, before, ACCURACY).low == -1.0
        loss = compare_metric("bn", before, after, METRICS["test_loss"])
        assert loss.high is not None and loss.high > 1

    def test_a_ratio_is_shown_as_a_ratio(self) -> None:
        factor = np.exp(0.1 + NOISE)
        c = compare_metric("bn", BASE, BASE * factor, TIME)
        low, high = stats.ttest_1samp(np.log(factor), 0).confidence_interval()
        assert [c.estimate, c.low, c.high] == pytest.approx(
            [np.exp(float(x)) for x in (np.mean(0.1 + NOISE), low, high)]
        )
        assert c.verdict == "worse"  # longer

    def test_epochs_are_compared_by_ranks(self) -> None:
        before, after = np.arange(10.0) + 15, np.array([9, 8, 9, 10, 8, 9, 11, 10, 12, 9.0])
        c = compare_metric("bn", before, after, EPOCH)
        assert c.estimate == -10
        assert c.p == signed_rank_test(after - before)
        assert c.verdict == "lower"  # which is neither better nor worse
        assert c.level == pytest.approx(0.951, abs=0.001)

    @settings(max_examples=40, deadline=None)
    @given(arrays(np.float64, st.integers(2, 8), elements=st.integers(-30, 30).map(float)))
    def test_every_p_is_above_zero_and_at_most_one(self, d: Values) -> None:
        for metric in (ACCURACY, EPOCH):
            c = compare_metric("x", np.zeros(len(d)), d / 1000, metric)
            for p in (c.p, c.p_adjusted, c.p_sign_flip):
                assert p is not None
                assert 0 < p <= 1

    @settings(max_examples=40, deadline=None)
    @given(arrays(np.float64, st.integers(2, 8), elements=st.integers(-30, 30).map(float)))
    def test_the_order_of_the_seeds_does_not_matter(self, d: Values) -> None:
        one, other = (
            compare_metric("x", np.zeros(len(d)), row / 1000, ACCURACY) for row in (d, d[::-1])
        )
        assert one.verdict == other.verdict
        assert one.p == pytest.approx(other.p)


class TestWhatMustBeSaid:
    def test_one_seed_has_a_difference_and_no_verdict(self) -> None:
        c = compare_metric("bn", [0.5], [0.6], ACCURACY)
        assert c.estimate == pytest.approx(0.1)
        assert (c.low, c.p, c.verdict, c.seeds_needed) == (None, None, "undecided", None)
        assert notes(c) == (ONE_SEED,)

    def test_no_seed_at_all_has_nothing(self) -> None:
        c = compare_metric("bn", [0.5, np.nan], [np.nan, 0.6], ACCURACY)
        assert (c.estimate, c.verdict, c.n_seeds, c.missing) == (None, "undecided", 0, 2)
        assert notes(c) == (
            "2 seeds excluded because a value is missing.",
            "No seed has a value for both settings.",
        )

    def test_too_few_seeds_for_the_sign_flip_test_are_said(self) -> None:
        five = compare_metric("bn", BASE[:5], BASE[:5] + NOISE[:5], ACCURACY)
        six = compare_metric("bn", BASE[:6], BASE[:6] + NOISE[:6], ACCURACY)
        assert any("can't fall below 0.0625" in note for note in notes(five))
        assert notes(six) == ()

    def test_too_few_seeds_for_a_rank_interval_are_said(self) -> None:
        c = compare_metric("bn", [1, 2, 3, 4, 5], [2, 4, 7, 9, 1], EPOCH)
        assert any("confidence is 93.8 %, not 95 %" in note for note in notes(c))

    def test_a_variation_that_changes_nothing_is_equivalent_and_exactly_zero(self) -> None:
        c = compare_metric("aa", BASE, BASE, ACCURACY)
        assert (c.estimate, c.low, c.p, c.verdict) == (0, None, 1, "equivalent")
        assert notes(c) == ("All 10 differences are exactly 0.",)

    def test_with_too_few_seeds_it_is_undecided(self) -> None:
        c = compare_metric("aa", BASE[:3], BASE[:3], ACCURACY)
        assert c.verdict == "undecided"
        assert str(c.seeds_needed) == "5"

    def test_a_constant_difference_is_said_and_has_no_interval(self) -> None:
        c = compare_metric("bn", BASE, BASE + 0.05, ACCURACY)
        assert (c.low, c.high, c.p, c.verdict) == (None, None, 2 / 2**10, "better")
        assert any("their spread is unknown" in note for note in notes(c))

    def test_censored_epochs_are_said(self) -> None:
        flags = np.array([True, False, False]), np.array([True, True, False])
        c = compare_metric("bn", [9, 5, 6], [9, 9, np.nan], EPOCH, censored=flags)
        assert any(note.startswith("1 of the baseline's 2 values and 2 of") for note in notes(c))

    def test_a_difference_too_small_to_matter_is_equivalent_and_said(self) -> None:
        c = compare_metric("bn", BASE, BASE + 0.003 + NOISE / 4, ACCURACY)
        assert c.verdict == "equivalent"
        assert any("smaller than the margin" in note for note in notes(c))

    def test_a_difference_that_may_be_too_small_to_matter_is_said(self) -> None:
        c = compare_metric("bn", BASE, BASE + 0.011 + NOISE, ACCURACY)
        assert c.verdict == "better"
        assert any("may be smaller than the margin" in note for note in notes(c))

    def test_the_undecided_say_how_many_seeds_would_decide(self) -> None:
        c = compare_metric("bn", BASE, shifted(0.0, 0.02), ACCURACY)
        assert c.verdict == "undecided"
        assert c.seeds_needed is not None
        assert c.seeds_needed.seeds is None or c.seeds_needed.seeds > 10

    def test_values_that_cannot_be_compared_are_refused(self) -> None:
        with pytest.raises(ComparisonError, match="0 or below"):
            compare_metric("bn", [1.0, 0.0], [1.0, 1.0], TIME)


class TestAdjustment:
    def comparison(self, shift: float, name: str = "x", metric: str = "") -> Comparison:
        chosen = class_metric("recall", metric) if metric else ACCURACY
        return compare_metric(name, BASE, shifted(shift, 0.004), chosen)

    def test_variations_on_one_metric_are_a_family(self) -> None:
        one, two = adjusted([self.comparison(0.003), self.comparison(0.02)])
        assert one.p_adjusted == one.p
        assert two.p is not None
        assert two.p_adjusted == pytest.approx(2 * two.p)

    def test_recalls_are_a_family_over_classes_and_variations_apart_from_accuracy(self) -> None:
        recalls = [self.comparison(0.003, v, c) for v in "xy" for c in ("cat", "dog")]
        all_of_them = adjusted([*recalls, self.comparison(0.02)])
        assert all_of_them[0].p is not None
        assert all_of_them[0].p_adjusted == pytest.approx(4 * all_of_them[0].p)
        assert all_of_them[4].p_adjusted == all_of_them[4].p

    def test_what_is_found_alone_may_be_undecided_among_many_and_says_so(self) -> None:
        alone = compare_metric("x", BASE, shifted(0.0089, 0.01), ACCURACY)
        among = adjusted([alone] * 10)[0]
        assert (alone.verdict, among.verdict) == ("better", "undecided")
        assert any("comparisons made together" in note for note in notes(among))
        assert among.low == alone.low  # intervals are each comparison's own

    def test_among_more_variations_more_seeds_are_needed(self) -> None:
        alone = compare_metric("x", BASE, shifted(0.006, 0.01), ACCURACY)
        among = adjusted([alone] * 10)[0]
        assert alone.seeds_needed is not None
        assert among.seeds_needed is not None
        assert alone.seeds_needed.seeds is not None
        assert among.seeds_needed.seeds is not None
        assert among.seeds_needed.seeds > alone.seeds_needed.seeds

    def test_equivalence_is_adjusted_too(self) -> None:
        alone = compare_metric("x", BASE, shifted(0.0, 0.012), ACCURACY)
        among = adjusted([alone] * 10)[0]
        assert alone.p_equivalence is not None
        assert among.p_equivalence_adjusted == pytest.approx(min(1, 10 * alone.p_equivalence))
        assert (alone.verdict, among.verdict) == ("equivalent", "undecided")

    def test_a_variation_without_p_counts_in_the_family(self) -> None:
        nothing = compare_metric("y", [0.5], [0.6], ACCURACY)
        result = adjusted([self.comparison(0.003), nothing])
        assert result[0].p is not None
        assert result[0].p_adjusted == pytest.approx(2 * result[0].p)
        assert result[1].p_adjusted is None

    def test_with_looks_p_is_that_of_the_whole_series(self) -> None:
        c = adjusted([self.comparison(0.003)], looks=(5, 10))[0]
        assert c.p is not None
        assert c.p_adjusted == overall_level(c.p, (5, 10))

    def test_adjusting_again_changes_nothing(self) -> None:
        once = adjusted([self.comparison(s) for s in (0.0, 0.003, 0.02)])
        assert adjusted(once) == once

    def test_a_metric_without_a_margin_is_never_equivalent(self) -> None:
        unbounded = replace(ACCURACY, margin=None)
        c = compare_metric("aa", BASE, BASE, unbounded)
        assert (c.verdict, c.seeds_needed) == ("undecided", None)
