"""Predictions of runs: a table `id, label, prediction[, p_<class>...]`, or NumPy's `.npz`.

A table with columns `setting` and `seed` has the predictions of several runs.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from paribus.errors import SourceError
from paribus.io.reading import is_folder
from paribus.sources import predictions_npz
from paribus.sources.cells import NotationError, decimals_of, is_number, read_cells
from paribus.sources.classes import predictions_of
from paribus.sources.files import beginning, is_file, name_of
from paribus.sources.grid import Grid, header_of, read_table
from paribus.sources.predictions_npz import IDS, LABELS, PATHS, PREDICTED
from paribus.sources.rows import seed_at, setting_column, text_at
from paribus.sources.run import FoundRun, Reader
from paribus.sources.table import SEEDS, Table

#: The columns of probabilities have one of these and the name of the class.
PREFIXES = ("p_", "prob_")
_TABLES = (".csv", ".tsv")


def read_predictions(path: Path) -> list[FoundRun]:
    """The runs whose predictions a file has: one, or one of each setting and seed that it names.

    Raises:
        SourceError: it can't be read, or isn't a table or an archive of predictions.
        ReadError: it can't be read now.
    """
    if path.suffix.lower() == ".npz":
        predictions, lost = predictions_npz.read(path)
        return [FoundRun(name_of(path), predictions=predictions, files=(path,), lost=lost)]
    return _of_table(read_table(path))


def recognizes(path: Path) -> bool:
    """Whether a table has its columns or its name, or an archive has its arrays."""
    if is_folder(path) or not is_file(path):
        return False
    kind, named = path.suffix.lower(), path.name.lower().startswith("predictions")
    if kind == ".npz":
        return named or predictions_npz.recognizes(path)
    header = header_of(beginning(path)) if kind in _TABLES else ()
    return len(header) > 1 and (named or all(_first(header, names) for names in _NEEDED.values()))


_NEEDED = {"id": (*IDS, *PATHS), "label": LABELS, "prediction": PREDICTED}


def _first(header: Sequence[str], names: Sequence[str]) -> str | None:
    """The column with the first of these names that is there, in letters of any size."""
    known = {name.lower(): name for name in reversed(header)}
    return next((known[name] for name in names if name in known), None)


def _of_table(grid: Grid) -> list[FoundRun]:
    ids, labels, predicted = (_column(grid, what) for what in _NEEDED)
    path = _first(grid.header, PATHS)
    paths = [] if path is None else list(map(str.strip, grid.columns[path]))
    classes, probabilities = _probabilities(grid)
    table = _runs_of(grid)
    setting, seed = setting_column(table), table.named(SEEDS)
    runs = []
    for rows in _groups(table, len(grid.lines)):
        own = FoundRun(
            name=name_of(grid.path) + (f":{grid.lines[rows[0]]}" if setting or seed else ""),
            predictions=predictions_of(
                [ids[row] for row in rows],
                [labels[row] for row in rows],
                [predicted[row] for row in rows],
                classes,
                None if probabilities is None else probabilities[rows],
                [paths[row] for row in rows] if paths else (),
                partial(_line, grid, rows),
            ),
            setting=text_at(table, setting, rows[0]) or None,
            seed=None if seed is None else seed_at(table, seed, rows[0]),
            files=(grid.path,),
        )
        runs.append(own)
    if not runs:
        raise SourceError(f"{grid.path}: has a header and no predictions")
    return runs


def _line(grid: Grid, rows: Sequence[int], row: int) -> str:
    return f"{grid.path}:{grid.lines[rows[row]]}"


def _column(grid: Grid, what: str) -> list[str]:
    name = _first(grid.header, _NEEDED[what])
    if name is None:
        names = ", ".join(grid.header[:8])
        known = ", ".join(_NEEDED[what])
        raise SourceError(f"{grid.path}:1: no column {what} ({known}); there are {names}")
    known_texts = {text: text.strip() for text in set(grid.columns[name])}
    return list(map(known_texts.__getitem__, grid.columns[name]))


def _probabilities(grid: Grid) -> tuple[list[str] | None, npt.NDArray[np.float64] | None]:
    """The classes that columns are named after, and their (n, classes) numbers."""
    for prefix in PREFIXES:
        names = [name for name in grid.header if name.lower().startswith(prefix)]
        if names:
            break
    else:
        return None, None
    texts = itertools.chain.from_iterable(grid.columns[name] for name in names)
    decimals = decimals_of(texts if grid.delimiter != "," else (), grid.delimiter)
    values = np.empty((len(grid.lines), len(names)))
    for number, name in enumerate(names):
        try:
            cells = read_cells(grid.columns[name], decimals).values
        except NotationError as error:
            raise SourceError(f"{_at(grid, error.row, name)}: {error}") from None
        for row, cell in enumerate(cells):
            if not is_number(cell):
                text = grid.columns[name][row]
                raise SourceError(f"{_at(grid, row, name)}: expected a probability, got {text!r}")
        values[:, number] = cells
    return [name[len(prefix) :].strip() for name in names], values


def _at(grid: Grid, row: int, column: str) -> str:
    return f"{grid.path}:{grid.lines[row]}: column {column!r}"


def _runs_of(grid: Grid) -> Table:
    """Of a table, the columns that say which run a row is of."""
    own = {_first(grid.header, names) for names in _NEEDED.values()} | {_first(grid.header, PATHS)}
    columns = {
        name: read_cells(column).values if name.lower() in SEEDS else column
        for name, column in grid.columns.items()
        if name not in own
    }
    return Table(grid.path.as_posix(), columns, grid.lines)


def _groups(table: Table, rows: int) -> list[list[int]]:
    """The rows of each setting and seed."""
    names = [setting_column(table), table.named(SEEDS)]
    keys = [table.columns[name] for name in names if name is not None]
    if not keys:
        return [list(range(rows))] if rows else []
    groups: dict[object, list[int]] = defaultdict(list)
    for row, key in enumerate(zip(*keys, strict=True)):
        groups[key].append(row)
    return list(groups.values())


READER = Reader("predictions (CSV, .npz)", recognizes, read_predictions)
