"""Which of a metric's logged values counts: the last, one at a step, one where another is best."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from paribus.found.known import fitting, known
from paribus.found.metrics import Measured
from paribus.found.unsettled import UnsettledError
from paribus.sources.run import FoundRun, Points
from paribus.study.faults import meant
from paribus.study.found import Declared
from paribus.study.trainer import BEST


@dataclass(frozen=True)
class Point:
    """Where the value that counts stands.

    Attributes:
        place: a step or epoch, or None: the last.
        guide: the metric, as the runs call it, at whose best place it stands, if at any.
        highest: whether the guide is best where it is highest.
    """

    place: float | None = None
    guide: str | None = None
    highest: bool = True

    def of(self, run: FoundRun, points: Points) -> int | None:
        """The index of the value in a run's points; None where there is none."""
        if self.guide is not None:
            return _at_best(run, points, self.guide, self.highest)
        if self.place is not None:
            return _at_place(points, self.place)
        return len(points.at) - 1 if len(points.at) else None

    def __str__(self) -> str:
        """Where it is, in words."""
        if self.guide is not None:
            return f"where {self.guide} is best"
        return "at the end" if self.place is None else f"at {self.place:g}, or last before it"


def point_of(declared: Declared, logged: Collection[str], metrics: Measured) -> Point:
    """Which point of a run's metrics counts, as `at` declares it.

    `logged` are the names of all metrics of the runs.

    Raises:
        UnsettledError: it is where another metric is best, which no run has or of which nothing
            says which way is better.
    """
    at = declared.compare.at
    if at == "last":
        return Point()
    if isinstance(at, int):
        return Point(place=float(at))
    guide = _guide(at.removeprefix(BEST), logged)
    told = {source: metrics.declared[name].better for name, source in metrics.names.items()}
    about = known(guide)
    better = told.get(guide) or (about.better if about else None)
    if better not in ("higher", "lower"):
        raise UnsettledError(
            f"at: {at}: it isn't known whether a higher {guide} is better or a lower one. Declare "
            f"it in a study file (--study): metrics: {{{guide}: {{better: lower}}}}"
        )
    return Point(guide=guide, highest=better == "higher")


def _guide(wanted: str, logged: Collection[str]) -> str:
    """The one metric of the runs that this names."""
    found = fitting({name: name for name in logged}, wanted)
    if len(found) == 1:
        return found[0]
    what = f"may be several: {', '.join(found)}" if found else "is a metric of no run"
    hint = "" if found else meant(wanted, logged)
    raise UnsettledError(f"at: {BEST}{wanted}: {wanted!r} {what}{hint}")


def _at_place(points: Points, place: float) -> int | None:
    """The last of the points logged at a place, or before it by a run that went on beyond."""
    if not len(points.at) or points.at[-1] < place:
        return None
    before = int(np.searchsorted(points.at, place, side="right"))
    return before - 1 if before else None


def _at_best(run: FoundRun, points: Points, guide: str, highest: bool) -> int | None:
    """The point at the first place where another metric is best."""
    other = run.metrics.get(guide)
    if other is None or other.axis != points.axis or not np.isfinite(other.values).any():
        return None
    sign = 1 if highest else -1
    best = np.argmax(np.where(np.isfinite(other.values), sign * other.values, -np.inf))
    there = np.flatnonzero(points.at == other.at[best])
    return int(there[-1]) if len(there) else None
