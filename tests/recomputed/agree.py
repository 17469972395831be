"""Whether a table says what was recomputed, column by column."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

#: What is text for readers: its words are other tests' business.
SENTENCES = {"notes", "evidence", "says", "planned"}
TOLERANCE = 1e-6


def require_equal(
    table: pd.DataFrame, expected: pd.DataFrame, keys: list[str], without: set[str] | None = None
) -> None:
    """Refuse a table that has other rows, a column nobody recomputed, or another number.

    Numbers agree to 1e-6 of their size, p values however small they are; `without` are columns of
    the table that can't be recomputed to so many digits.
    """
    unknown = set(table.columns) - set(expected.columns) - SENTENCES - (without or set())
    assert not unknown, f"recomputed by nobody: {sorted(unknown)}"
    ours, theirs = (_by_key(frame, keys) for frame in (table, expected))
    assert ours.index.tolist() == theirs.index.tolist(), f"other rows by {keys}"
    assert ours.index.is_unique, f"a row twice by {keys}"
    for name in ours.columns.intersection(theirs.columns):
        _require_equal(name, ours[name], theirs[name])


def _by_key(frame: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    return frame.astype(dict.fromkeys(keys, object)).set_index(keys).sort_index()


def _require_equal(name: str, ours: pd.Series[Any], theirs: pd.Series[Any]) -> None:
    if pd.api.types.is_numeric_dtype(ours) and not pd.api.types.is_bool_dtype(ours):
        smallest = 0.0 if name == "p" or name.startswith("p_") else 1e-12
        one, other = ours.to_numpy(float), theirs.to_numpy(float)
        agrees = np.isclose(one, other, TOLERANCE, smallest, equal_nan=True)
        cells = zip(ours.index, one, other, agrees, strict=True)
        wrong = [cell[:3] for cell in cells if not cell[3]]
        assert not wrong, f"{name}, in the table and recomputed: {wrong}"
    else:
        words = (column.astype(object).where(column.notna(), None) for column in (ours, theirs))
        for at, said, meant in zip(ours.index, *words, strict=True):
            assert meant == said, f"{name} at {at}: {said!r} in the table, but {meant!r}"


def broken(table: pd.DataFrame, column: str) -> pd.DataFrame:
    """A copy in which one cell of the column says something else: the largest number, or a word."""
    copy = table.copy()
    known = copy[column].dropna()
    assert len(known), f"{column} is empty: nothing tests it"
    if pd.api.types.is_bool_dtype(known) or not pd.api.types.is_numeric_dtype(known):
        value = known.iloc[0]
        other: Any = not value if isinstance(value, bool) else "something else"
        copy[column] = copy[column].astype(object)
        copy.loc[[known.index[0]], column] = other
    else:
        at = int(np.argmax(np.abs(known.to_numpy(float))))
        size = float(known.iloc[at])
        copy[column] = copy[column].astype(float)
        copy.loc[[known.index[at]], column] = size + 3e-6 * max(abs(size), 1e-6)
    return copy
