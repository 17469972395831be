"""Trackio's database, `<project>.db`, without Trackio."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from paribus.sources.configs import flat
from paribus.sources.nested import dotted, number, parsed
from paribus.sources.run import FoundRun, Points, Reader
from paribus.sources.sqlite import BESIDE, Database, database, holds

_METRICS = ("run_name", "step", "metrics")
_CONFIGS = ("run_name", "config")


def recognizes(path: Path) -> bool:
    """Whether a file is a database with Trackio's tables."""
    return holds(path, {"metrics": _METRICS})


def read(path: Path) -> list[FoundRun]:
    """All runs of a project. Trackio doesn't say whether one finished.

    Raises:
        SourceError: it isn't a database, or is damaged.
        ReadError: it can't be read now.
    """
    with database(path) as found:
        # The first versions knew a run by its name alone.
        key = "run_id" if found.has("metrics", "run_id") else "run_name"
        lost: list[str] = []
        titles, metrics = _metrics(found, key, lost)
        configs = _configs(found, key, lost) if found.has("configs", key, *_CONFIGS) else {}
    logs = (path.with_name(path.name + end) for end in BESIDE)
    files = (path, *(log for log in logs if log.is_file()))
    return [
        FoundRun(
            name=run,
            title=title if title != run else "",
            group=str(configs.get(run, {}).get("_Group") or ""),
            # Names that begin so are Trackio's own: who began it, and when.
            config=flat({k: v for k, v in configs.get(run, {}).items() if k[:1] != "_"}),
            metrics=metrics.get(run, {}),
            files=files,
            lost=tuple(lost),
        )
        for run, title in titles.items()
    ]


def _metrics(
    found: Database, key: str, lost: list[str]
) -> tuple[dict[str, str], dict[str, dict[str, Points]]]:
    """Each run's name, and its metrics by theirs."""
    titles: dict[str, str] = {}
    rows: dict[tuple[str, str], tuple[array[float], array[float]]] = defaultdict(
        lambda: (array("d"), array("d"))
    )
    damaged = 0
    for run, title, step, content in found.rows("metrics", (key, *_METRICS)):
        titles.setdefault(str(run), str(title))
        logged = _mapping(content)
        if logged is None or not isinstance(step, int):
            damaged += 1
            continue
        for name, item in dotted(logged):
            value = number(item)
            if value is not None:
                steps, values = rows[str(run), name]
                steps.append(step)
                values.append(value)
    if damaged:
        lost.append(f"{damaged:,} damaged row{'s' * (damaged > 1)} of its project left out")
    metrics: dict[str, dict[str, Points]] = defaultdict(dict)
    for (run, name), (steps, values) in rows.items():
        metrics[run][name] = Points.of(np.column_stack([np.array(steps), np.array(values)]))
    return titles, metrics


def _configs(found: Database, key: str, lost: list[str]) -> dict[str, Mapping[str, Any]]:
    configs = {}
    for run, content in found.rows("configs", (key, "config")):
        config = _mapping(content)
        if config is None:
            lost.append(f"the configuration of {run} isn't JSON")
        configs[str(run)] = config or {}
    return configs


def _mapping(content: object) -> Mapping[str, Any] | None:
    """A cell's JSON; None where it is none."""
    try:
        value = parsed(content) if isinstance(content, str | bytes) else None
    except ValueError:
        return None
    return value if isinstance(value, Mapping) else None


READER = Reader("Trackio", recognizes, read)
