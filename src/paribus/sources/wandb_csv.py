"""What W&B's pages export as CSV: the table of runs, and a chart's curves."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from paribus.errors import SourceError
from paribus.io.reading import UnfitError, opened, read_whole
from paribus.sources.run import Axis, FoundRun, Points, Reader, Status, Value

#: A chart of 1,000 runs has some megabytes.
LARGEST = 1 << 26

#: W&B's words for how runs end.
_STATUS: dict[str, Status] = {
    "finished": "finished",
    "failed": "failed",
    "crashed": "failed",
    "killed": "failed",
    "running": "running",
}

#: Columns of the table that W&B itself fills; `Name`, `State`, `Group` and `ID` are read by name.
_OWN = {"Name", "State", "Group", "ID", "Notes", "User", "Tags", "Created", "Runtime", "Sweep"}
_OWN |= {"Job Type", "Updated", "End Time", "Hostname", "GPU Type", "GPU Count", "Description"}

#: Of each curve a chart has these beside it.
_BOUNDS = ("__MIN", "__MAX")


def recognizes(path: Path) -> bool:
    """Whether a file's first line is that of a table of runs or of a chart."""
    if path.suffix.lower() != ".csv":
        return False
    try:
        with opened(path) as file:
            header = next(csv.reader([file.readline(1 << 20).decode("utf-8-sig")]), [])
    except (OSError, ValueError, csv.Error):
        return False
    return _is_table(header) or bool(_curves(header))


def read(path: Path) -> list[FoundRun]:
    """The runs of a table, or those whose curves a chart shows.

    Raises:
        SourceError: it can't be read, or it is a chart of groups, which shows no runs.
        ReadError: it can't be read now.
    """
    try:
        text = read_whole(path, LARGEST).decode("utf-8-sig")
        header, *rows = [row for row in csv.reader(io.StringIO(text, newline="")) if row]
    except (UnfitError, ValueError, csv.Error) as error:
        raise SourceError(f"{path}: it can't be read as CSV ({error})") from error
    whole = [row for row in rows if len(row) == len(header)]
    short = len(rows) - len(whole)
    lost = (f"{path.name}: {short:,} torn row{'s' * (short > 1)} left out",) * (short > 0)
    if _is_table(header):
        return _table([dict(zip(header, row, strict=True)) for row in whole], path, lost)
    return _chart(header, whole, path, lost)


def _is_table(header: Sequence[str]) -> bool:
    return {"Name", "State"} <= {*header} and bool({"Created", "Runtime"} & {*header})


def _curves(header: Sequence[str]) -> list[str]:
    """The columns of a chart that are curves."""
    names = {*header}
    return [name for name in header if " - " in name and all(name + b in names for b in _BOUNDS)]


def _table(rows: Sequence[Mapping[str, str]], path: Path, lost: tuple[str, ...]) -> list[FoundRun]:
    """The export doesn't say which column is a parameter and which a result.

    Text is a parameter. A number is taken for both, but one with decimals of which most runs have
    their own is no parameter.
    """
    columns = [name for name in (rows[0] if rows else ()) if name not in _OWN]
    values = {name: [_value(row[name]) for row in rows] for name in columns}
    numeric = [name for name in columns if _are_numbers(values[name])]
    results = [name for name in numeric if _are_own(values[name])]
    names = [row["Name"] for row in rows]
    return [
        FoundRun(
            name=row.get("ID") or (row["Name"] if names.count(row["Name"]) == 1 else f"row {n}"),
            title=row["Name"],
            group=row.get("Group", ""),
            status=_STATUS.get(row["State"].lower(), "unknown"),
            config={
                name: values[name][n - 1]
                for name in columns
                if name not in results and row[name] != ""
            },
            metrics={
                name: Points.of([(0.0, _number(row[name]))]) for name in numeric if row[name] != ""
            },
            files=(path,),
            lost=lost,
        )
        for n, row in enumerate(rows, 1)
    ]


def _are_numbers(column: Sequence[Value]) -> bool:
    given = [value for value in column if value is not None]
    return bool(given) and all(isinstance(value, int | float) for value in given)


def _are_own(column: Sequence[Value]) -> bool:
    given = [value for value in column if value is not None]
    decimals = any(isinstance(value, float) and not value.is_integer() for value in given)
    return decimals and 2 * len(set(given)) > len(given)


def _chart(
    header: Sequence[str], rows: Sequence[Sequence[str]], path: Path, lost: tuple[str, ...]
) -> list[FoundRun]:
    curves = _curves(header)
    if any(name.startswith("Group: ") for name in curves):
        raise SourceError(
            f"{path}: a chart of groups holds means over runs, of which nothing can be tested; "
            "export it without grouping, or export the table of runs"
        )
    axis: Axis = "epoch" if "epoch" in header[0].lower() else "step"
    metrics: dict[str, dict[str, Points]] = {}
    for name in curves:
        run, _, metric = name.rpartition(" - ")
        pairs = [(row[0], row[header.index(name)]) for row in rows]
        given = [(_number(at), _number(value)) for at, value in pairs if value != ""]
        points = Points.of([pair for pair in given if math.isfinite(pair[0])], axis)
        metrics.setdefault(run, {})[metric] = points
    return [
        FoundRun(run, metrics=found, files=(path,), lost=lost) for run, found in metrics.items()
    ]


def _value(text: str) -> Value:
    """A cell as its number or truth value, else as it stands; None where it is empty."""
    if text == "" or text.lower() in ("true", "false"):
        return None if text == "" else text.lower() == "true"
    for kind in (int, float):
        try:
            return kind(text) if len(text) < 40 and "_" not in text else text
        except ValueError:
            continue
    return text


def _number(text: str) -> float:
    """A cell's number; NaN where it says NaN or is none."""
    try:
        return float(text)
    except ValueError:
        return math.nan


READER = Reader("a CSV export of W&B", recognizes, read)
