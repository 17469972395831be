"""Numbers are written with the digits, signs and units that a reader needs."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paribus.metrics.metric import Metric
from paribus.metrics.registry import METRICS, class_metric
from paribus.narrative.numbers import (
    LOSS,
    PERCENT,
    POINTS,
    Spread,
    Unit,
    change_of,
    difference_of,
    over_seeds,
    p_in_words,
    p_value,
    value_of,
)
from paribus.narrative.words import NONE
from paribus.stats.intervals import Interval

SPACE, MINUS = "\u00a0", "\u2212"
SECONDS = Unit(1, sign="s")


# ---- in tables ----------------------------------------------------------------------------------


def test_an_accuracy_is_in_percent_with_one_decimal() -> None:
    assert PERCENT.value(0.4568) == f"45.7{SPACE}%"


def test_a_loss_has_three_decimals_and_seconds_one() -> None:
    assert LOSS.value(1.23456) == "1.235"
    assert SECONDS.value(61.26) == f"61.3{SPACE}s"


def test_a_difference_has_its_sign_and_is_in_points() -> None:
    assert POINTS.value(0.0123) == f"+1.2{SPACE}points"
    assert POINTS.value(-0.0123) == f"{MINUS}1.2{SPACE}points"


def test_a_difference_that_rounds_to_nothing_has_no_sign() -> None:
    assert PERCENT.signed(-0.0001) == PERCENT.signed(0.0001) == "0.0"


@given(st.floats(-1e6, 1e6))
def test_a_written_difference_reads_back_with_its_sign(value: float) -> None:
    read = float(LOSS.signed(value).replace(MINUS, "-").replace(",", ""))
    assert read == pytest.approx(value, abs=0.0005000001)


def test_a_spread_is_mean_and_deviation_of_a_sample() -> None:
    assert PERCENT.spread(Spread.of([0.4, 0.5])) == f"45.0 ± 7.1{SPACE}%"


def test_one_value_has_no_spread_and_none_is_a_dash() -> None:
    assert PERCENT.spread(Spread.of([0.4])) == f"40.0{SPACE}%"
    assert PERCENT.spread(Spread(())) == NONE


def test_what_is_no_number_is_a_dash_or_infinity() -> None:
    assert LOSS.value(math.nan) == NONE
    assert LOSS.value(math.inf) == "∞"


# ---- in sentences -------------------------------------------------------------------------------


def interval(estimate: float, half: float | None = None) -> Interval:
    low, high = (None, None) if half is None else (estimate - half, estimate + half)
    return Interval(estimate, low, high, 0.95)


@pytest.mark.parametrize(
    ("metric", "value", "difference", "amount"),
    [
        (
            METRICS["test_accuracy"],
            "1.20 [0.80, 1.60] %",
            "+1.20 [0.80, 1.60] points",
            "1.2 points",
        ),
        (
            METRICS["test_loss"],
            "0.0120 [0.0080, 0.0160] nats",
            "+0.0120 [0.0080, 0.0160] nats",
            "0.012 nats",
        ),
        (
            METRICS["train_cpu_seconds"],
            "0.0120 [0.0080, 0.0160] s",
            "ratio 0.0120 [0.0080, 0.0160]",
            "1.2 %",
        ),
        (
            class_metric("f1", "dog"),
            "0.0120 [0.0080, 0.0160]",
            "+0.0120 [0.0080, 0.0160]",
            "0.012",
        ),
    ],
)
def test_a_metric_says_how_its_values_and_differences_are_written(
    metric: Metric, value: str, difference: str, amount: str
) -> None:
    result = interval(0.012, 0.004)
    assert value_of(metric).estimate(result) == value
    assert difference_of(metric).estimate(result) == difference
    assert difference_of(metric).amount(0.012) == amount
    assert not change_of(metric).ratio


def test_without_an_interval_four_digits_count() -> None:
    assert POINTS.estimate(interval(0.0123456)) == "+1.235 points"
    assert POINTS.estimate(interval(-0.1)) == "-10 points"


@pytest.mark.parametrize(
    ("unit", "level", "message"),
    [
        (POINTS, 0.95, "+1.2 points, 95 % interval [-0.8, 3.2]"),
        (POINTS, 0.984, "+1.2 points, 98.4 % interval [-0.8, 3.2]"),
        (SECONDS, 0.75, "0.012 s, 75 % interval [-0.008, 0.032]"),
        (Unit(ratio=True), 0.95, "ratio 0.012, 95 % interval [-0.008, 0.032]"),
    ],
)
def test_told_an_interval_has_its_level(unit: Unit, level: float, message: str) -> None:
    result = Interval(0.012, -0.008, 0.032, level)
    assert unit.told(result) == message
    level_and_ends = f"{100 * level:.3g} % interval {unit.ends(result)}"
    assert message == f"{unit.alone(result)}, {level_and_ends}"


def test_told_without_an_interval_there_is_no_level() -> None:
    assert POINTS.told(interval(0.0123456)) == POINTS.estimate(interval(0.0123456))


@given(st.floats(-10, 10), st.floats(1e-6, 10))
def test_apart_and_together_an_estimate_is_rounded_alike(estimate: float, half: float) -> None:
    together = POINTS.estimate(interval(estimate, half)).removesuffix(" points")
    alone, ends = (write(interval(estimate, half)) for write in (POINTS.alone, POINTS.ends))
    assert together == f"{alone.removesuffix(' points')} {ends}"


def test_one_point_is_singular_and_a_range_has_its_unit_once() -> None:
    assert POINTS.amount(0.01) == "1 point"
    assert PERCENT.bounds(0.4, 0.6) == "40 to 60 %"


def test_a_rounded_number_has_the_digits_of_its_unit() -> None:
    assert PERCENT.rounded(0.4568) == "45.7 %"
    assert POINTS.rounded(0.0123) == "+1.2 points"


@pytest.mark.parametrize(
    ("p", "in_a_table", "in_a_sentence"),
    [
        (0.0234, "0.023", "p = 0.023"),
        (0.0004, "< 0.001", "p < 0.001"),
        (1.0, "1", "p = 1"),
        (None, NONE, "no p value"),
    ],
)
def test_a_p_value_has_two_digits_and_is_never_zero(
    p: float | None, in_a_table: str, in_a_sentence: str
) -> None:
    assert (p_value(p), p_in_words(p)) == (in_a_table, in_a_sentence)
    assert p_value(math.nan) == NONE


def test_one_seed_is_singular() -> None:
    assert (over_seeds(1), over_seeds(10)) == ("over 1 seed", "over 10 seeds")
