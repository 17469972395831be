"""tables/comparisons.csv, each new column worked out again from tables/runs.csv by SciPy alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from paribus.metrics.registry import METRICS
from paribus.results import Results
from report.reports import results_of
from synthetic import make_records, make_study

SEEDS, CLASSES = 9, ("cat", "dog", "ship")
EXACT: dict[str, Any] = {"rel": 1e-6, "abs": 1e-12}


@pytest.fixture(scope="module")
def results() -> Results:
    study = make_study(seeds=SEEDS, epochs=20)
    return results_of(study, make_records(study, classes=CLASSES, images=90, failing=("l2", 4)))


@pytest.fixture(scope="module")
def comparisons(results: Results) -> pd.DataFrame:
    frame = results.table("comparisons")
    return frame[~frame["metric"].str.contains(":")]


def row_of(comparisons: pd.DataFrame, variation: str, metric: str) -> Any:
    chosen = (comparisons["variation"] == variation) & (comparisons["metric"] == metric)
    return comparisons[chosen].iloc[0]


def rows(frame: pd.DataFrame) -> list[Any]:
    return [row for _, row in frame.iterrows()]


def values_of(results: Results, variation: str, metric: str) -> tuple[Any, Any]:
    """The baseline's and the variation's values by seed, NaN for a failed run."""
    runs = results.table("runs")
    finished = runs[runs["status"] == "finished"]
    table = finished.pivot(index="seed", columns="setting", values=metric).reindex(range(SEEDS))
    return table["main"].to_numpy(float), table[variation].to_numpy(float)


def test_a_new_seed_is_predicted_from_the_runs(results: Results, comparisons: pd.DataFrame) -> None:
    seen = 0
    for row in rows(comparisons[comparisons["compare"] != "ranks"]):
        b, v = values_of(results, row["variation"], row["metric"])
        d = np.log(v / b) if row["compare"] == "ratio" else v - b
        d = d[~np.isnan(d)]
        if np.ptp(np.round(d, 12)) == 0 or len(d) < 2:
            assert pd.isna(row["predicted_low"])
            continue
        half = stats.t.ppf(0.975, len(d) - 1) * d.std(ddof=1) * np.sqrt(1 + 1 / len(d))
        ends = np.array([d.mean() - half, d.mean() + half])
        ends = np.exp(ends) if row["compare"] == "ratio" else ends
        assert [row["predicted_low"], row["predicted_high"]] == pytest.approx(ends, **EXACT)
        seen += 1
    assert seen > 8


def test_odds_count_a_failed_run_as_lost(results: Results, comparisons: pd.DataFrame) -> None:
    for row in rows(comparisons):
        better = METRICS[row["metric"]].better
        b, v = values_of(results, row["variation"], row["metric"])
        sign = -1 if better == "lower" else 1
        won = np.sign(sign * np.round(v - b, 12))
        won[np.isnan(v) & ~np.isnan(b)] = -1 if better != "neither" else np.nan
        won = won[~np.isnan(won)]
        if not len(won):
            continue
        share = (won + 1).mean() / 2
        assert row["outperforms"] == pytest.approx(share, **EXACT)
        if not (won == 0).any():
            ends = proportion_confint(int((won > 0).sum()), len(won), method="beta")
            assert [row["outperforms_low"], row["outperforms_high"]] == pytest.approx(ends, **EXACT)


def test_probabilities_are_those_of_scipys_t(results: Results, comparisons: pd.DataFrame) -> None:
    row = row_of(comparisons, "batch-norm", "test_accuracy")
    b, v = values_of(results, "batch-norm", "test_accuracy")
    d = v - b
    posterior = stats.t(len(d) - 1, d.mean(), stats.sem(d))
    assert row["probability_worse"] == pytest.approx(posterior.cdf(-0.01), **EXACT)
    assert row["probability_better"] == pytest.approx(posterior.sf(0.01), **EXACT)
    assert row["probability_equivalent"] == pytest.approx(
        posterior.cdf(0.01) - posterior.cdf(-0.01), **EXACT
    )
    assert pd.isna(row_of(comparisons, "l2", "test_accuracy")["probability_better"])


def test_failed_runs_are_counted_at_chance_and_by_mcnemar(
    results: Results, comparisons: pd.DataFrame
) -> None:
    row, other = (row_of(comparisons, name, "test_accuracy") for name in ("l2", "batch-norm"))
    b, v = values_of(results, "l2", "test_accuracy")
    d, lost = (v - b)[~np.isnan(v)], 1 / len(CLASSES) - b[np.isnan(v)]
    above = stats.ttest_1samp(np.append(d, lost), 0, alternative="greater").pvalue
    above = max(above, stats.ttest_1samp(d, 0, alternative="greater").pvalue)
    counted = min(1, 2 * min(above, stats.ttest_1samp(d, 0, alternative="less").pvalue))
    p = np.array([other["p"], counted])
    holm = np.minimum(np.maximum.accumulate(np.sort(p) * [2, 1]), 1)[np.argsort(np.argsort(p))]
    assert row["p_counting_failed"] == pytest.approx(holm[1], **EXACT)
    assert row["p_failing"] == 1.0  # one of one, the larger of two
    assert pd.isna(other["p_failing"])
