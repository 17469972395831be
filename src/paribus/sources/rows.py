"""Runs from the columns of a table: a row per value, per run, or per step of a run."""

import itertools
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence

from paribus.errors import SourceError
from paribus.sources.cells import is_number
from paribus.sources.run import FoundRun, Points, Value
from paribus.sources.table import (
    AXES,
    INCIDENTAL,
    OTHER_SETTINGS,
    RUNS,
    SEEDS,
    SETTING,
    STATUS,
    STATUSES,
    Curves,
    Table,
)


def runs_of_table(table: Table) -> list[FoundRun]:
    """The runs of a table, in the order of their first rows.

    Raises:
        SourceError: a seed, a step or a value can't be understood, or stands twice.
    """
    if not len(table):
        return []
    metric, value = table.named(("metric",)), table.named(("value",))
    axis = table.named(AXES)
    if metric is not None and value is not None:
        return _long(table, metric, value, axis)
    if axis is not None and (groups := _repeated(table, axis)) is not None:
        return _curves(table, axis, groups)
    return [_run(table, [row], _metrics_of_row(table, row)) for row in range(len(table))]


# ---- a row per value ----------------------------------------------------------------------------


def _long(table: Table, metric: str, value: str, axis: str | None) -> list[FoundRun]:
    names, values = table.columns[metric], table.columns[value]
    if not set(map(type, values)) <= {int, float, type(None)}:
        row = next(row for row, cell in enumerate(values) if isinstance(cell, str | bool))
        raise SourceError(f"{table.at(row, value)}: expected a number, got {values[row]!r}")
    if percent := table.percent.get(value):
        _require_one_unit(table, metric, value, percent)
    points = Curves(table, axis)
    runs = []
    for rows in _groups(table, _identity(table, {metric, value, axis})):
        by_metric: dict[str, list[int]] = defaultdict(list)
        for row in rows:
            if values[row] is not None:
                by_metric[str(names[row])].append(row)
        metrics = {name: points.of(value, of) for name, of in by_metric.items()}
        runs.append(_run(table, rows, metrics, {metric, value, axis}))
    return runs


def _require_one_unit(table: Table, metric: str, value: str, percent: frozenset[int]) -> None:
    """Raise SourceError if a metric is in per cent in some rows and a plain number in others."""
    names, values = table.columns[metric], table.columns[value]
    units: dict[Value, tuple[bool, int]] = {}
    for row, name in enumerate(names):
        if values[row] is None:
            continue
        unit, first = units.setdefault(name, (row in percent, row))
        if unit != (row in percent):
            what = f"{name!r} is in per cent here and not in {table.at(first, value)}"
            raise SourceError(f"{table.at(row, value)}: {what}, or the other way round")


# ---- a row per step, or per run -----------------------------------------------------------------


def _repeated(table: Table, axis: str) -> list[list[int]] | None:
    """Rows of each run where they are steps of runs; None where each row is a run.

    They are steps if rows that agree in run, setting, seed and all words have several. Without
    any such column, the table is one run if its steps rise from row to row.
    """
    if keys := _step_keys(table):
        groups = list(_groups(table, keys))
        return groups if any(len(rows) > 1 for rows in groups) else None
    places = [place for place in table.columns[axis] if isinstance(place, int | float)]
    rising = all(place < following for place, following in itertools.pairwise(places))
    return [list(range(len(table)))] if rising and len(places) > 1 else None


def _curves(table: Table, axis: str, groups: list[list[int]]) -> list[FoundRun]:
    """Runs of several rows; a column that varies within one was measured."""
    kept = {*_step_keys(table), axis}
    varied = [name for name in table.columns if name not in kept and _varies(table, name, groups)]
    points, runs = Curves(table, axis), []
    for rows in groups:
        logged = {
            name: [row for row in rows if is_number(table.columns[name][row])] for name in varied
        }
        metrics = {name: points.of(name, of) for name, of in logged.items() if of}
        runs.append(_run(table, rows, metrics, {axis, *varied}))
    return runs


def _varies(table: Table, name: str, groups: Iterable[Sequence[int]]) -> bool:
    cells = table.columns[name]
    return any(len({cells[row] for row in rows}) > 1 for rows in groups)


def _step_keys(table: Table) -> list[str]:
    """The columns by which steps belong to one run: its names, and all columns of words."""
    named = {table.named(RUNS), setting_column(table), table.named(SEEDS)}
    ended = status_column(table)
    return [
        name
        for name, cells in table.columns.items()
        if name in named
        or (
            name.lower() not in INCIDENTAL
            and name != ended
            and any(isinstance(cell, str) for cell in cells)
        )
    ]


def _metrics_of_row(table: Table, row: int) -> dict[str, Points]:
    """Each number of a row, as one point; it may be a metric or a parameter."""
    seed = table.named(SEEDS)
    numbers = {
        name: float(value)
        for name, cells in table.columns.items()
        if name != seed and isinstance(value := cells[row], int | float) and is_number(value)
    }
    kept = (item for item in numbers.items() if not (table.missing and item[1] != item[1]))
    return {name: Points.of([(0, value)]) for name, value in kept}


# ---- runs ---------------------------------------------------------------------------------------


def _identity(table: Table, measured: set[str | None]) -> list[str]:
    """All columns but those of values, and those that differ by the way."""
    return [
        name for name in table.columns
        if name not in (*measured, status_column(table)) and name.lower() not in INCIDENTAL
    ]  # fmt: skip


def setting_column(table: Table) -> str | None:
    """The column that says the setting: `setting`, or the one alone that may mean it."""
    if (said := table.named((SETTING,))) is not None:
        return said
    others = [name for name in map(table.named, zip(OTHER_SETTINGS)) if name is not None]
    return others[0] if len(others) == 1 else None


def _groups(table: Table, keys: Sequence[str]) -> Iterator[list[int]]:
    """Rows with equal values in all these columns."""
    groups: dict[Hashable, list[int]] = defaultdict(list)
    cells: Iterable[Hashable] = zip(*(table.columns[key] for key in keys), strict=True)
    for row, key in enumerate(cells if keys else [()] * len(table)):
        groups[key].append(row)
    yield from groups.values()


def _run(
    table: Table,
    rows: Sequence[int],
    metrics: Mapping[str, Points],
    measured: set[str | None] | frozenset[str | None] = frozenset(),
) -> FoundRun:
    """The run of these rows; its configuration is what their other columns agree on."""
    first, ended = rows[0], status_column(table)
    config = {
        name: cells[first]
        for name, cells in table.columns.items()
        if name not in measured and name != ended and len({cells[row] for row in rows}) == 1
    }
    # A model or method is one parameter among others; only `setting` says what a setting is.
    setting, seed, title = table.named((SETTING,)), table.named(SEEDS), table.named(RUNS)
    shares = [
        f"{name} is in per cent in {table.source}: read as shares, 46.3 % as 0.463"
        for name, percent in table.percent.items()
        if not percent.isdisjoint(rows)
    ]
    line = f":{table.lines[first]}" if table.lines else f": row {first + 1}"
    return FoundRun(
        name=f"{table.source}{line}",
        title=text_at(table, title, first),
        status=STATUSES[text_at(table, ended, rows[-1]).lower()] if ended else "unknown",
        config=config,
        metrics=metrics,
        setting=text_at(table, setting, first) or None,
        seed=None if seed is None else seed_at(table, seed, first),
        files=table.files,
        lost=table.lost,
        notes=tuple(shares),
    )


def status_column(table: Table) -> str | None:
    """The column that says how runs ended, if it says so of all."""
    column = table.named(STATUS)
    if column is None:
        return None
    told = {str(value).lower() for value in table.columns[column]}
    return column if told <= STATUSES.keys() else None


def text_at(table: Table, column: str | None, row: int) -> str:
    """What stands in a row, as text; "" where nothing does or there is no such column."""
    value = None if column is None else table.columns[column][row]
    return "" if value is None else str(value)


def seed_at(table: Table, column: str, row: int) -> int | None:
    """The seed of a row; raises SourceError if it is no whole number."""
    value = table.columns[column][row]
    if value is None or value != value:
        return None
    try:
        seed = int(value)
    except (ValueError, OverflowError):
        seed = None
    if seed is None or isinstance(value, bool) or (is_number(value) and seed != value):
        raise SourceError(f"{table.at(row, column)}: expected a whole number, got {value!r}")
    return seed


def columns_of(rows: Sequence[Mapping[str, Value]]) -> dict[str, list[Value]]:
    """Name -> the values of all rows, None where one has none."""
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name) for row in rows] for name in names}
