"""MLflow's database, `mlflow.db`, without MLflow."""

from __future__ import annotations

import math
import sys
from array import array
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from paribus.errors import SourceError
from paribus.sources.run import FoundRun, Points, Reader, Status, Value
from paribus.sources.sqlite import BESIDE, Database, database, holds

STATUS: dict[str, Status] = {
    "RUNNING": "running",
    "SCHEDULED": "running",
    "FINISHED": "finished",
    "FAILED": "failed",
    "KILLED": "failed",
}

#: Of these tables, these columns are read.
_RUNS = ("run_uuid", "name", "status", "lifecycle_stage", "experiment_id")
_STARTS = ("run_uuid", "start_time")
_METRICS = ("run_uuid", "key", "step", "value", "is_nan")
_PARAMS = ("run_uuid", "key", "value")
_EXPERIMENTS = ("experiment_id", "name")


def recognizes(path: Path) -> bool:
    """Whether a file is a database with MLflow's tables."""
    return holds(path, {"runs": _RUNS, "metrics": _METRICS, "params": _PARAMS})


def read(path: Path) -> list[FoundRun]:
    """All runs that weren't deleted.

    Raises:
        SourceError: it isn't a database, or is damaged.
        ReadError: it can't be read now.
    """
    with database(path) as found:
        runs = [row for row in found.rows("runs", _RUNS) if row[3] != "deleted"]
        metrics, params, titles = _metrics(found), _params(found), _titles(found)
        has_names = found.has("experiments", *_EXPERIMENTS)
        groups = dict(found.rows("experiments", _EXPERIMENTS)) if has_names else {}
        starts = dict(found.rows("runs", _STARTS)) if found.has("runs", *_STARTS) else {}
    return [
        FoundRun(
            name=str(run),
            title=str(titles.get(run) or name or ""),
            group=str(groups.get(experiment) or ""),
            status=STATUS.get(status, "unknown"),
            config=params.get(run, {}),
            metrics=metrics.get(run, {}),
            started=seconds(starts.get(run)),
            files=(path, *(log for log in _logs(path) if log.is_file())),
        )
        for run, name, status, _, experiment in runs
    ]


def plain(text: Any) -> Value:
    """A parameter, which MLflow keeps as text alone: a number, a truth value or None again."""
    if not isinstance(text, str):
        return text if isinstance(text, int | float) else str(text)
    named: dict[str, Value] = {"True": True, "False": False, "None": None}
    if text in named:
        return named[text]
    for kind in (int, float):
        try:
            return kind(text) if len(text) < 40 and "_" not in text else text
        except ValueError:
            continue
    return text


def seconds(milliseconds: Any) -> float | None:
    """A time as MLflow keeps it, in seconds; None where it isn't one."""
    known = isinstance(milliseconds, int | float) and not isinstance(milliseconds, bool)
    return milliseconds / 1000 if known else None


def _logs(path: Path) -> list[Path]:
    return [path.with_name(path.name + end) for end in BESIDE]


def _metrics(found: Database) -> dict[str, dict[str, Points]]:
    """Each run's metrics, by name."""
    rows: dict[tuple[str, str], tuple[array[float], array[float]]] = defaultdict(
        lambda: (array("d"), array("d"))
    )
    for run, key, step, value, is_nan in found.rows("metrics", _METRICS):
        if not isinstance(step, int) or not isinstance(value, int | float):
            raise SourceError(f"{found.path}: a metric's value that isn't a number")
        steps, values = rows[run, str(key)]
        steps.append(step)
        values.append(math.nan if is_nan else _infinite(value))
    metrics: dict[str, dict[str, Points]] = defaultdict(dict)
    for (run, key), (steps, values) in rows.items():
        metrics[run][key] = Points.of(np.column_stack([np.array(steps), np.array(values)]))
    return metrics


def _infinite(value: float) -> float:
    """MLflow stores infinity as the largest number (store/tracking/sqlalchemy_store.py)."""
    return math.copysign(math.inf, value) if abs(value) >= sys.float_info.max else value


def _params(found: Database) -> dict[str, dict[str, Value]]:
    params: dict[str, dict[str, Value]] = defaultdict(dict)
    for run, key, value in found.rows("params", _PARAMS):
        params[run][str(key)] = plain(value)
    return params


def _titles(found: Database) -> dict[str, Any]:
    """What runs are called in the tag that MLflow's pages show."""
    if not found.has("tags", *_PARAMS):
        return {}
    return {
        run: value for run, key, value in found.rows("tags", _PARAMS) if key == "mlflow.runName"
    }


READER = Reader("MLflow", recognizes, read)
