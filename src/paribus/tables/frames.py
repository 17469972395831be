"""Tables put together from columns, and written as CSV."""

from __future__ import annotations

import gzip
import io
import re
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from paribus.records.types import Integers
from paribus.tables.columns import COLUMNS

#: What begins a formula, in its wide form too, as East Asian spreadsheets take it.
_SIGNS = "[=+\\-@\uff1d\uff0b\uff0d\uff20]"
#: Where a spreadsheet would begin one: at the front of a text, and behind what ends a line, or a
#: cell in countries whose numbers have commas.
_FIRST, _INNER = re.compile(rf"\s*{_SIGNS}|[\t\r\n]"), re.compile(rf"([;\t\r\n])(?={_SIGNS})")

#: What pandas reads as a missing number, and R of it "NA"; an empty text is left empty.
_MISSING = {"NA", "N/A", "n/a", "<NA>", "#N/A", "#N/A N/A", "#NA", "NULL", "null", "None"}
_MISSING |= {"NaN", "nan", "1.#IND", "1.#QNAN"}


def categorical(numbers: Integers, names: Sequence[str]) -> pd.Categorical[str]:
    """A column of names, each row given by the name's number."""
    return pd.Categorical.from_codes(numbers, pd.Index(names))


def joined(table: str, parts: Iterable[dict[str, Any]], more: Iterable[str] = ()) -> pd.DataFrame:
    """The parts' rows one after another, names categorical; `more` are this study's columns."""
    frames = [pd.DataFrame(part) for part in parts]
    columns = dict.fromkeys([*COLUMNS[table], *more])
    whole = {name: _joined_column([frame[name] for frame in frames]) for name in columns if frames}
    return pd.DataFrame(whole, columns=list(columns))


def _joined_column(parts: list[pd.Series[Any]]) -> pd.Series[Any]:
    if isinstance(parts[0].dtype, pd.CategoricalDtype):
        return pd.Series(pd.api.types.union_categoricals(parts))
    return pd.concat(parts, ignore_index=True)


def to_csv(frame: pd.DataFrame) -> bytes:
    """A table as RFC 4180 has it, in UTF-8, every number exact when read back.

    Text that a spreadsheet would run as a formula, or that reads back as a missing number, gets
    a single quote before it. A table with more than ASCII begins with the signature of UTF-8,
    without which spreadsheets garble it; ASCII needs none, and some readers don't know it.
    """
    text = {
        str(name): _protected(column)
        for name, column in frame.items()
        if not pd.api.types.is_numeric_dtype(column.dtype)
    }
    guarded = frame.assign(**text).rename(columns=_guard)
    written: str = guarded.to_csv(index=False, lineterminator="\r\n")
    return written.encode("ascii" if written.isascii() else "utf-8-sig")


def to_csv_gz(frame: pd.DataFrame) -> bytes:
    """`to_csv` compressed, without a date, so that equal tables give equal bytes."""
    packed = io.BytesIO()
    # The last three levels take three times as long for a hundredth of the size.
    with gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=packed, mtime=0) as file:
        file.write(to_csv(frame))
    return packed.getvalue()


def _protected(column: pd.Series[Any]) -> pd.Series[Any]:
    # Of a column of names, `map` looks at each name once, however many rows there are.
    return column.map(lambda text: _protect(text) if isinstance(text, str) else text)


def _protect(text: str) -> str:
    """A single quote before what would run, or would be read as missing."""
    return f"'{text}" if text in _MISSING else _guard(text)


def _guard(text: str) -> str:
    """A single quote before what would run."""
    text = _INNER.sub(r"\1'", text)
    return f"'{text}" if _FIRST.match(text) else text
