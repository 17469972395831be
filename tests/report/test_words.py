"""Numbers are written with the digits and signs that a reader needs; names do no harm."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paribus.names import safe_class, safe_classes, safe_name
from paribus.narrative import words
from paribus.narrative.words import LOSS, NONE, PERCENT, SECONDS, Spread

SPACE, MINUS = "\u00a0", "\u2212"


def test_an_accuracy_is_in_percent_with_one_decimal() -> None:
    assert PERCENT.value(0.4568) == f"45.7{SPACE}%"


def test_a_loss_has_three_decimals_and_seconds_one() -> None:
    assert LOSS.value(1.23456) == "1.235"
    assert SECONDS.value(61.26) == f"61.3{SPACE}s"


def test_a_difference_has_its_sign_and_is_in_points() -> None:
    assert PERCENT.change(0.0123) == f"+1.2{SPACE}points"
    assert PERCENT.change(-0.0123) == f"{MINUS}1.2{SPACE}points"


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


@pytest.mark.parametrize(
    ("value", "written"),
    [(1e-5, "0.00001"), (0.001, "0.001"), (0.5, "0.5"), (1e-9, "1e-09"), (0.0, "0"), (True, "yes")],
)
def test_values_of_a_study_are_written_plainly(value: object, written: str) -> None:
    assert words.value(value) == written


@given(st.text())
def test_a_name_has_no_control_characters_and_is_never_empty(text: str) -> None:
    shown = safe_name(text)
    assert shown.strip()
    assert not set(shown) & set("\n\r\t\u202e\u2067\u0000\x1b")


def test_a_name_from_right_to_left_is_isolated() -> None:
    assert safe_name("كلب") == "\u2068كلب\u2069"


@given(st.lists(st.text(max_size=80), max_size=12))
def test_names_stay_different_when_cleaned_and_cut(texts: list[str]) -> None:
    shown = safe_classes(texts)
    assert len(set(shown)) == len(texts)


def test_a_long_name_is_cut() -> None:
    assert safe_class("w" * 300) == "w" * 59 + "…"


def test_items_are_listed_as_in_a_sentence() -> None:
    assert words.listed(["a", "b", "c"]) == "a, b and c"
    assert words.listed(["a"]) == "a"


@pytest.mark.parametrize(
    ("written", "printed"),
    [
        ("-0.6 [-1.3, 0.1] points", "\u22120.6 [\u22121.3, 0.1] points"),
        ("l2-batch-9 and 5-6", "l2-batch-9 and 5-6"),
        ("+0.0 [-0.5, 1.5] and -0.00, not +0.05", "0.0 [\u22120.5, 1.5] and 0.00, not +0.05"),
        ("(p = 0.02) and (p < 0.001)", "(p\u00a0=\u00a00.02) and (p\u00a0<\u00a00.001)"),
        ("after epoch >=30", "after epoch ≥30"),
        ("best on \u202eevil", "best on  evil"),
        ("best on كلب and cat", "best on \u2068كلب\u2069 and cat"),
    ],
)
def test_a_sentence_in_ascii_is_printed_with_its_signs(written: str, printed: str) -> None:
    assert words.typeset(written) == printed
