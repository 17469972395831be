"""`not worse`, where a claim asks for it: one-sided, and only where nothing more is shown."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import stats

from alone import compare_metric
from paribus.comparison.asked import asked_of
from paribus.comparison.judging import adjusted
from paribus.metrics.registry import METRICS
from paribus.narrative.comparisons import told
from paribus.narrative.numbers import p_in_words
from paribus.stats.sample import Sample
from paribus.study.spec import Study
from synthetic import make_study

ACCURACY, LOSS = METRICS["test_accuracy"], METRICS["test_loss"]
Z = np.random.default_rng(3).standard_normal(10)
Z = (Z - Z.mean()) / Z.std(ddof=1)
BASE = np.full(10, 0.5)


def test_its_p_is_that_of_one_one_sided_t_test() -> None:
    d = 0.004 + 0.02 * Z
    c = compare_metric("x", BASE, BASE + d, ACCURACY, asked="not worse")
    expected = stats.ttest_1samp(d, -0.01, alternative="greater").pvalue
    assert c.p_asked == pytest.approx(expected)
    mirrored = compare_metric("x", BASE, BASE - d, ACCURACY, asked="not better")
    assert mirrored.p_asked == pytest.approx(expected)


#: Student's data on ten patients' hours of sleep, one drug minus the other.
SLEEP = np.array([-1.2, -2.4, -1.3, -1.3, 0.0, -1.0, -1.8, -0.8, -4.6, -1.4])


def test_the_one_sided_p_values_are_those_that_toster_prints() -> None:
    """R's TOSTER: `t_TOST(extra ~ group, sleep, low_eqbound = -1, high_eqbound = 1, paired = T)`.

    It prints "t-test 2.832890e-03, TOST Lower 9.149441e-01, TOST Upper 4.778596e-05".
    """
    sample = Sample(SLEEP)
    assert sample.p_above(-1) == pytest.approx(9.149441e-01, rel=1e-6)
    assert sample.p_below(1) == pytest.approx(4.778596e-05, rel=1e-6)
    metric = replace(ACCURACY, written="number", margin=1.0)
    for asked, p in (("not worse", 9.149441e-01), ("not better", 4.778596e-05)):
        c = compare_metric("x", np.zeros(10), SLEEP, metric, asked=asked)  # type: ignore[arg-type]
        assert [c.p_asked, c.p] == pytest.approx([p, 2.832890e-03], rel=1e-6)


@pytest.mark.parametrize(
    ("mean", "sd", "verdict"),
    [
        (0.03, 0.01, "better"),
        (0.004, 0.02, "not worse"),
        (0.0, 0.005, "equivalent"),
        (-0.03, 0.01, "worse"),
        (-0.004, 0.02, "undecided"),
    ],
)
def test_it_is_said_where_nothing_more_is_shown(mean: float, sd: float, verdict: str) -> None:
    d = mean + sd * Z
    assert compare_metric("x", BASE, BASE + d, ACCURACY, asked="not worse").verdict == verdict
    plain = compare_metric("x", BASE, BASE + d, ACCURACY)
    assert plain.verdict == ("undecided" if verdict == "not worse" else verdict)


def test_of_a_loss_less_is_not_worse() -> None:
    metric = replace(LOSS, margin=0.01)
    c = compare_metric("x", BASE, BASE - 0.004 + 0.02 * Z, metric, asked="not worse")
    assert c.verdict == "not worse"
    assert told(c).startswith("x: -0.004")
    assert told(c).endswith(p_in_words(c.p_asked_adjusted))


def test_where_failed_runs_take_back_that_it_is_better_not_worse_may_be_left() -> None:
    failed = np.arange(10) == 0
    after = np.where(failed, np.nan, BASE + 0.01 + 0.008 * Z)
    never = np.zeros(10, bool)
    c = compare_metric(
        "x", BASE, after, ACCURACY, failed=(never, failed), worst=0.47, asked="not worse"
    )
    assert (c.verdict, c.overruled) == ("not worse", "better")
    assert told(c).endswith("; better only if failed runs are left out")


def test_a_metric_without_a_margin_is_never_not_worse() -> None:
    c = compare_metric("x", BASE, BASE + 0.02 * Z, LOSS, asked="not worse")
    assert (c.asked, c.p_asked, c.verdict) == (None, None, "undecided")


def test_those_asked_for_are_adjusted_among_all_variations() -> None:
    made = [
        compare_metric(str(k), BASE, BASE + 0.004 + 0.02 * Z, ACCURACY, asked="not worse")
        for k in range(2)
    ]
    one, other = adjusted(made)
    assert one.p_asked is not None
    assert one.p_asked_adjusted == other.p_asked_adjusted == pytest.approx(2 * one.p_asked)


def study_that_claims(**test: Any) -> Study:
    plain = make_study(seeds=3).model_dump()
    full = {"setting": "l2", "against": "main", "metric": "test_accuracy"} | test
    return Study.model_validate(
        plain | {"claims": [{"id": "it", "says": "It is so.", "test": full}]}
    )


@pytest.mark.parametrize(
    ("test", "asked"),
    [
        ({"expect": "not_worse"}, "not worse"),
        ({"expect": "not_better"}, "not better"),
        ({"expect": "not_worse", "margin": 0.01}, "not worse"),
        ({"expect": "not_worse", "margin": 0.02}, None),  # a question of its own
        ({"expect": "better"}, None),
        ({"expect": "not_worse", "metric": "macro_f1", "margin": 0.02}, None),
        ({"expect": "not_worse", "against": "batch-norm"}, None),
    ],
)
def test_claims_ask_for_it(test: dict[str, Any], asked: str | None) -> None:
    study = study_that_claims(**test)
    assert asked_of(study, "l2", ACCURACY) == asked
    assert asked_of(study, "batch-norm", ACCURACY) is None
