"""What the runs say of a claim: every kind of claim in every outcome, on values made for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

from paribus.claims.judge import ClaimVerdict, judge, require_testable
from paribus.comparison.values import SettingValues, Values, values
from paribus.errors import ComparisonError
from paribus.metrics.registry import CLASS_FIGURES, METRICS, with_target
from paribus.narrative.claims import evidence
from paribus.stats.multiplicity import nominal_level
from paribus.stats.paired import t_interval
from paribus.study.metrics import study_metrics
from paribus.study.read import read_study
from paribus.study.spec import Study
from synthetic import make_records, make_study

Numbers = npt.NDArray[np.float64]

SHIPPED = Path(__file__).parents[2] / "studies" / "lenet-stl10.yaml"
CLASSES = ("cat", "dog", "ship")
RNG = np.random.default_rng(20261201)
N = 10


def around(center: float, sd: float = 0.002, n: int = N) -> Numbers:
    """Values whose mean is exactly `center` and whose spread is exactly `sd`."""
    z = RNG.normal(size=n)
    return np.asarray(center + sd * (z - z.mean()) / z.std(ddof=1))


def epochs(*numbers: float) -> Numbers:
    return np.array(numbers, float)


def made(
    metrics: Mapping[str, Mapping[str, Numbers]],
    censored: Mapping[str, Sequence[int]] | None = None,
) -> Values:
    """Values of the settings named, all else missing; `censored`: seeds of each setting."""
    settings = {name: _setting(of, (censored or {}).get(name, ())) for name, of in metrics.items()}
    known = with_target(study_metrics(make_study(), CLASSES), 1.25)
    labels = np.zeros(4, np.int64)
    return Values("main", known["test_accuracy"], known, settings, CLASSES, labels, 1.25)


def _setting(metrics: Mapping[str, Numbers], censored: Sequence[int]) -> SettingValues:
    n = max((len(column) for column in metrics.values()), default=N)
    names = [*METRICS, *(f"{figure}:{name}" for figure in CLASS_FIGURES for name in CLASSES)]
    columns = {name: np.full(n, np.nan) for name in names} | dict(metrics)
    flags = np.isin(np.arange(n), censored)
    there = np.full(n, bool(metrics))
    censored_by_name = {name: flags for name, metric in METRICS.items() if metric.censored}
    correct = np.zeros((n, 4), bool)
    return SettingValues(there, there, there, columns, censored_by_name, correct)


def study_of(test: Mapping[str, Any], **changes: Any) -> Study:
    plain = make_study(seeds=N, settings=["main", "bn", "l2"]).model_dump()
    claim = {"id": "it", "says": "It is so.", "test": test}
    return Study.model_validate(plain | {"claims": [claim]} | changes)


def verdict_on(test: Mapping[str, Any], values: Values, **changes: Any) -> ClaimVerdict:
    (result,) = judge(study_of(test, **changes), values)
    return result


BASE = around(0.5)


def against(metric: str, difference: Numbers, base: Numbers = BASE) -> Values:
    return made({"main": {metric: base}, "bn": {metric: base + difference}, "l2": {}})


def versus(metric: str, **test: Any) -> dict[str, Any]:
    return {"setting": "bn", "against": "main", "metric": metric, **test}


# ---- a direction --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("metric", "expect", "difference", "outcome"),
    [
        ("test_loss", "lower", around(-0.02), "supported"),
        ("test_loss", "better", around(-0.02), "supported"),
        ("test_loss", "higher", around(-0.02), "refuted"),
        ("test_loss", "worse", around(-0.02), "refuted"),
        ("test_loss", "lower", around(-0.02, sd=0.1), "undecided"),
        ("macro_f1", "better", around(0.02), "supported"),
        ("macro_f1", "better", around(-0.02), "refuted"),
        ("roughness", "lower", around(-0.02), "supported"),
        ("roughness", "lower", around(0.02), "refuted"),
        ("roughness", "lower", around(0.0, sd=0.02), "undecided"),
    ],
)
def test_a_direction_is_shown_by_the_two_sided_test(
    metric: str, expect: str, difference: Numbers, outcome: str
) -> None:
    result = verdict_on(versus(metric, expect=expect), against(metric, difference))
    assert result.verdict == outcome


def test_a_direction_has_the_p_value_and_interval_of_its_comparison() -> None:
    d = around(-0.02, sd=0.04)
    result = verdict_on(versus("test_loss", expect="lower"), against("test_loss", d))
    expected = t_interval(d)
    assert result.p == pytest.approx(float(expected.p))
    assert result.interval is not None
    assert [result.interval.low, result.interval.high] == pytest.approx(
        [float(expected.low), float(expected.high)]
    )


def test_intervals_of_accuracies_end_where_accuracies_do() -> None:
    wild, low = np.array([0.1, 0.9, 0.9, 0.1]), np.full(4, 0.05)
    values = made({"main": {"test_accuracy": low}, "bn": {"test_accuracy": wild}, "l2": {}})
    versus_main = verdict_on(versus("test_accuracy", between=[0.1, 0.2]), values).interval
    assert versus_main is not None and (versus_main.low or 0) < 0
    mean = {"metric": "test_accuracy", "within": {"bn": [0.4, 0.6]}}
    interval = verdict_on(mean, values).interval
    assert interval is not None and (interval.low, interval.high) == (0.0, 1.0)


# ---- failed runs --------------------------------------------------------------------------------


def with_failed(values: Values, setting: str, seeds: Sequence[int]) -> Values:
    """The values with these runs of a setting failed."""
    whole = values.settings[setting]
    flags = np.isin(np.arange(N), seeds)
    columns = {name: np.where(flags, np.nan, column) for name, column in whole.metrics.items()}
    failed = replace(whole, finished=~flags, tested=~flags, metrics=columns)
    return replace(values, settings={**values.settings, setting: failed})


@pytest.mark.parametrize("metric", ["test_accuracy", "macro_f1"])
@pytest.mark.parametrize("expect", ["better", "worse"])
def test_runs_that_finished_decide_nothing_where_others_failed(metric: str, expect: str) -> None:
    whole = against(metric, around(0.02), base := around(0.9))
    assert verdict_on(versus(metric, expect=expect), whole).verdict != "undecided"
    result = verdict_on(versus(metric, expect=expect), with_failed(whole, "bn", range(4)))
    assert result.verdict == "undecided"
    assert result.deciding.overruled == ("supported" if expect == "better" else "refuted")
    counted = "at chance" if metric == "test_accuracy" else "as the worst rank"
    assert (
        f"undecided, because 4 of bn's 10 runs failed, which these numbers leave out; "
        f"{result.deciding.overruled} by the seeds that both finished alone, but not with failed "
        f"runs {counted}."
    ) in evidence(result)
    assert base.mean() == pytest.approx(0.9)


def test_failures_that_speak_for_a_verdict_neither_make_it_nor_break_it() -> None:
    worse = with_failed(against("test_accuracy", around(-0.02)), "bn", [0, 1])
    result = verdict_on(versus("test_accuracy", expect="worse"), worse)
    alone = t_interval((worse.settings["bn"].of("test_accuracy") - BASE)[2:])
    assert result.verdict == "supported"
    assert result.p == pytest.approx(float(alone.p))
    assert "2 of bn's 10 runs failed. The interval leaves them out; p counts them at chance" in (
        evidence(result)
    )
    nothing = with_failed(against("test_accuracy", around(0.0, sd=0.02)), "bn", [0, 1])
    assert verdict_on(versus("test_accuracy", expect="worse"), nothing).verdict == "undecided"


def test_a_claim_holds_where_it_holds_with_the_failed_runs_at_chance() -> None:
    far = against("test_accuracy", around(0.3), around(0.5))
    result = verdict_on(versus("test_accuracy", expect="better"), with_failed(far, "bn", [3]))
    chance = 1 / len(CLASSES) - far.settings["main"].of("test_accuracy")[3]
    d = np.append(np.delete(far.settings["bn"].of("test_accuracy"), 3), 0.0)
    d[:-1] -= np.delete(far.settings["main"].of("test_accuracy"), 3)
    d[-1] = chance
    assert result.verdict == "supported"
    assert result.p == pytest.approx(float(t_interval(d).p))


def test_equivalence_is_not_shown_while_one_setting_fails() -> None:
    same = against("test_accuracy", around(0.0), around(0.9))
    test = versus("test_accuracy", expect="equivalent")
    assert verdict_on(test, same).verdict == "supported"
    for setting in ("main", "bn"):
        assert verdict_on(test, with_failed(same, setting, [0])).verdict == "undecided"
    both = with_failed(with_failed(same, "main", [0]), "bn", [0])
    assert verdict_on(test, both).verdict == "supported"  # two failed runs don't differ


# ---- a difference that is true, but doesn't matter ----------------------------------------------


@pytest.mark.parametrize(
    ("expect", "center"), [("better", 0.003), ("higher", 0.003), ("worse", -0.003)]
)
def test_a_true_difference_that_does_not_matter_is_true_and_said_to_be_small(
    expect: str, center: float
) -> None:
    small = against("test_accuracy", around(center, sd=0.002))  # not 0, inside one point
    result = verdict_on(versus("test_accuracy", expect=expect), small)
    assert (result.verdict, result.deciding.inside_margin) == ("supported", True)
    assert "; the difference is shown to be smaller than 1 point, the margin." in evidence(result)
    narrow = verdict_on(versus("test_accuracy", expect=expect, margin=0.001), small)
    assert (narrow.verdict, narrow.deciding.inside_margin) == ("supported", False)


def test_a_difference_around_zero_leaves_a_direction_undecided_though_it_is_small() -> None:
    nothing = against("test_accuracy", around(0.0, sd=0.002))
    result = verdict_on(versus("test_accuracy", expect="better"), nothing)
    assert (result.verdict, result.deciding.inside_margin) == ("undecided", True)
    assert "it is shown that any difference is smaller than 1 point" in evidence(result)
    contrary = verdict_on(
        versus("test_accuracy", expect="better"), against("test_accuracy", around(-0.003))
    )
    assert (contrary.verdict, contrary.deciding.inside_margin) == ("refuted", True)


# ---- not worse ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("metric", "sign"), [("test_accuracy", 1), ("test_loss", -1), ("train_cpu_seconds", -1)]
)
def test_not_worse_is_one_one_sided_test_against_the_margin(metric: str, sign: int) -> None:
    base = around(50, sd=2) if metric == "train_cpu_seconds" else BASE
    factor = 50 if metric == "train_cpu_seconds" else 1
    d = factor * around(sign * -0.004, sd=0.012)
    values = against(metric, d, base)
    result = verdict_on(versus(metric, expect="not_worse", margin=0.01), values)
    shift = d if factor == 1 else np.log(1 + d / base)
    margin = 0.01 if factor == 1 else np.log1p(0.01)
    expected = stats.ttest_1samp(sign * shift, -margin, alternative="greater").pvalue
    assert result.p == pytest.approx(float(expected))
    assert result.verdict == ("supported" if expected <= 0.05 else "undecided")
    mirrored = verdict_on(
        versus(metric, expect="not_better", margin=0.01), against(metric, -d, base)
    )
    if factor == 1:
        assert mirrored.p == pytest.approx(float(expected))


def test_not_worse_is_refuted_by_a_difference_shown_to_be_beyond_the_margin() -> None:
    test = versus("test_accuracy", expect="not_worse", margin=0.01)
    result = verdict_on(test, against("test_accuracy", around(-0.02)))
    assert result.verdict == "refuted"
    assert "not not worse" not in evidence(result)
    far_better = verdict_on(test, against("test_accuracy", around(0.5)))
    assert far_better.verdict == "supported"
    assert ": not worse by 1 point or more (p < 0.001)." in evidence(far_better)


@pytest.mark.parametrize(
    ("by", "outcome"), [(0.01, "supported"), (0.03, "refuted"), (0.02, "undecided")]
)
def test_at_least_so_much_needs_the_interval_beyond_it(by: float, outcome: str) -> None:
    for expect, center in (("lower", -0.0201), ("higher", 0.0201)):
        values = against("test_loss", around(center))
        assert verdict_on(versus("test_loss", expect=expect, by=by), values).verdict == outcome


@pytest.mark.parametrize(
    ("expect", "ratio", "by", "outcome"),
    [
        ("higher", 1.2, 0.1, "supported"),
        ("higher", 1.2, 0.3, "refuted"),
        ("lower", 0.8, 0.1, "supported"),
        ("lower", 0.8, 0.3, "refuted"),
    ],
)
def test_a_ratio_is_claimed_by_a_share(expect: str, ratio: float, by: float, outcome: str) -> None:
    base = around(50, sd=2)
    values = against("train_cpu_seconds", base * (ratio - 1) * around(1, sd=0.01), base)
    result = verdict_on(versus("train_cpu_seconds", expect=expect, by=by), values)
    assert result.verdict == outcome
    assert result.interval is not None
    assert result.interval.estimate == pytest.approx(ratio, abs=0.01)
    assert f"{expect} by {100 * by:g} % or more" in evidence(result)


@pytest.mark.parametrize(
    ("difference", "outcome"),
    [
        (around(0.0), "supported"),
        (around(0.05), "refuted"),
        (around(0.01, sd=0.02), "undecided"),
    ],
)
def test_equivalence_needs_the_two_one_sided_tests(difference: Numbers, outcome: str) -> None:
    with_margin = versus("test_loss", expect="equivalent", margin=0.01)
    assert verdict_on(with_margin, against("test_loss", difference)).verdict == outcome
    studys = versus("test_accuracy", expect="equivalent")
    assert verdict_on(studys, against("test_accuracy", difference)).verdict == outcome


@pytest.mark.parametrize(
    ("test", "message"),
    [
        (
            versus("test_loss", expect="equivalent"),
            "expected a margin to be equivalent within, got none",
        ),
        (
            versus("test_loss", expect="not_worse"),
            "a margin to be not_worse within, got none for test",
        ),
        (versus("best_epoch", expect="better"), "expected `higher` or `lower`"),
        (versus("best_epoch", expect="not_worse", margin=1), "expected `higher` or `lower`"),
        (versus("test_accuracy", expect="not_worse", by=0.1), "got both; keep one"),
        (versus("test_loss", expect="lower", by=0.1, margin=0.1), "got both; keep one"),
        (versus("test_accuracy", expect="equivalent", by=0.1), "got both; keep one"),
        (versus("train_cpu_seconds", expect="lower", by=1.5), "expected `by` below 1, .*got 1.5"),
        (
            versus("train_cpu_seconds", between=[-0.5, 1.2]),
            "to begin above 0 for a ratio, got -0.5",
        ),
    ],
)
def test_what_cannot_be_tested_is_refused_with_the_claim_named(
    test: dict[str, Any], message: str
) -> None:
    with pytest.raises(ComparisonError, match=f"Claim 'it': .*{message}"):
        verdict_on(test, against(test["metric"], around(0.0)))


# ---- a number of one class ----------------------------------------------------------------------


@pytest.mark.parametrize("figure", CLASS_FIGURES)
@pytest.mark.parametrize(
    ("difference", "outcome"), [(around(0.02), "supported"), (around(-0.02), "refuted")]
)
def test_a_direction_may_be_that_of_one_class(
    figure: str, difference: Numbers, outcome: str
) -> None:
    metric = f"{figure}:dog"
    result = verdict_on(versus(metric, expect="better"), against(metric, difference))
    assert result.verdict == outcome
    assert result.figure == ("confusion" if figure == "recall" else "report")


def test_a_class_is_equivalent_within_a_margin_of_its_own() -> None:
    values = against("recall:dog", around(0.0, sd=0.02))
    test = versus("recall:dog", expect="equivalent")
    result = verdict_on(test | {"margin": 0.05}, values)
    assert result.verdict == "supported"
    assert "bn against main, recall of dog: " in evidence(result)
    assert "points (95 %) over 10 seeds: equivalent within 5 points (p < 0.001)." in evidence(
        result
    )
    assert verdict_on(test | {"margin": 0.005}, values).verdict == "undecided"
    with pytest.raises(ComparisonError, match="got none for recall of dog; add `margin:`"):
        verdict_on(test, values)


def test_ranges_and_orders_may_be_those_of_one_class() -> None:
    values = against("f1:cat", around(-0.1))
    between = versus("f1:cat", between=[-0.2, 0.0])
    within = {"metric": "f1:cat", "within": {"main": [0.4, 0.6], "bn": [0.3, 0.5]}}
    order = {"metric": "f1:cat", "order": ["main", "bn"]}
    for test in (between, within, order):
        assert verdict_on(test, values).verdict == "supported"


OF_A_CLASS = [
    versus("recall:dgo", expect="better"),
    versus("recall:dgo", between=[0.0, 0.1]),
    {"metric": "f1:dgo", "within": {"main": [0.4, 0.6]}},
    {"metric": "precision:dgo", "order": ["main", "bn"]},
    {"worst": ["dgo"], "metric": "recall"},
]


@pytest.mark.parametrize("test", OF_A_CLASS)
def test_an_unknown_class_is_refused_with_the_nearest_name_before_anything_is_trained(
    test: dict[str, Any],
) -> None:
    with pytest.raises(ComparisonError, match=r"Claim 'it': .*'dgo'; did you mean 'dog'"):
        require_testable(study_of(test), CLASSES)
    require_testable(study_of(test), ("dgo", "cat"))


@pytest.mark.parametrize("test", OF_A_CLASS)
def test_while_no_run_is_finished_no_class_is_unknown(test: dict[str, Any]) -> None:
    study = study_of(test)
    (result,) = judge(study, values(study, ()))
    assert (result.verdict, result.n_seeds) == ("undecided", 0)
    assert "no finished run" in evidence(result)


# ---- ranges -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ratio", "outcome"), [(1.17, "supported"), (1.4, "refuted"), (1.25, "undecided")]
)
def test_a_ratio_lies_in_a_range(ratio: float, outcome: str) -> None:
    base = around(50, sd=2)
    values = against("train_cpu_seconds", base * (ratio - 1) * around(1, sd=0.02), base)
    result = verdict_on(versus("train_cpu_seconds", between=[1.0, 1.25]), values)
    assert result.verdict == outcome
    if outcome == "supported":
        assert evidence(result).startswith("bn against main, training time (CPU): ratio 1.17")
        assert "over 10 seeds lies within 1 to 1.25 (p < 0.001)." in evidence(result)


def test_inside_a_range_is_the_90_per_cent_interval_inside_and_outside_the_95() -> None:
    d = around(0.02, sd=0.01)
    ninety, ninety_five = t_interval(d, 0.9), t_interval(d, 0.95)
    for low, outcome in [
        (float(ninety.low) - 1e-5, "supported"),
        (float(ninety.low) + 1e-5, "undecided"),
        (float(ninety_five.high) - 1e-5, "undecided"),
        (float(ninety_five.high) + 1e-5, "refuted"),
    ]:
        values = against("test_loss", d)
        assert verdict_on(versus("test_loss", between=[low, 1.0]), values).verdict == outcome


RANGES = {"metric": "macro_f1", "within": {"main": [0.4, 0.6], "bn": [0.5, 0.7]}}


def levels(main: Numbers, bn: Numbers) -> Values:
    return made({"main": {"macro_f1": main}, "bn": {"macro_f1": bn}, "l2": {}})


def test_values_are_in_their_ranges_only_if_every_setting_is() -> None:
    assert verdict_on(RANGES, levels(around(0.5), around(0.6))).verdict == "supported"
    assert verdict_on(RANGES, levels(around(0.5), around(0.71))).verdict == "refuted"
    assert verdict_on(RANGES, levels(around(0.5), around(0.69, sd=0.1))).verdict == "undecided"
    assert verdict_on(RANGES, levels(around(0.3), around(0.69, sd=0.1))).verdict == "refuted"


def test_the_setting_that_decides_gives_the_numbers() -> None:
    refuted = verdict_on(RANGES, levels(around(0.5), around(0.71)))
    assert refuted.interval is not None
    assert refuted.interval.estimate == pytest.approx(0.71)
    assert [each.verdict for each in refuted.statements] == ["supported", "refuted"]
    supported = verdict_on(RANGES, levels(around(0.5), around(0.51)))
    assert supported.interval is not None
    assert supported.interval.estimate == pytest.approx(0.51)


def test_among_several_settings_refuting_is_adjusted() -> None:
    bn = around(0.7, sd=0.01)
    low = float(t_interval(bn, 0.96).high)  # p = 0.04 by itself: enough for one, not for two
    alone = {"metric": "macro_f1", "within": {"bn": [low, 0.9]}}
    among = {"metric": "macro_f1", "within": {"bn": [low, 0.9], "main": [0.4, 0.6]}}
    assert verdict_on(alone, levels(around(0.5), bn)).verdict == "refuted"
    assert verdict_on(among, levels(around(0.5), bn)).verdict == "undecided"


# ---- rankings -----------------------------------------------------------------------------------


def recalls(**of: tuple[float, float, float]) -> Values:
    return made(
        {
            name: {f"recall:{c}": around(mean) for c, mean in zip(CLASSES, means, strict=True)}
            for name, means in of.items()
        }
    )


GOOD, CLOSE, BAD = (0.4, 0.2, 0.7), (0.2, 0.2, 0.7), (0.1, 0.2, 0.7)
WORST = {"worst": ["dog"], "metric": "recall"}


@pytest.mark.parametrize(
    ("l2", "outcome"), [(GOOD, "supported"), (CLOSE, "undecided"), (BAD, "refuted")]
)
def test_a_class_is_the_worst_in_all_settings_or_not(
    l2: tuple[float, float, float], outcome: str
) -> None:
    result = verdict_on(WORST, recalls(main=GOOD, bn=GOOD, l2=l2))
    assert result.verdict == outcome
    assert len(result.statements) == 6
    assert result.figure == "confusion"


def test_a_ranking_can_be_of_one_setting_and_of_both_ends() -> None:
    values = recalls(main=GOOD, bn=GOOD, l2=BAD)
    both = {"best": ["ship"], "worst": ["dog"], "metric": "recall", "settings": ["main"]}
    result = verdict_on(both, values)
    assert (result.verdict, len(result.statements)) == ("supported", 4)
    assert verdict_on(both | {"settings": ["l2"]}, values).verdict == "refuted"


def test_a_long_ranking_tells_the_statement_that_decides() -> None:
    result = verdict_on(WORST, recalls(main=GOOD, bn=GOOD, l2=BAD))
    assert evidence(result).startswith(
        "6 statements: 1 refuted, 5 supported. The one that decides: "
    )
    assert "l2, recall, cat minus dog: -10.00 [" in evidence(result)
    assert "cat lies below dog, not above (p < 0.001)" in evidence(result)
    assert "The whole ranking holds in 0 of the 10 seeds." in evidence(result)


def test_a_class_that_seems_to_lie_below_is_no_support_though_it_does_not_refute() -> None:
    values = recalls(main=GOOD, bn=GOOD, l2=CLOSE)
    cat = dict(values.settings["l2"].metrics)
    d = around(-0.02, sd=0.02 * np.sqrt(N) / 2.6)  # p = 0.03, too much among six statements
    cat["recall:cat"] = cat["recall:dog"] + d
    l2 = replace(values.settings["l2"], metrics=cat)
    result = verdict_on(WORST, replace(values, settings={**values.settings, "l2": l2}))
    assert result.verdict == "undecided"
    assert result.p == 1


@pytest.mark.parametrize(
    ("l2", "outcome"), [(around(0.1), "supported"), (around(0.9), "refuted"), (None, "undecided")]
)
def test_settings_come_in_an_order_or_not(l2: Numbers | None, outcome: str) -> None:
    main, bn = around(0.5), around(0.3)
    last = bn + around(0, sd=0.01) if l2 is None else l2
    values = made({"main": {"test_loss": main}, "bn": {"test_loss": bn}, "l2": {"test_loss": last}})
    result = verdict_on({"order": ["main", "bn", "l2"], "metric": "test_loss"}, values)
    assert result.verdict == outcome
    assert "test loss, main minus bn: +0.2" in evidence(result)


def test_times_are_ordered_by_their_differences() -> None:
    values = made(
        {"main": {"train_cpu_seconds": around(50)}, "bn": {"train_cpu_seconds": around(60)}}
    )
    result = verdict_on({"order": ["bn", "main"], "metric": "train_cpu_seconds"}, values)
    assert result.verdict == "supported"
    assert result.interval is not None
    assert result.interval.estimate == pytest.approx(10)


# ---- too little to tell -------------------------------------------------------------------------


def one_seed(metric: str) -> Values:
    return made({name: {metric: epochs(level)} for name, level in (("main", 9), ("bn", 5))})


@pytest.mark.parametrize(
    ("test", "reason"),
    [
        (versus("best_epoch", expect="lower"), "One seed compares two trained networks"),
        (versus("best_epoch", between=[-9.0, 9.0]), "One seed compares two trained networks"),
        ({"metric": "best_epoch", "within": {"bn": [1.0, 9.0]}}, "One seed gives one trained"),
        ({"metric": "best_epoch", "order": ["main", "bn"]}, "One seed gives one trained network"),
    ],
)
def test_one_seed_decides_nothing(test: dict[str, Any], reason: str) -> None:
    result = verdict_on(test, one_seed("best_epoch"))
    assert (result.verdict, result.p, result.n_seeds) == ("undecided", None, 1)
    assert reason in evidence(result)


def test_one_seed_ranks_one_network() -> None:
    one = made({"main": {f"recall:{c}": epochs(r) for c, r in zip(CLASSES, GOOD, strict=True)}})
    result = verdict_on(WORST | {"settings": ["main"]}, one)
    assert result.verdict == "undecided"
    assert "It holds for that one." in evidence(result)


@pytest.mark.parametrize(
    "test",
    [
        {"setting": "l2", "against": "main", "metric": "test_loss", "expect": "lower"},
        {"setting": "l2", "against": "main", "metric": "test_loss", "between": [0.0, 1.0]},
        {"metric": "test_loss", "within": {"l2": [0.0, 1.0]}},
        {"metric": "recall", "worst": ["dog"], "settings": ["l2"]},
        {"metric": "test_loss", "order": ["l2", "main"]},
    ],
)
def test_a_setting_without_a_finished_run_decides_nothing(test: dict[str, Any]) -> None:
    result = verdict_on(test, against("test_loss", around(0.1)))
    assert (result.verdict, result.n_seeds, result.interval) == ("undecided", 0, None)
    assert "l2 has no finished run." in evidence(result)


def test_a_missing_setting_does_not_save_a_claim_that_another_refutes() -> None:
    ranges = {"metric": "test_loss", "within": {"l2": [0.0, 1.0], "main": [5.0, 6.0]}}
    assert verdict_on(ranges, against("test_loss", around(0.1))).verdict == "refuted"


def test_settings_without_a_common_seed_decide_nothing() -> None:
    main, bn = around(0.5), around(0.6)
    main[:5] = np.nan
    bn[5:] = np.nan
    values = made({"main": {"test_loss": main}, "bn": {"test_loss": bn}})
    assert "No seed has a value in each." in (
        evidence(verdict_on(versus("test_loss", expect="lower"), values))
    )


def test_seeds_too_few_for_ranks_are_said() -> None:
    values = made({"main": {"roughness": around(0.5, n=4)}, "bn": {"roughness": around(0.1, n=4)}})
    result = verdict_on(versus("roughness", expect="lower"), values)
    assert (result.verdict, result.p) == ("undecided", 2 * 2**-4)
    assert "its confidence is 87.5 %, not 95 %" in evidence(result)


# ---- ended too early ----------------------------------------------------------------------------

EPOCHS = epochs(18, 18, 19, 17, 18, 18, 19, 17, 18, 18)


def test_a_mean_of_values_that_may_be_larger_is_never_shown_to_be_below_a_bound() -> None:
    test = {"metric": "best_epoch", "within": {"main": [17.0, 19.0]}}
    known, open_ended = made({"main": {"best_epoch": EPOCHS}}), made(
        {"main": {"best_epoch": EPOCHS}}, {"main": [2]}
    )  # fmt: skip
    assert verdict_on(test, known).verdict == "supported"
    result = verdict_on(test, open_ended)
    assert result.verdict == "undecided"
    assert "1 value is a lower bound, since training ended first" in evidence(result)
    below = {"metric": "best_epoch", "within": {"main": [10.0, 12.0]}}
    assert verdict_on(below, open_ended).verdict == "refuted"
    above = {"metric": "best_epoch", "within": {"main": [25.0, 30.0]}}
    assert verdict_on(above, known).verdict == "refuted"
    assert verdict_on(above, open_ended).verdict == "undecided"


def test_a_direction_is_that_within_the_epochs_trained() -> None:
    values = made(
        {"main": {"epochs_to_loss": EPOCHS}, "bn": {"epochs_to_loss": EPOCHS - 6}}, {"bn": [0]}
    )
    result = verdict_on(versus("epochs_to_loss", expect="lower"), values)
    assert result.verdict == "supported"
    assert "the direction is that within the epochs trained" in evidence(result)
    assert "1.25 nats, half-way" in evidence(result)
    assert verdict_on(versus("epochs_to_loss", between=[-9.0, -3.0]), values).verdict == "undecided"


def test_a_baseline_that_may_be_later_leaves_the_difference_open_below() -> None:
    values = made(
        {"main": {"epochs_to_loss": EPOCHS}, "bn": {"epochs_to_loss": EPOCHS - 6}}, {"main": [0]}
    )
    for between, outcome in (([-9.0, -3.0], "undecided"), ([-3.0, 3.0], "refuted")):
        assert verdict_on(versus("epochs_to_loss", between=between), values).verdict == outcome


def test_two_settings_that_never_reach_a_loss_are_not_thereby_equivalent() -> None:
    never = np.full(N, 31.0)
    values = made(
        {"main": {"epochs_to_loss": never}, "bn": {"epochs_to_loss": never}},
        {"main": range(N), "bn": range(N)},
    )
    test = versus("epochs_to_loss", expect="equivalent", margin=2.0)
    assert verdict_on(test, values).verdict == "undecided"


# ---- looks --------------------------------------------------------------------------------------


def test_with_looks_a_claim_allows_for_all_of_them() -> None:
    looks = (5, 8, 10)
    d = around(-0.02, sd=0.02 * np.sqrt(N) / 2.6)  # t = 2.6, p = 0.029
    values, test = against("test_loss", d), versus("test_loss", expect="lower")
    fixed = verdict_on(test, values)
    result = verdict_on(test, values, seeds={"until": "decided", "looks": list(looks)})
    assert fixed.p is not None
    assert result.p is not None
    assert nominal_level(looks) < fixed.p < 0.05 < result.p
    assert (fixed.verdict, result.verdict) == ("supported", "undecided")
    assert result.interval is not None
    assert result.interval.level == pytest.approx(1 - nominal_level(looks))


# ---- the reference study ------------------------------------------------------------------------


def test_the_published_observations_are_judged_from_records() -> None:
    claims = read_study(SHIPPED).model_dump()["claims"]
    study = Study.model_validate(make_study(seeds=10).model_dump() | {"claims": claims})
    records = [
        replace(r, facts=r.facts.model_copy(update={"train_cpu_seconds": r.facts.train_seconds}))
        for r in make_records(study, images=1000)
    ]
    result = {each.claim.id: each for each in judge(study, values(study, records))}
    assert {name: each.verdict for name, each in result.items()} == {
        "training-time": "supported",
        "overfitting-onset": "undecided",
        "best-classes": "refuted",
        "worst-class": "supported",
        "batch-norm-speed": "supported",
        "l2-smooths": "undecided",
        # These networks weren't analyzed.
        "background-learned": "undecided",
        "background": "undecided",
    }
    assert result["training-time"].interval is not None
    assert result["training-time"].interval.estimate == pytest.approx(56 / 50, abs=0.01)
    seeds = {name: each.n_seeds for name, each in result.items()}
    assert seeds.pop("background-learned") == seeds.pop("background") == 0
    assert set(seeds.values()) == {10}
    assert {each.figure for each in result.values()} == {
        "comparison",
        "loss",
        "confusion",
        "causes",
    }


def test_a_study_without_claims_has_no_verdicts() -> None:
    assert judge(make_study(), against("test_loss", around(0.1))) == ()
