"""What is wrong at which key, in words: what came, what was expected, the nearest valid name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic_core import ErrorDetails

from paribus.study.section import SETTING_NAME

Location = tuple[str | int, ...]


@dataclass(frozen=True)
class Fault:
    """One thing wrong, at a path of keys (not yet of lines); `key`: the key itself is wrong."""

    at: Location
    message: str
    key: bool = False


def in_words(detail: ErrorDetails, names: Iterable[str] = ()) -> str:
    """Say one of pydantic's errors in Paribus's words; `names` are the valid keys beside it."""
    came, context = detail["input"], detail.get("ctx", {})
    match detail["type"]:
        case "extra_forbidden":
            return f"unknown key{nearest(str(detail['loc'][-1]), names)}"
        case "missing":
            return "missing, and there is no default"
        case "dict_type" | "model_type" | "model_attributes_type":
            return f"{short(came)} came; a mapping of keys is expected"
        case "string_pattern_mismatch" if context["pattern"] == SETTING_NAME:
            name = "a name of letters, digits, '.', '_' and '-', at most 64,"
            return f"{short(came)} came; {name} is expected"
        case "value_error":
            return f"{short(came)} came; {context['error']} is expected"
    expected = detail["msg"].removeprefix("Input should be ").replace("a valid ", "a ")
    expected = expected.replace("a integer", "a whole number").replace("a tuple", "a list")
    expected = expected.split(", unable")[0]
    return f"{short(came)} came; {expected} is expected"


def nearest(name: str, names: Iterable[str]) -> str:
    """What to add to "unknown name": the one probably meant, if any, and all valid ones."""
    names = list(names)
    close = difflib.get_close_matches(name, names, n=1)
    meant = f"; did you mean {close[0]!r}?" if close else ";"
    return f"{meant} Valid: {', '.join(names)}" if close else f"{meant} valid: {', '.join(names)}"


def unknown_settings(at: Location, test: Any, settings: list[str]) -> list[Fault]:
    """The settings that a claim's test speaks of and that there are not, each at its place."""
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
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
