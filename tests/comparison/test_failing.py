"""Failed runs are an outcome: counted, tested, and able to take a verdict back."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar

from alone import compare_metric
from paribus.comparison.compare import Comparison
from paribus.comparison.failing import failed_differences, failing, worst_value
from paribus.comparison.sequential import follow_looks
from paribus.comparison.values import SettingValues, Values
from paribus.metrics.registry import METRICS, class_metric
from paribus.narrative.comparisons import notes, told
from paribus.stats.paired import signed_rank_test

ACCURACY, LOSS, EPOCH = (METRICS[n] for n in ("test_accuracy", "test_loss", "best_epoch"))
RNG = np.random.default_rng(20261129)
BASE = RNG.normal(0.9, 0.01, 12)
NOISE = RNG.normal(0, 0.004, 12)
Flags = npt.NDArray[np.bool_]
NONE = np.zeros(12, bool)


def flags(*seeds: int) -> Flags:
    return np.isin(np.arange(12), seeds)


def compared(gain: float, baseline: Flags, variation: Flags, **more: object) -> Comparison:
    """A variation that gains so much, where these runs failed."""
    before = np.where(baseline, np.nan, BASE)
    after = np.where(variation, np.nan, BASE + gain + NOISE)
    c = compare_metric("x", before, after, ACCURACY, failed=(baseline, variation), worst=0.1)
    return replace(c, **more) if more else c  # type: ignore[arg-type]


class TestVerdicts:
    def test_a_variation_that_gains_a_point_and_diverges_in_one_seed_is_not_better(self) -> None:
        alone = compared(0.01, NONE, NONE)
        assert (alone.verdict, alone.overruled, alone.counted) == ("better", None, None)
        c = compared(0.01, NONE, flags(4))
        assert (c.verdict, c.overruled, c.seeds_needed) == ("undecided", "better", None)
        assert (c.p is not None and c.p < 0.001) and c.n_seeds == 11

    def test_its_p_counts_the_failed_run_at_chance(self) -> None:
        c = compared(0.01, NONE, flags(4))
        d = np.append(np.delete(0.01 + NOISE, 4), 0.1 - BASE[4])
        assert c.counted is not None
        p = stats.ttest_1samp(d, 0, alternative="greater").pvalue
        less = stats.ttest_1samp(np.delete(d, 11), 0, alternative="less").pvalue
        assert c.counted.p.difference == pytest.approx(min(1, 2 * min(p, less)))

    def test_the_robust_verdict_is_taken_back_with_it(self) -> None:
        gains = 0.01 + np.append(np.abs(NOISE[:11]) / 10, 0.02)
        assert compare_metric("x", BASE, BASE + gains, ACCURACY).shape == "lopsided"
        lost = flags(4)
        after = np.where(lost, np.nan, BASE + gains)
        c = compare_metric("x", BASE, after, ACCURACY, failed=(NONE, lost), worst=0.1)
        assert c.shape == "lopsided" and c.robust is not None
        assert (c.overruled, c.verdict, c.robust.verdict) == ("better", "undecided", "undecided")

    def test_failures_of_the_worse_setting_leave_it_worse(self) -> None:
        c = compared(-0.02, NONE, flags(4, 5))
        assert (c.verdict, c.overruled) == ("worse", None)
        assert compared(0.02, flags(4, 5), NONE).verdict == "better"

    def test_a_large_gain_outweighs_a_rare_failure(self) -> None:
        before, after = np.full(40, 0.3) + np.tile(NOISE, 4)[:40], np.full(40, 0.9)
        failed = np.arange(40) == 0
        after[0] = np.nan
        c = compare_metric(
            "x", before, after, ACCURACY, failed=(np.zeros(40, bool), failed), worst=0.1
        )
        assert (c.verdict, c.overruled) == ("better", None)

    def test_equivalence_is_taken_back_by_failures_of_either_setting(self) -> None:
        assert compared(0.0, NONE, NONE).verdict == "equivalent"
        for baseline, variation in ((flags(1), NONE), (NONE, flags(1))):
            c = compared(0.0, baseline, variation)
            assert (c.verdict, c.overruled) == ("undecided", "equivalent")
        assert compared(0.0, flags(1), flags(1)).verdict == "equivalent"

    def test_without_a_worst_value_a_failed_run_has_the_worst_rank(self) -> None:
        before, after = BASE, np.where(flags(4), np.nan, BASE - 0.02 + NOISE)
        c = compare_metric("x", before, after, LOSS, failed=(NONE, flags(4)))
        d = np.append(np.delete(-0.02 + NOISE, 4), 1e9)
        assert c.counted is not None
        assert c.counted.p.difference == pytest.approx(2 * signed_rank_test(d, "less"))
        assert (c.verdict, c.overruled) == ("better", None)  # rank 12 of 12 is outweighed
        both = compare_metric(
            "x", before, np.where(flags(1, 4), np.nan, after), LOSS, failed=(NONE, flags(1, 4))
        )
        assert (both.verdict, both.overruled) == ("undecided", "better")

    def test_where_neither_way_is_better_a_failed_run_speaks_against_both(self) -> None:
        for change, verdict in ((-6.0, "lower"), (6.0, "higher")):
            after = np.where(flags(0, 1, 2), np.nan, 20 + change + np.arange(12))
            c = compare_metric("x", 20 + np.arange(12), after, EPOCH, failed=(NONE, flags(0, 1, 2)))
            assert (c.verdict, c.overruled) == ("undecided", verdict)

    @settings(max_examples=30, deadline=None)
    @given(st.sets(st.integers(0, 11), max_size=3), st.sets(st.integers(0, 11), max_size=3))
    def test_counting_failed_runs_never_makes_a_p_smaller(
        self, baseline: set[int], variation: set[int]
    ) -> None:
        c = compared(0.004, flags(*baseline), flags(*variation))
        if c.counted is not None:
            assert c.p is not None and c.p_equivalence is not None
            assert c.counted.p.difference is not None and c.counted.p.equivalence is not None
            assert c.counted.p.difference >= c.p - 1e-12
            assert c.counted.p.equivalence >= c.p_equivalence - 1e-12

    def test_the_looks_count_them_too(self) -> None:
        after = np.where(flags(4), np.nan, BASE + 0.01 + NOISE)
        looks = (5, 8, 12)
        whole = follow_looks(BASE, {"x": BASE + 0.01 + NOISE}, ACCURACY, looks, worst=0.1)["x"]
        assert (whole.path[-1].verdict, whole.path[-1].n_seeds) == ("better", 5)
        path = follow_looks(BASE, {"x": after}, ACCURACY, looks, worst=0.1)["x"].path
        assert [c.verdict for c in path] == ["undecided"] * 3
        assert path[-1].overruled == "better"


def test_what_a_failed_run_counts_as() -> None:
    recall, precision = class_metric("recall", "dog"), class_metric("precision", "dog")
    assert worst_value(ACCURACY, 10) == worst_value(recall, 10) == 0.1
    assert worst_value(METRICS["balanced_accuracy"], 10) == 0.1
    assert worst_value(METRICS["top5_accuracy"], 10) == 0.5
    assert worst_value(precision, 10) == 0
    names = ("test_loss", "train_cpu_seconds", "best_epoch", "epochs_to_loss", "macro_f1")
    assert {worst_value(METRICS[name], 10) for name in names} == {None}
    assert worst_value(ACCURACY, 0) is None


def test_two_failed_runs_of_a_seed_do_not_differ() -> None:
    before, after = np.array([0.9, np.nan, np.nan]), np.array([np.nan, np.nan, 0.8])
    failed = np.isnan(before), np.isnan(after)
    assert failed_differences(before, after, failed, ACCURACY, 0.1).tolist() == pytest.approx(
        [0.7, -0.8, 0.0]
    )
    assert failed_differences(before, after, failed, ACCURACY, None).tolist() == [
        math.inf, -math.inf, 0,
    ]  # fmt: skip
    assert failed_differences(before, after, failed, LOSS, None).tolist() == [
        -math.inf,
        math.inf,
        0,
    ]
    either = failed_differences(before, after, failed, EPOCH, None).tolist()
    assert sorted(either) == [-math.inf, -math.inf, 0, math.inf, math.inf]


# ---- how often ----------------------------------------------------------------------------------


def ended(**failed: Flags) -> Values:
    """Settings of which these runs failed."""
    names = {"main": NONE, **failed}
    made = {
        name: SettingValues(~NONE, ~of, ~of, {}, {}, np.zeros((12, 0), bool))
        for name, of in names.items()
    }
    return Values("main", ACCURACY, {}, made, (), np.zeros(0, int), None)


def test_failing_equally_often_is_mcnemars_exact_test_over_paired_seeds() -> None:
    values = ended(main=flags(0, 1), x=flags(1, 2, 3, 4, 5, 6, 7), y=NONE)
    x = failing(values, ["x", "y"])["x"]
    assert (x.n, x.only_baseline, x.only_variation, x.both) == (12, 1, 6, 1)
    expected = mcnemar([[4, 1], [6, 1]], exact=True).pvalue
    assert x.p == pytest.approx(expected)
    assert x.p_adjusted == pytest.approx(2 * expected)  # the smaller of two
    over_looks = failing(values, ["x", "y"], looks=3)["x"]
    assert over_looks.p_adjusted == pytest.approx(6 * expected)


def test_where_no_run_failed_there_is_nothing_to_test() -> None:
    assert failing(ended(x=NONE), ["x"]) == {}


def test_the_odds_of_winning_count_a_failed_run_as_lost() -> None:
    c = compared(0.02, flags(0, 1), flags(1, 2, 3))
    assert c.outperforming is not None
    of = c.outperforming
    assert (of.wins, of.ties, of.n) == (9, 1, 12)  # 8 finished pairs and seed 0; seed 1 is a tie
    assert c.practical is None


# ---- in words -----------------------------------------------------------------------------------


def test_a_verdict_taken_back_says_why() -> None:
    values = ended(x=flags(4))
    failed = values.failed_runs(("main", "x"))
    c = compared(0.01, NONE, flags(4), failed=failed, failing=failing(values, ["x"])["x"])
    assert c.verdict == "undecided"
    assert told(c).endswith("; better only if failed runs are left out")
    note = next(n for n in notes(c) if "failed" in n)
    assert note.startswith(
        "1 of x's 12 runs failed: the estimate is over the seeds that both finished. Of 12 seeds, "
        "x alone failed in 1, the baseline alone in 0 (p = 1 for failing equally often, McNemar's "
        "exact test). With failed runs at chance, better isn't shown (p = "
    )


def test_a_verdict_that_holds_says_so() -> None:
    values = ended(x=flags(4))
    c = compared(-0.02, NONE, flags(4), failed=values.failed_runs(("main", "x")))
    assert any(
        "The verdict holds with failed runs at chance where they speak" in n for n in notes(c)
    )
