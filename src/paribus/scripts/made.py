"""What a script left becomes what a record keeps, or the reason why the run failed."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from paribus.found.points import Point
from paribus.found.predictions import with_predictions
from paribus.found.records import curves_of
from paribus.metrics.registry import OF_PREDICTIONS
from paribus.records.bounds import LARGEST
from paribus.records.types import Curves, Failure, Record, RunFacts
from paribus.scripts.left import Left
from paribus.sources.run import FoundPredictions, FoundRun

#: Metrics that a message names, and that a record keeps.
MOST_NAMED, MOST_METRICS = 8, 1_000


@dataclass(frozen=True)
class Made:
    """What a run came to; `failure` where it has no result."""

    failure: Failure | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    curves: Curves = field(default_factory=Curves)
    predictions: FoundPredictions | None = None


def made(left: Left, declared: Sequence[str], point: Point) -> Made:
    """What the files of a run come to.

    Args:
        declared: the metrics that the study declares, the primary one first; their values are
            kept before those of others.
        point: which of the logged values counts.
    """
    values = _values(left, point)
    names = [*(name for name in declared if name in values), *values]
    kept = list(dict.fromkeys(names))[:MOST_METRICS]
    finite = {name: values[name] for name in kept if abs(values[name]) <= LARGEST}
    failure = _failure(values, left, declared[0], point)
    curves = curves_of(left.metrics, {name: name for name in left.metrics})
    return Made(failure, finite, curves, None if failure else left.predictions)


def record_of(facts: RunFacts, result: Made) -> Record:
    """The record of a run, with its predictions."""
    record = Record(facts, result.curves)
    run = FoundRun("", predictions=result.predictions)
    (whole,) = with_predictions([record], {record.key: run}).records
    return whole


def _values(left: Left, point: Point) -> dict[str, float]:
    """Name -> the value that counts; what a script reports counts before what it logged."""
    places = {name: point.of(left.run, points) for name, points in left.metrics.items()}
    logged = {
        name: float(left.metrics[name].values[where])
        for name, where in places.items()
        if where is not None
    }
    return {**logged, **left.reported}


def _failure(values: Mapping[str, float], left: Left, primary: str, point: Point) -> Failure | None:
    if primary not in values:
        if primary in OF_PREDICTIONS and left.predictions is not None:
            return None
        if primary in left.metrics and len(left.metrics[primary].at):
            last = f"its last {left.metrics[primary].axis} is {left.metrics[primary].at[-1]:g}"
            return Failure(message=f"it has no {primary} {point}; {last}")
        there = list(values)[:MOST_NAMED]
        more = f" and {len(values) - len(there)} more" if len(values) > len(there) else ""
        has = f"; it left {', '.join(there)}{more}" if there else ""
        return Failure(message=f"it left no value of {primary}{has}")
    if not math.isfinite(values[primary]) or abs(values[primary]) > LARGEST:
        # It ended as it should, so it would come to this again.
        return Failure(message=f"its {primary} became {values[primary]}", settled=True)
    return None
