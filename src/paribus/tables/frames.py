"""Tables put together from columns, and written as CSV."""

from __future__ import annotations

import gzip
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from paribus.tables.columns import COLUMNS

#: What begins a formula, in its wide form too, as East Asian spreadsheets take it.
_SIGNS = "[=+\\-@\uff1d\uff0b\uff0d\uff20]"
#: Where a spreadsheet would begin one: at the front of a text, and behind what ends a line, or a
#: cell in countries whose numbers have commas.
_FIRST, _INNER = re.compile(rf"\s*{_SIGNS}|[\t\r\n]"), re.compile(rf"([;\t\r\n])(?={_SIGNS})")

#: What pandas reads as a missing number, and R of it "NA"; an empty text is left empty.
_MISSING = {"NA", "N/A", "n/a", "<NA>", "#N/A", "#N/A N/A", "#NA", "NULL", "null", "None"}
_MISSING |= {"NaN", "nan", "1.#IND", "1.#QNAN"}


@dataclass(frozen=True)
class Names:
    """A column of names: each row (n,) has the number of its name, -1 where it has none."""

    numbers: npt.NDArray[np.integer]
    names: Sequence[str]


def joined(table: str, parts: Sequence[dict[str, Any]], more: Iterable[str] = ()) -> pd.DataFrame:
    """The parts' rows one after another, names categorical; `more` are this study's columns.

    A part has an array (n,), a list or `Names` for each column. It becomes no table of its own:
    there is one part a run, and ten thousand tables would take half a minute.
    """
    columns = dict.fromkeys([*COLUMNS[table], *more])
    whole = {name: _joined_column([part[name] for part in parts]) for name in columns if parts}
    return pd.DataFrame(whole, columns=list(columns))


def _joined_column(parts: Sequence[Any]) -> Any:
    match parts[0]:
        case Names():
            return _joined_names(parts)
        case list():
            return [*chain.from_iterable(parts)]
    return np.concatenate(parts)


def _joined_names(parts: Sequence[Names]) -> pd.Categorical[str]:
    """All names in the order in which the parts have them."""
    number = {name: n for n, name in enumerate(dict.fromkeys(n for p in parts for n in p.names))}
    # What is behind the last name is what -1 finds.
    codes = [np.array([*map(number.get, p.names), -1])[p.numbers] for p in parts]
    return pd.Categorical.from_codes(np.concatenate(codes), pd.Index([*number]))


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
    return column.map(lambda text: protect(text) if isinstance(text, str) else text)


def protect(text: str) -> str:
    """A single quote before what would run, or would be read as missing."""
    return f"'{text}" if text in _MISSING else _guard(text)


def _guard(text: str) -> str:
    """A single quote before what would run."""
    text = _INNER.sub(r"\1'", text)
    return f"'{text}" if _FIRST.match(text) else text
