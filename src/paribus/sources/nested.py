"""Nested values as trackers write them in JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic_core import from_json

#: How trackers write numbers that JSON doesn't have, where they write text instead.
_NAMED = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}


def parsed(content: bytes | str) -> Any:
    """The value of a JSON text in which NaN and Infinity may stand.

    Raises:
        ValueError: it isn't JSON, or is nested deeper than 200 levels.
    """
    return from_json(content, allow_inf_nan=True)


def dotted(tree: Mapping[str, Any], join: str = ".", before: str = "") -> Iterator[tuple[str, Any]]:
    """Each leaf of nested mappings and its dotted name; an empty mapping is a leaf."""
    for key, item in tree.items():
        if isinstance(item, dict) and item:
            yield from dotted(item, join, f"{before}{key}{join}")
        else:
            yield f"{before}{key}", item


def number(item: Any) -> float | None:
    """A logged value as a number; None where it is a text, an image, a table, ..."""
    if isinstance(item, str):
        return _NAMED.get(item)
    if isinstance(item, int | float):
        try:
            return float(item)
        except OverflowError:
            return float("inf") if item > 0 else float("-inf")
    return None
