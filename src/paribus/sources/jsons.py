"""Runs in JSON: a list of rows, JSON Lines, or one run a file, as scripts write them.

A row is what it is in a table. It may be nested: `{"optimizer": {"lr": 0.1}}` has the column
`optimizer.lr`. In a file of one run, a list of numbers is what was logged step by step.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from paribus.errors import SourceError
from paribus.sources import table
from paribus.sources.cells import is_number
from paribus.sources.configs import LARGEST_JSON, flat, parse_json, read_json
from paribus.sources.files import beginning, content
from paribus.sources.rows import columns_of, runs_of_table
from paribus.sources.run import FoundRun, Points, Reader, Value
from paribus.sources.table import Table

_LINES = (".jsonl", ".ndjson")
#: What a run's configuration is called, as a file, which isn't a run, or as a part of one.
_CONFIGURATIONS = ("config", "hparams", "args", "params", "settings", "options", "parameters")
_KEY = re.compile(rb'"([^"\\\n]*)"\s*:')


def read(path: Path) -> Sequence[FoundRun]:
    """The runs in a file of rows."""
    if path.suffix.lower() in _LINES:
        return _runs(path, *_of_lines(path))
    values = read_json(path)
    if isinstance(values, Mapping):
        return [_of_one(values, path)]
    if not isinstance(values, list):
        raise SourceError(f"{path}: expected a list of rows, as [{{...}}, {{...}}], or one run")
    rows = [_row(value, f"{path}: row {number}") for number, value in enumerate(values, start=1)]
    return _runs(path, rows, [])


def _of_one(values: Mapping[str, Any], path: Path) -> FoundRun:
    """The run of a file: its numbers, and its lists of numbers as curves over steps from 1."""
    logged = {name: of for name, of in _lists(values, "") if len(of) > 1}
    row = {name: value for name, value in flat(values).items() if name not in logged}
    found = _runs(path, [row], [])[0] if row else FoundRun(name="", files=(path,))
    curves = {name: Points.of(enumerate(map(float, of), start=1)) for name, of in logged.items()}
    return replace(found, name=path.as_posix(), metrics={**found.metrics, **curves})


def _lists(tree: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, list[float]]]:
    """The lists of numbers in a tree, by their dotted names."""
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from _lists(value, f"{prefix}{key}.")
        elif isinstance(value, list) and all(is_number(item) for item in value):
            yield f"{prefix}{key}", value


def _runs(
    path: Path, rows: list[dict[str, Value]], lines: list[int], lost: tuple[str, ...] = ()
) -> list[FoundRun]:
    found = Table(path.as_posix(), columns_of(rows), lines, files=(path,), lost=lost)
    return runs_of_table(found)


def _of_lines(path: Path) -> tuple[list[dict[str, Value]], list[int], tuple[str, ...]]:
    """Rows, their lines, and what is lost: a last line that was torn when its writer was killed."""
    raw = content(path, LARGEST_JSON)
    lines = raw.splitlines()
    rows: list[dict[str, Value]] = []
    numbers: list[int] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            rows.append(_row(parse_json(line, f"{path}:{number}"), f"{path}:{number}"))
        except SourceError as error:
            if number == len(lines) > 1 and not raw.endswith(b"\n"):
                return rows, numbers, (f"{error}; it is torn",)
            raise
        numbers.append(number)
    return rows, numbers, ()


def _row(value: Any, where: str) -> dict[str, Value]:
    if not isinstance(value, Mapping):
        raise SourceError(f"{where}: expected a row as {{...}}, got {str(value)[:40]!r}")
    return flat(value)


def recognizes(path: Path) -> bool:
    """Whether it is JSON by its name, and begins with a list of rows, or with a row."""
    kind = path.suffix.lower()
    if kind not in (".json", *_LINES) or path.name.lower().startswith("predictions"):
        return False
    start = beginning(path).removeprefix(b"\xef\xbb\xbf").lstrip()
    if kind in _LINES:
        return start.startswith(b"{")
    if start.startswith(b"{"):
        return _is_one(path)
    return start.startswith(b"[") and start[1:].lstrip().startswith(b"{")


def _is_one(path: Path) -> bool:
    """Whether the keys of a mapping are those of a run: a metric, and a seed or a configuration."""
    keys = _keys(path)
    told = not keys.isdisjoint((*table.SEEDS, *_CONFIGURATIONS))
    return path.stem.lower() not in _CONFIGURATIONS and told and any(map(table.METRIC.search, keys))


def _keys(path: Path) -> set[str]:
    """The keys at its beginning, in small letters."""
    return {key.decode(errors="replace").lower() for key in _KEY.findall(beginning(path))}


def tells_of_runs(path: Path) -> bool:
    """Whether the keys at its beginning are those of runs."""
    start = beginning(path).lstrip(b"\xef\xbb\xbf \t\r\n")
    if path.suffix.lower() == ".json" and start.startswith(b"{"):
        return True  # else it isn't recognized
    return table.tells_of_runs(_keys(path))


READER = Reader(
    "JSON: a list of runs, a run a line, or a run a file", recognizes, read, tells_of_runs
)
