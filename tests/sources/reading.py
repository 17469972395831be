"""What the tests of readers share: the values of a run, and one run of a folder."""

import math
from collections.abc import Sequence
from pathlib import Path

from paribus.sources.find import read_runs
from paribus.sources.run import FoundRun


def found(path: Path) -> list[FoundRun]:
    """All runs at a path, by whichever reader recognizes it."""
    return list(read_runs([path]).runs)


def one(path: Path) -> FoundRun:
    (run,) = found(path)
    return run


def curve(run: FoundRun, name: str) -> list[tuple[float, float]]:
    """(place, value) of all points of a metric."""
    points = run.metrics[name]
    return list(zip(points.at.tolist(), points.values.tolist(), strict=True))


def equal(got: Sequence[float], expected: Sequence[float]) -> bool:
    """Whether floats are the same, NaN equal to itself."""
    pairs = zip(got, expected, strict=True)
    return all(a == b or (math.isnan(a) and math.isnan(b)) for a, b in pairs)
