"""Columns and rows put together to a table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from paribus.records.types import Integers
from paribus.tables.columns import COLUMNS


def categorical(numbers: Integers, names: Sequence[str]) -> pd.Categorical[str]:
    """A column of names, each row given by the name's number."""
    return pd.Categorical.from_codes(numbers, pd.Index(names))


def joined(table: str, parts: Iterable[dict[str, Any]], more: Iterable[str] = ()) -> pd.DataFrame:
    """The parts' rows one after another; columns of names stay categorical.

    Args:
        more: columns that the table has in this study alone, in the parts too.
    """
    frames = [pd.DataFrame(part) for part in parts]
    columns = dict.fromkeys([*COLUMNS[table], *more])
    whole = {name: _joined_column([frame[name] for frame in frames]) for name in columns if frames}
    return pd.DataFrame(whole, columns=list(columns))


def _joined_column(parts: list[pd.Series[Any]]) -> pd.Series[Any]:
    if isinstance(parts[0].dtype, pd.CategoricalDtype):
        return pd.Series(pd.api.types.union_categoricals(parts))
    return pd.concat(parts, ignore_index=True)
