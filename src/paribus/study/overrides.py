"""A configuration with values set by dotted path, and all its values by dotted path."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any


def override(config: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of a plain configuration with values set by dotted path.

    A path that doesn't exist is created; validating the result finds misspelled ones.
    """
    result = copy.deepcopy(dict(config))
    for path, value in overrides.items():
        *sections, last = path.split(".")
        place = result
        for section in sections:
            inner = place.get(section)
            if not isinstance(inner, dict):
                # `network: lenet5` is short for `network: {kind: lenet5}`.
                inner = {"kind": inner} if isinstance(inner, str) else {}
                place[section] = inner
            place = inner
        place[last] = value
    return result


def flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of a nested configuration under its dotted path."""
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
