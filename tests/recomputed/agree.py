"""Whether a table says what was recomputed, column by column."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

#: What is text for readers: its words are other tests' business.
SENTENCES = {"notes", "evidence", "says"}
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
    assert ours.index.tolist() == theirs.index.tolist()
    assert ours.index.is_unique
    for name in ours.columns.intersection(theirs.columns):
        _require_equal(name, ours[name], theirs[name])


def _by_key(frame: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    return frame.astype(dict.fromkeys(keys, object)).set_index(keys).sort_index()


def _require_equal(name: str, ours: pd.Series[Any], theirs: pd.Series[Any]) -> None:
    if pd.api.types.is_numeric_dtype(ours) and not pd.api.types.is_bool_dtype(ours):
        smallest = 0.0 if name == "p" or name.startswith("p_") else 1e-12
        one, other = ours.to_numpy(float), theirs.to_numpy(float)
        agrees = np.isclose(one, other, TOLERANCE, smallest, equal_nan=True)
        differing = [(at, *pair) for at, *pair in zip(ours.index, one, other)]
        wrong = [found for found, good in zip(differing, agrees, strict=True) if not good]
        assert not wrong, f"{name}, in the table and recomputed: {wrong}"
    else:
        one, other = (column.astype(object).where(column.notna(), None) for column in (ours, theirs))
        for at, said, meant in zip(one.index, one, other, strict=True):
            assert meant == said, f"{name} at {at}: {said!r} in the table, but {meant!r}"


def broken(table: pd.DataFrame, column: str) -> pd.DataFrame:
    """A copy in which one cell of the column says something else: the largest number, or a word."""
    copy = table.copy()
    known = copy[column].dropna()
    assert len(known), f"{column} is empty: nothing tests it"
    if pd.api.types.is_bool_dtype(known) or not pd.api.types.is_numeric_dtype(known):
        copy[column] = copy[column].astype(object)
        row, value = known.index[0], not known.iloc[0]
        copy.loc[row, column] = value if isinstance(known.iloc[0], bool) else "something else"
    else:
        row = known.abs().idxmax()
        copy[column] = copy[column].astype(float)
        copy.loc[row, column] += 3e-6 * max(abs(float(known[row])), 1e-6)
    return copy
