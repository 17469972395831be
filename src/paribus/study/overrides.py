"""A configuration with values set by dotted path, and how two configurations differ."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any


def override(config: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of a plain configuration with values set by dotted path.

    A path that doesn't exist is created; validating the result finds the misspelt ones.
    """
    result = copy.deepcopy(dict(config))
    for path, value in overrides.items():
        *sections, last = path.split(".")
        place = result
        for section in sections:
            place = _open_section(place, section)
        place[last] = value
    return result


def _open_section(place: dict[str, Any], name: str) -> dict[str, Any]:
    inner = place.get(name)
    if not isinstance(inner, dict):
        # `network: lenet5` is short for `network: {kind: lenet5}`.
        inner = {"kind": inner} if isinstance(inner, str) else {}
        place[name] = inner
    return inner


def flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of a nested configuration under its dotted path."""
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
