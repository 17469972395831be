"""Values, names and sentences as readers see them; names do no harm."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paribus.names import in_print, printable, safe_class, safe_classes, safe_name
from paribus.narrative import words


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (1e-5, "0.00001"),
        (0.001, "0.001"),
        (0.5, "0.5"),
        (1e-9, "1e-09"),
        (0.0, "0"),
        (True, "yes"),
        (("conv*", "fc*"), "conv* and fc*"),
        ([0.9, 0.999], "0.9 and 0.999"),
        ((), words.NONE),
    ],
)
def test_values_of_a_study_are_written_plainly(value: object, written: str) -> None:
    assert words.value(value) == written


@given(st.text())
def test_a_name_has_no_control_characters_and_is_never_empty(text: str) -> None:
    shown = safe_name(text)
    assert shown.strip()
    assert not set(shown) & set("\n\r\t\u202e\u2067\u0000\x1b")


def test_what_controls_breaks_turns_or_joins_is_shown_by_its_code() -> None:
    assert safe_name("a\x1b[2Jb") == r"a\x1b[2Jb"
    assert safe_name("a\u202eb\u2066c\u200dd") == r"a\u202eb\u2066c\u200dd"
    assert printable("a\nb\u2028c\ud800d\x9b") == r"a\nb\u2028c\ud800d\x9b"
    assert printable("犬 chât\u00a0é") == "犬 chât\u00a0é"


@given(st.text())
def test_what_is_printable_stays_as_it_is(text: str) -> None:
    assert printable(printable(text)) == printable(text)


def test_words_from_right_to_left_are_isolated_in_print() -> None:
    assert in_print("a كلب كبير b") == "a \u2068كلب كبير\u2069 b"
    assert in_print("\u2068a\u2069") == r"\u2068a\u2069"  # a stranger's own are shown


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
        ("best on \u202eevil", r"best on \u202eevil"),
    ],
)
def test_a_sentence_in_ascii_is_printed_with_its_signs(written: str, printed: str) -> None:
    assert words.typeset(written) == printed
