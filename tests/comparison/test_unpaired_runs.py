"""Comparisons, claims and pairs of a study whose seeds don't correspond."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from alone import compare_unpaired
from paribus.claims.judge import judge
from paribus.comparison.compare import Comparison
from paribus.comparison.failing import failing
from paribus.comparison.judging import adjusted
from paribus.comparison.study import StudyComparison, compare
from paribus.errors import ComparisonError
from paribus.metrics.registry import METRICS
from paribus.narrative.comparisons import notes
from paribus.narrative.outlook import odds, winning
from paribus.records.types import Record
from paribus.stats.crossed import crossed_difference
from paribus.study.spec import Study
from synthetic import make_records, make_study

ACCURACY, TIME = METRICS["test_accuracy"], METRICS["train_cpu_seconds"]
RNG = np.random.default_rng(20261203)
B, V = RNG.normal(0.5, 0.01, 8), RNG.normal(0.52, 0.02, 8)
CLAIMS = [
    {"id": "better", "says": "x", "test": {"setting": "l2", "against": "main",
     "metric": "test_accuracy", "expect": "better"}},
    {"id": "order", "says": "x", "test": {"order": ["l2", "main"], "metric": "test_accuracy"}},
]  # fmt: skip


def test_a_comparison_is_welchs() -> None:
    found, expected = compare_unpaired("x", B, V, ACCURACY), stats.ttest_ind(V, B, equal_var=False)
    low, high = expected.confidence_interval()
    assert (found.estimate, found.p) == pytest.approx((V.mean() - B.mean(), expected.pvalue))
    assert [found.low, found.high] == pytest.approx([low, high])
    assert found.sizes == (8, 8)
    assert not found.paired
    assert found.correlation is None


def test_groups_may_have_different_sizes() -> None:
    v = np.append(V[:5], [np.nan] * 3)
    found = compare_unpaired("x", B, v, ACCURACY)
    assert found.sizes == (8, 5)
    assert found.p == pytest.approx(stats.ttest_ind(V[:5], B, equal_var=False).pvalue)
    assert "8 runs of the baseline against 5 of x" in " ".join(notes(found))


def test_too_few_runs_for_a_permuted_p_are_said() -> None:
    three, four = (compare_unpaired("x", B[:n], V[:n], ACCURACY) for n in (3, 4))
    assert "can't give a permuted p below 0.1." in " ".join(notes(three))
    assert "permuted" not in " ".join(notes(four))


def test_a_ratio_is_tested_on_logarithms() -> None:
    found = compare_unpaired("x", B, V, TIME)
    expected = stats.ttest_ind(np.log(V), np.log(B), equal_var=False)
    assert found.p == pytest.approx(expected.pvalue)
    assert found.estimate == pytest.approx(np.exp(np.log(V).mean() - np.log(B).mean()))
    with pytest.raises(ComparisonError, match="above 0 for a ratio"):
        compare_unpaired("x", B - 0.5, V, TIME)


def test_seeds_in_another_order_change_nothing() -> None:
    one, other = compare_unpaired("x", B, V, ACCURACY), compare_unpaired("x", B, V[::-1], ACCURACY)
    assert other == one


def test_runs_that_are_all_the_same_are_told_apart_without_an_interval() -> None:
    found = compare_unpaired("x", np.full(5, 0.5), np.full(5, 0.6), ACCURACY)
    assert found.constant
    assert found.low is None
    assert found.p == pytest.approx(2 / 252)


def test_the_seeds_needed_are_for_each_setting() -> None:
    found = adjusted([compare_unpaired("x", B, B + RNG.normal(0, 0.03, 8), ACCURACY)])[0]
    assert found.verdict == "undecided"
    assert found.seeds_needed is not None


@pytest.fixture(scope="module")
def study() -> Study:
    plain = make_study(seeds=6, epochs=3).model_dump()
    return Study.model_validate(plain | {"paired": False, "claims": CLAIMS})


@pytest.fixture(scope="module")
def records(study: Study) -> list[Record]:
    return make_records(study, images=200)


@pytest.fixture(scope="module")
def compared(study: Study, records: list[Record]) -> StudyComparison:
    return compare(study, records)


def test_nothing_of_an_unpaired_study_is_compared_seed_by_seed(compared: StudyComparison) -> None:
    assert not any(c.paired for c in compared.comparisons)
    assert compared.pairs == ()
    assert compared.setting_pairs.reason == "unpaired"


def test_new_images_are_those_of_both_groups(compared: StudyComparison) -> None:
    (found,) = [c for c in compared.primary if c.variation == "l2"]
    settings = compared.values.settings
    expected = crossed_difference(
        settings["main"].correct, settings["l2"].correct, compared.values.labels
    )
    assert found.new_images == expected


def test_claims_are_tested_on_groups(study: Study, compared: StudyComparison) -> None:
    better, order = judge(study, compared.values)
    b, v = (compared.values.settings[name].of("test_accuracy") for name in ("main", "l2"))
    expected = stats.ttest_ind(v, b, equal_var=False)
    for claim in (better, order):
        assert claim.interval is not None
        assert claim.interval.low == pytest.approx(expected.confidence_interval().low)
        assert claim.deciding.p_support == pytest.approx(expected.pvalue)


class TestFailedRuns:
    """Failed runs of either group count at their worst, and can only take a verdict back."""

    NONE, TWO = np.zeros(8, bool), np.arange(8) < 2

    def compared(self, baseline: np.ndarray, variation: np.ndarray, gain: float) -> Comparison:
        b, v = np.where(baseline, np.nan, B), np.where(variation, np.nan, B + gain)
        return compare_unpaired("x", b, v, ACCURACY, failed=(baseline, variation), worst=0.1)

    def test_a_verdict_that_they_contradict_is_taken_back(self) -> None:
        assert self.compared(self.NONE, self.NONE, 0.05).verdict == "better"
        c = self.compared(self.NONE, self.TWO, 0.05)
        assert (c.verdict, c.overruled) == ("undecided", "better")
        assert c.counted is not None
        v = np.append((B + 0.05)[2:], [0.1, 0.1])
        greater = stats.ttest_ind(v, B, equal_var=False, alternative="greater").pvalue
        less = stats.ttest_ind((B + 0.05)[2:], B, equal_var=False, alternative="less").pvalue
        assert c.counted.p.difference == pytest.approx(min(1, 2 * min(greater, less)))

    def test_failures_of_the_baseline_make_no_verdict(self) -> None:
        assert self.compared(self.TWO, self.NONE, 0.001).verdict in ("undecided", "equivalent")
        assert self.compared(self.TWO, self.NONE, 0.05).verdict == "better"

    def test_a_failed_run_loses_every_pair(self) -> None:
        c = self.compared(self.NONE, self.TWO, 0.5)
        assert c.outperforming is not None
        assert (c.outperforming.wins, c.outperforming.n) == (48, 64)
        assert "Better in 48 of 64 pairs of runs" in winning(c)
        assert odds(c).endswith("of all pairs of runs")

    def test_without_a_worst_value_they_have_the_worst_ranks(self) -> None:
        failed = np.arange(8) < 1
        v = np.where(failed, np.nan, B * 0.5)
        c = compare_unpaired("x", B, v, METRICS["test_loss"], failed=(self.NONE, failed))
        ranked = stats.mannwhitneyu(
            np.append((B * 0.5)[1:], 9), B, alternative="less", method="exact"
        )
        assert c.counted is not None
        assert c.counted.p.difference == pytest.approx(2 * ranked.pvalue)

    def test_counting_them_never_makes_a_p_smaller(self) -> None:
        """Ranks, which the failed run is tested by, see more than Welch's test of an outlier."""
        failed = np.arange(8) < 1
        v = np.where(failed, np.nan, B * 0.5)
        v[7] = 1.2
        c = compare_unpaired("x", B, v, METRICS["test_loss"], failed=(self.NONE, failed))
        assert c.counted is not None and c.counted.p.difference is not None
        alone = stats.ttest_ind(v[1:], B, equal_var=False, alternative="less").pvalue
        ranked = stats.mannwhitneyu(np.append(v[1:], 9), B, alternative="less").pvalue
        assert ranked < alone
        assert c.counted.p.difference >= min(1, 2 * alone) - 1e-9

    def test_where_neither_way_is_better_nothing_is_shown(self) -> None:
        metric, v = METRICS["best_epoch"], np.where(self.TWO, np.nan, 30 + np.arange(8))
        c = compare_unpaired("x", np.arange(8), v, metric, failed=(self.NONE, self.TWO))
        assert (c.verdict, c.overruled) == ("undecided", "higher")
        assert c.outperforming is None


def test_a_new_pair_of_runs_is_predicted_wider_than_the_mean() -> None:
    c = compare_unpaired("x", B, V, ACCURACY)
    assert c.prediction is not None and c.prediction.low is not None
    parts = [x.var(ddof=1) * (1 + 1 / 8) for x in (B, V)]
    df = sum(parts) ** 2 / sum(part**2 / 7 for part in parts)
    half = stats.t.ppf(0.975, df) * np.sqrt(sum(parts))
    assert c.prediction.low == pytest.approx(V.mean() - B.mean() - half)


def test_how_often_groups_fail_is_fishers(compared: StudyComparison) -> None:
    values, failed = compared.values, np.arange(6) < 4
    settings = dict(values.settings)
    settings["l2"] = replace(settings["l2"], finished=settings["l2"].finished & ~failed)
    (one,) = failing(replace(values, settings=settings), ["l2"]).values()
    assert (one.n, one.only_baseline, one.only_variation) == (12, 0, 4)
    assert one.p == pytest.approx(stats.fisher_exact(np.array([[0, 6], [4, 2]])).pvalue)
