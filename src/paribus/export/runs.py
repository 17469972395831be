"""What is exported of a study: its runs as plain numbers and texts, whatever they go to."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import repeat
from typing import Any, Literal

import pandas as pd

from paribus.records.types import Record, Series
from paribus.results import Results
from paribus.sources.configs import flat
from paribus.sources.run import Value
from paribus.study.metrics import RESERVED

#: Columns of the table of runs that aren't numbers of a run.
_NO_METRICS = {*RESERVED} - {"train_seconds"}

#: What a curve is called that has a metric's name.
CURVE = "curve/"


@dataclass(frozen=True)
class ExportedRun:
    """A run that has ended.

    Attributes:
        message: why a failed run ended; "" of a finished one.
        config: dotted path -> value, the setting in full; a list is its text as JSON.
        metrics: name -> the run's one value, as `tables/runs.csv` has it; what isn't known of
            the run isn't there.
        curves: name -> what was followed through training.
        started, ended: seconds since 1970, UTC; None where unknown.
        identity: equal for equal runs at every export, as hexadecimal digits.
    """

    setting: str
    seed: int
    status: Literal["finished", "failed"]
    message: str
    config: Mapping[str, Value]
    metrics: Mapping[str, float]
    curves: Mapping[str, Series]
    started: float | None
    ended: float | None
    identity: str

    @property
    def title(self) -> str:
        """What a tracker shows the run as."""
        return f"{self.setting}/seed-{self.seed}"

    @property
    def parameters(self) -> dict[str, Value]:
        """The configuration, with the setting's name and the seed before it."""
        own: dict[str, Value] = {"setting": self.setting, "seed": self.seed}
        return own | {name: value for name, value in self.config.items() if name not in own}

    def values(self) -> Iterator[tuple[str, float, float]]:
        """Each value with its name and its place, which is 0 for a metric."""
        yield from ((name, 0.0, value) for name, value in self.metrics.items())
        for name, curve in self.curves.items():
            yield from zip(repeat(name), curve.at.tolist(), curve.values.tolist(), strict=False)


def exported_runs(results: Results) -> tuple[ExportedRun, ...]:
    """Every run that has a record, in the order of the study's plan."""
    rows = results.table("runs").astype(object).to_dict("records")
    runs = [_run(record, row) for record, row in zip(results.records, rows, strict=True)]
    metrics = {name for run in runs for name in run.metrics}
    return tuple(replace(run, curves=_named_apart(run.curves, metrics)) for run in runs)


def left_out(results: Results) -> tuple[str, ...]:
    """A sentence for each run that has no record, and so isn't exported."""
    return tuple(f"{run.setting.name}, seed {run.seed}: {why}" for run, why in results.absent)


def _run(record: Record, row: Mapping[Any, Any]) -> ExportedRun:
    facts = record.facts
    named = f"{facts.study}\0{facts.setting}\0{facts.seed}\0{facts.digest}"
    return ExportedRun(
        setting=facts.setting,
        seed=facts.seed,
        status=facts.status,
        message=facts.failure.message if facts.failure else "",
        config=flat(facts.config),
        metrics={
            str(name): float(value)
            for name, value in row.items()
            if name not in _NO_METRICS and not pd.isna(value)
        },
        curves={name: series for name, series in record.curves.series.items() if len(series.at)},
        started=_seconds(facts.started),
        ended=_seconds(facts.ended),
        identity=hashlib.sha256(named.encode()).hexdigest()[:16],
    )


def _named_apart(curves: Mapping[str, Series], metrics: set[str]) -> dict[str, Series]:
    """Trackers know no curve and value of one name: what is compared keeps it."""
    return {CURVE + name if name in metrics else name: of for name, of in curves.items()}


def _seconds(moment: str) -> float | None:
    """A moment of a record; None where it is unknown or can't be right."""
    if not moment:
        return None
    date = datetime.fromisoformat(moment)
    seconds = (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
    return seconds if seconds > 0 else None
