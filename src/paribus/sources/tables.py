"""Tables of runs that people keep: CSV in its dialects, TSV, Parquet, and pandas' frames.

A table is long (`setting, seed, metric, value`, and `step` or `epoch` if there are curves) or wide,
a row per run or per step. What in a wide table is a metric and what a parameter can't be
known: each column stands in `config`, and each number of it in `metrics` too.
"""

import io
import itertools
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from paribus.errors import SourceError, first_line
from paribus.sources import table
from paribus.sources.cells import Cells, NotationError, decimals_of, read_cells
from paribus.sources.files import beginning, content
from paribus.sources.grid import MOST_CELLS, MOST_COLUMNS, Grid, header_of, read_table
from paribus.sources.rows import runs_of_table
from paribus.sources.run import FoundRun, Reader, Value
from paribus.sources.table import (
    OTHER_SETTINGS,
    RUNS,
    SETTING,
    Table,
)

#: Bytes of a Parquet file.
LARGEST = 256_000_000
#: These stay text: a setting may be named 1e3, nan or None.
_NAMES = {SETTING, *OTHER_SETTINGS, *RUNS, "metric"}


def runs_of_frame(frame: pd.DataFrame, source: str = "frame") -> list[FoundRun]:
    """The runs of a frame, long or wide; `source` is what runs and messages are named after.

    Raises:
        SourceError: two columns have one name, or a cell can't be understood.
    """
    return runs_of_table(_table(frame, source))


def _table(frame: pd.DataFrame, source: str, files: tuple[Path, ...] = ()) -> Table:
    names = [str(name).strip() for name in frame.columns]
    _require_different(names, source)
    if len(names) > MOST_COLUMNS or frame.size > MOST_CELLS:
        most = f"{MOST_COLUMNS:,} columns and {MOST_CELLS:,} cells"
        raise SourceError(f"{source}: at most {most} can be read")
    columns = {
        name: _values(frame.iloc[:, number], text=name.lower() in _NAMES)
        for number, name in enumerate(names)
    }
    return Table(source, columns, missing=True, files=files)


def _values(column: "pd.Series[Any]", text: bool) -> list[Value]:
    return [_plain(cell, text) for cell in column.astype(object)]


def _plain(cell: Any, text: bool) -> Value:
    """A cell of a frame as a plain value; NaN stays NaN, and other missing values are None."""
    if isinstance(cell, np.generic):
        cell = cell.item()
    if cell is None or cell is pd.NA or cell is pd.NaT:
        return None
    if isinstance(cell, float) and math.isnan(cell):
        return None if text else math.nan  # one object, so that equal keys are equal
    return cell if isinstance(cell, str | int | float) and not text else str(cell)


def read(path: Path) -> Sequence[FoundRun]:
    """The runs of a table in a file."""
    if path.suffix.lower() in (".parquet", ".pq"):
        return runs_of_table(_parquet(path))
    grid = read_table(path)
    columns = grid.columns
    texts = set(itertools.chain.from_iterable(columns.values())) if grid.delimiter != "," else ()
    decimals = decimals_of(texts, grid.delimiter)
    cells: dict[str, Cells] = {}
    for name, column in columns.items():
        try:
            named = name.lower() in _NAMES
            cells[name] = _as_text(column) if named else read_cells(column, decimals)
        except NotationError as error:
            raise SourceError(f"{_place(grid, error.row, name)}: {error}") from None
    found = Table(
        path.as_posix(),
        {name: of.values for name, of in cells.items()},
        grid.lines,
        {name: of.percent for name, of in cells.items() if of.percent},
        files=(path,),
    )
    for name in found.percent if "metric" not in map(str.lower, columns) else ():
        _require_one_unit(found, name)
    return runs_of_table(found)


def _as_text(column: Sequence[str]) -> Cells:
    known: dict[str, Value] = {text: text.strip() or None for text in set(column)}
    return Cells(list(map(known.__getitem__, column)))


def _place(grid: Grid, row: int, column: str) -> str:
    return f"{grid.path}:{grid.lines[row]}: column {column!r}"


def _require_one_unit(found: Table, name: str) -> None:
    """Raise SourceError if a column has per cent in some rows and plain numbers in others."""
    for row, value in enumerate(found.columns[name]):
        if isinstance(value, int | float) and value == value and row not in found.percent[name]:
            other = found.at(min(found.percent[name]), name)
            raise SourceError(f"{found.at(row, name)}: not in per cent, unlike {other}")


def _parquet(path: Path) -> Table:
    raw = content(path, LARGEST)
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile
    except ImportError:
        what = "Parquet needs pyarrow, which isn't installed"
        raise SourceError(f"{path}: {what}; pip install 'paribus[parquet]'") from None
    try:
        file = ParquetFile(io.BytesIO(raw))
        facts = file.metadata
        if facts.num_rows * facts.num_columns > MOST_CELLS or facts.num_columns > MOST_COLUMNS:
            raise SourceError(f"{path}: more than {MOST_CELLS:,} cells or {MOST_COLUMNS:,} columns")
        size = sum(facts.row_group(group).total_byte_size for group in range(facts.num_row_groups))
        if size > LARGEST:
            raise SourceError(f"{path}: unpacks to {size:,} bytes, at most {LARGEST:,} are read")
        return _arrow(file.read(), path)
    except (ArrowException, OSError, ValueError) as error:
        raise SourceError(f"{path}: not Parquet that can be read: {first_line(error)}") from None


def _arrow(found: Any, path: Path) -> Table:
    """Columns of a pyarrow table, in which nothing and NaN differ; nested ones are their text."""
    names = [str(name).strip() for name in found.column_names]
    _require_different(names, str(path))
    columns = {
        name: [_plain(cell, name.lower() in _NAMES) for cell in found.column(number).to_pylist()]
        for number, name in enumerate(names)
        if not name.startswith("__index_level_")
    }
    return Table(path.as_posix(), columns, files=(path,))


def _require_different(names: Sequence[str], source: str) -> None:
    if twice := [name for number, name in enumerate(names) if name in names[:number]]:
        raise SourceError(f"{source}: two columns are named {twice[0]!r}")


def recognizes(path: Path) -> bool:
    """Whether it is a table by the end of its name, and has a header."""
    kind = path.suffix.lower()
    if path.name.lower().startswith("predictions"):  # of one run's images
        return False
    if kind in (".parquet", ".pq"):
        return beginning(path)[:4] == b"PAR1"
    return kind in (".csv", ".tsv") and len(header_of(beginning(path))) > 1


def tells_of_runs(path: Path) -> bool:
    """Whether the names of its columns are those of a table of runs."""
    if path.suffix.lower() in (".parquet", ".pq"):
        return table.tells_of_runs(name.lower() for name in _parquet(path).columns)
    return table.tells_of_runs(header_of(beginning(path)))


READER = Reader("a table (CSV, TSV, Parquet)", recognizes, read, tells_of_runs)
