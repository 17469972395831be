"""What a run came to: the value that counts of each metric, or that it failed, or has none."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from paribus.found.metrics import Measured
from paribus.found.points import Point
from paribus.sources.run import FoundRun


@dataclass(frozen=True)
class Outcome:
    """What a run came to.

    Attributes:
        status: "finished"; "failed", an outcome of its setting; "left out", as if it weren't there.
        why: of a run that didn't finish, or is left out.
        values: of a finished run, metric by the study's name -> the value that counts.
    """

    status: Literal["finished", "failed", "left out"]
    why: str = ""
    values: Mapping[str, float] = field(default_factory=dict)


def outcome(run: FoundRun, metrics: Measured, point: Point) -> Outcome:
    """What a run came to; it must have a value of the primary metric to count as finished."""
    if run.status == "running":
        return Outcome("left out", "it is still running, or nothing says that it ended")
    if run.status == "failed":
        return Outcome("failed", "recorded as failed")
    values = {
        name: float(points.values[where])
        for name, source in metrics.names.items()
        if (points := run.metrics.get(source)) is not None
        and (where := point.of(run, points)) is not None
    }
    if metrics.source is None:
        if run.predictions is None:
            return Outcome("left out", "it has no predictions")
    elif metrics.primary not in values:
        return _without_value(run, metrics.source, point)
    elif not math.isfinite(values[metrics.primary]):
        return Outcome("failed", f"its {metrics.source} became {values[metrics.primary]}")
    return Outcome("finished", values={k: v for k, v in values.items() if math.isfinite(v)})


def _without_value(run: FoundRun, source: str, point: Point) -> Outcome:
    """A run without a value at the point that counts: failed, if its numbers ended as none."""
    logged = run.metrics.get(source)
    for name in filter(None, (source, point.guide)):
        points = run.metrics.get(name)
        if points is not None and len(points.values) and not math.isfinite(points.values[-1]):
            return Outcome("failed", f"its {name} became {points.values[-1]}")
    why = f"it has no value of {source}"
    if logged is None or not len(logged.at):
        return Outcome("left out", why)
    place = f"at {point.place:g}" if point.place is not None else str(point)
    return Outcome("left out", f"{why} {place}; its last {logged.axis} is {logged.at[-1]:g}")
