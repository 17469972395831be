"""Curves from a log that a program wrote row by row."""

from collections.abc import Iterable

from paribus.sources.cells import is_number, read_numbers
from paribus.sources.grid import Grid
from paribus.sources.run import Axis, Points


def curves(
    grid: Grid, at: str, axis: Axis, leave_out: Iterable[str] = ()
) -> tuple[dict[str, Points], tuple[str, ...]]:
    """Name -> the points of each column of numbers, and what is lost of them.

    A blank cell is no point: train and validation stand on different rows. `at` is the column of
    places; the columns of `leave_out` aren't metrics.
    """
    columns, lost = grid.columns, list(grid.lost)
    places = [
        float(place) if isinstance(place, int | float) and place == place else None
        for place in read_numbers(columns[at])
    ]
    if unplaced := places.count(None):
        lost.append(f"{grid.path}: {unplaced} of {len(places)} rows have no {at}")
    metrics = {}
    for name, texts in columns.items():
        if name in (at, *leave_out):
            continue
        pairs = [
            (place, value)
            for place, value in zip(places, read_numbers(texts), strict=True)
            if place is not None and value is not None
        ]
        numbers = [(place, float(value)) for place, value in pairs if is_number(value)]
        if len(numbers) < len(pairs):
            lost.append(f"{grid.path}: {name} has {len(pairs) - len(numbers)} values in words")
        if numbers:
            metrics[name] = Points.of(numbers, axis)
    return metrics, tuple(lost)
