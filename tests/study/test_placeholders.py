"""What stands in braces in a command, and how values are written there."""

import shlex
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paribus.study.placeholders import as_flags, as_hydra, filled, names_in, written


def test_names_are_found_in_their_order_and_two_braces_are_one() -> None:
    text = "python t.py {lr} {{print $1}} --{optimizer.name}={seed}"
    assert [*names_in(text)] == ["lr", "optimizer.name", "seed"]
    assert filled(text, lambda name: f"<{name}>") == (
        "python t.py <lr> {print $1} --<optimizer.name>=<seed>"
    )


@pytest.mark.parametrize("text", ["{", "a } b", "{a{b}", "}}}"])
def test_a_lone_brace_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a lone"):
        [*names_in(text)]


@given(st.text(st.sampled_from("{}ab "), max_size=12))
def test_whatever_is_accepted_is_filled_without_a_placeholder_left(text: str) -> None:
    try:
        names = [*names_in(text)]
    except ValueError:
        return
    asked: list[str] = []
    filled(text, lambda name: asked.append(name) or "x")  # type: ignore[func-returns-value]  # x
    assert asked == names


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "null"), (True, "true"), (False, "false"), (0.1, "0.1"), (3, "3"), ("a b", "a b"),
     ([1, "x", None], "[1,x,null]")],
)  # fmt: skip
def test_values_are_written_as_yaml_has_them(value: object, text: str) -> None:
    assert written(value) == text


def test_all_parameters_as_flags() -> None:
    parameters = {"lr": 0.1, "optimizer.weight_decay": 0, "layers": [1, 2], "name": None, "f": True}
    assert as_flags(parameters) == [
        *("--lr", "0.1", "--optimizer-weight-decay", "0"),
        *("--layers", "1", "2", "--f", "true"),
    ]


def test_all_parameters_for_hydra() -> None:
    assert as_hydra({"a.b": 1, "c": "two words", "d": None, "e": ["x", 2]}) == [
        "a.b=1", "c='two words'", "d=null", "e=[x,2]",
    ]  # fmt: skip


TEXTS = st.text(st.sampled_from(string.printable), min_size=0, max_size=20)


@given(st.lists(TEXTS | st.booleans() | st.integers() | st.none(), max_size=3) | TEXTS)
def test_hydra_reads_every_value_back(value: object) -> None:
    parser = pytest.importorskip("hydra.core.override_parser.overrides_parser")
    (text,) = as_hydra({"key": value})
    if "\n" in text or "\r" in text or "\x0b" in text or "\x0c" in text:
        return  # Hydra's grammar has no line breaks inside quotes
    (override,) = parser.OverridesParser.create().parse_overrides([text])
    assert _plain(override.value()) == value


def _plain(value: object) -> object:
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return getattr(value, "text", value)


@given(st.lists(TEXTS.filter(bool), min_size=1, max_size=4))
def test_what_a_shell_would_split_stays_one_word(words: list[str]) -> None:
    assert shlex.split(shlex.join(as_flags({"x": words}))) == ["--x", *words]
