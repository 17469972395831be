"""What is wrong at which key: what was expected, what is there, the nearest valid name."""

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic_core import ErrorDetails

from paribus.study.config import SETTING_NAME

Location = tuple[str | int, ...]

#: Valid names that a message lists, and among which it looks for the one meant.
MOST_NAMED = 100

#: Keys of older versions.
RENAMED = {"measure": "metric", "colour": "color", "grey": "gray"}
#: pydantic's words, and a user's.
_PLAIN = {
    "a valid integer": "an integer",
    "a valid string": "text",
    "a valid boolean": "true or false",
    "a valid tuple": "a list",
    "a valid ": "a ",
    "greater than": "a number greater than",
    "less than": "a number less than",
}


#: What YAML 1.1 took for true and false, and YAML 1.2 takes for text.
BOOLEANS = dict.fromkeys(("yes", "on", "y"), "true") | dict.fromkeys(("no", "off", "n"), "false")
_NUMBER = re.compile(r"[-+]?[0-9]*\.?[0-9]+(e[-+]?[0-9]+)?", re.IGNORECASE)


@dataclass(frozen=True)
class Fault:
    """One thing wrong, at a path of keys (not yet of lines); `key`: the key itself is wrong."""

    at: Location
    message: str
    key: bool = False


def in_words(detail: ErrorDetails, names: Iterable[str] = ()) -> str:
    """One of pydantic's errors in Paribus's words; `names` are the valid keys beside it."""
    context = detail.get("ctx", {})
    match detail["type"]:
        case "extra_forbidden":
            key = str(detail["loc"][-1])
            new = RENAMED.get(key)
            return f"renamed: write {new}" if new else f"unknown key {key!r}{nearest(key, names)}"
        case "missing":
            return "missing, and there is no default"
        case "dict_type" | "model_type" | "model_attributes_type":
            expected = "a mapping of keys"
        case "string_pattern_mismatch" if context["pattern"] == SETTING_NAME:
            expected = "a name of at most 64 letters, digits, '.', '_', '-', '=', '+' and ','"
        case "value_error":
            expected = str(context["error"])
        case _:
            expected = _expected(detail["msg"])
    value = detail["input"]
    return f"expected {expected}, got {short(value)}{_instead(expected, value)}"


def _instead(expected: str, value: Any) -> str:
    """How to write what was probably meant; "" where that isn't clear."""
    match value:
        case str() if expected == "true or false" and value.lower() in BOOLEANS:
            return f"; write {BOOLEANS[value.lower()]}"
        case str() if expected in ("a number", "an integer") and _NUMBER.fullmatch(value):
            return "; write it without quotes"
        case bool() | int() | float() if expected == "text":
            return f"; to make it text, write it in quotes: '{str(value).lower()}'"
        case [{}, *_] if expected == "a mapping of keys":
            return "; write its keys without '-'"
    return ""


def _expected(message: str) -> str:
    """What is expected, from "Input should be ..." or "String should have at most ..."."""
    text = re.sub(r"^\w+ should (be|have) |( after validation)?, (unable|not|got) .*$", "", message)
    for start, word in _PLAIN.items():
        if text.startswith(start):
            return word + text.removeprefix(start)
    return text


def nearest(name: str, names: Iterable[str]) -> str:
    """What to add to "unknown name": the one probably meant, if any, and the first valid ones."""
    first = list(names)[:MOST_NAMED]
    hint = meant(name, first)
    valid = ", ".join(first) + (", ..." if len(first) == MOST_NAMED else "")
    return f"{hint} Valid: {valid}" if hint else f"; valid: {valid}"


def meant(name: str, names: Iterable[str]) -> str:
    """What to add to an error: the name probably meant; nothing if none is close."""
    close = difflib.get_close_matches(name, names, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def unknown_settings(at: Location, test: Any, settings: list[str]) -> list[Fault]:
    """The settings named in a claim's test that don't exist, each at its place."""
    if not isinstance(test, Mapping):
        return []
    named: list[tuple[str, Any]] = [(key, test.get(key)) for key in ("setting", "against")]
    for key in ("within", "order", "settings"):
        values = test.get(key)
        if isinstance(values, list | tuple | Mapping):
            named += [(key, value) for value in values]
    return [
        Fault((*at, key), f"no setting is called {name!r}{nearest(name, settings)}")
        for key, name in named
        if isinstance(name, str) and name not in settings
    ]


def short(value: Any) -> str:
    """A value as a message shows it, cut where it is long."""
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
