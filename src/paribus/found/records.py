"""The study that found runs make, and their records."""

import hashlib
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from paribus.found.find import Finding, Placed
from paribus.io.strict_json import dumps
from paribus.names import whole_text
from paribus.records.types import Curves, Failure, Record, RunFacts, Series
from paribus.sources.run import Points, Value
from paribus.study.found import Declared, FoundStudy
from paribus.study.plan import Setting, settings

#: Keys of a configuration that are kept, and characters of a key or value.
MOST_KEYS, LONGEST = 300, 300
#: Keys in which variations differ that are kept, of one and of all: a study stays a small file.
MOST_CHANGES, MOST_OF_ALL = 60, 6_000
#: Points of a curve that are kept, evenly chosen, and curves of a run.
MOST_POINTS, MOST_CURVES = 2_000, 40
#: Float32 holds whole numbers up to here, which places of a curve must be.
LAST_PLACE = 2.0**24


def study_of(finding: Finding, declared: Declared, name: str) -> FoundStudy:
    """The study, called `name` unless a name is declared.

    Raises:
        StudyError: a claim names a setting or metric that there isn't.
    """
    return FoundStudy.model_validate(study_values(finding, declared, name))


def study_values(finding: Finding, declared: Declared, name: str) -> dict[str, Any]:
    """The same in plain values, before they are looked at."""
    baseline, *variations = finding.settings
    config = _kept(finding.settings[baseline])
    metrics = finding.metrics
    return {
        "name": declared.name or whole_text(name),
        "compare": declared.compare.model_dump(),
        "asked": declared.baseline,
        "asked_paired": declared.paired,
        "baseline": baseline,
        "config": config,
        "variations": {
            name: _changes(config, _kept(finding.settings[name]), len(variations))
            for name in variations
        },
        "seeds": {name: finding.seeds(name) for name in finding.settings},
        "ended": finding.ended,
        "paired": finding.paired,
        "metrics": {name: of.model_dump() for name, of in metrics.declared.items()},
        "primary": metrics.primary,
        "margin": metrics.margin,
        "claims": [claim.model_dump() for claim in declared.claims],
    }


def _kept(config: Mapping[str, Value]) -> dict[str, Value]:
    """The first keys of a configuration, as JSON can have their values."""
    first = list(config.items())[:MOST_KEYS]
    return {whole_text(key)[:LONGEST]: _plain(value) for key, value in first}


def _plain(value: Value) -> Value:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return whole_text(value)[:LONGEST] if isinstance(value, str) else value


def _changes(
    before: Mapping[str, Value], after: Mapping[str, Value], variations: int
) -> dict[str, Value]:
    """How a setting differs from the baseline, the first keys; None for a value that it lacks."""
    keys = dict.fromkeys([*before, *after])
    changed = [key for key in keys if not _same(before.get(key), after.get(key))]
    most = min(MOST_CHANGES, max(MOST_OF_ALL // variations, 1))
    return {key: after.get(key) for key in changed[:most]}


def _same(one: Value, other: Value) -> bool:
    """Whether two values are equal; true isn't 1."""
    return one == other and isinstance(one, bool) == isinstance(other, bool)


# ---- records ------------------------------------------------------------------------------------


def records_of(finding: Finding, study: FoundStudy) -> tuple[Record, ...]:
    """A record of each run that counts, without predictions."""
    known = {setting.name: setting for setting in settings(study)}
    return tuple(
        _record(placed, known[setting], seed, finding, study)
        for (setting, seed), placed in finding.runs.items()
    )


def _record(
    placed: Placed, setting: Setting, seed: int, finding: Finding, study: FoundStudy
) -> Record:
    outcome, curves = placed.outcome, curves_of(placed.run.metrics, finding.metrics.names)
    failure = Failure(message=outcome.why) if outcome.status == "failed" else None
    deciding = [setting.name, seed, outcome.why, dict(outcome.values), _digest(curves)]
    return Record(
        RunFacts(
            study=study.name,
            setting=setting.name,
            baseline=study.baseline,
            seed=seed,
            status="failed" if failure else "finished",
            failure=failure,
            changes={key: after for key, (_, after) in setting.changes.items()},
            config=dict(setting.recorded),
            digest=hashlib.sha256(dumps(deciding).encode()).hexdigest(),
            ended="",
            metrics=dict(outcome.values),
        ),
        curves,
    )


def curves_of(logged: Mapping[str, Points], names: Mapping[str, str]) -> Curves:
    """What was followed of the study's metrics: finite values at increasing places.

    Of a place that was logged twice the later value counts, as after a resume. Epochs and steps
    are numbered as the run did it.
    """
    followed = {
        name: series
        for name, source in names.items()
        if source in logged and (series := _series(logged[source])) is not None
    }
    return Curves(dict(list(followed.items())[:MOST_CURVES]))


def _series(points: Points) -> Series | None:
    finite = np.isfinite(points.values) & (np.abs(points.at) < LAST_PLACE)
    at, values = points.at[finite], points.values[finite]
    if not len(at):
        return None
    last = np.append(at[1:] > at[:-1], True)
    at, values = at[last], values[last]
    if len(at) < 2 or at[0] < 0:
        return None
    chosen = np.unique(np.linspace(0, len(at) - 1, MOST_POINTS).round().astype(int))
    places = at[chosen].astype(np.float32)
    if (np.diff(places) <= 0).any():
        return None
    return Series(points.axis, places, values[chosen].astype(np.float32))


def _digest(curves: Curves) -> str:
    parts = hashlib.sha256()
    for name, series in curves.series.items():
        parts.update(f"{name} {series.axis} ".encode(errors="replace"))
        parts.update(series.at.tobytes() + series.values.tobytes())
    return parts.hexdigest()
