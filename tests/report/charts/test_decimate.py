"""A thinned line keeps every column's peaks, in order, and no more points than it must."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from paribus.report.charts.decimate import envelope, extremes

Line = npt.NDArray[np.float64]
LINES = arrays.arrays(np.float64, st.integers(0, 300), elements=st.floats(-1e6, 1e6))


def bins(points: int, columns: int) -> list[range]:
    size = -(-points // columns)
    return [range(start, min(start + size, points)) for start in range(0, points, size or 1)]


@given(LINES, st.integers(1, 50))
def test_every_column_keeps_its_lowest_and_its_highest_point(line: Line, columns: int) -> None:
    kept = set(extremes(line, columns).tolist())
    for column in bins(len(line), columns):
        shown = [line[index] for index in column if index in kept]
        assert min(shown) == line[column].min()
        assert max(shown) == line[column].max()


@given(LINES, st.integers(1, 50))
def test_points_stay_in_order_and_at_most_two_a_column(line: Line, columns: int) -> None:
    kept = extremes(line, columns)
    assert (np.diff(kept) > 0).all()
    assert len(kept) <= 2 * columns


def test_a_line_with_room_for_all_its_points_keeps_them() -> None:
    assert extremes(np.arange(20.0), 10).tolist() == list(range(20))


@given(LINES, st.integers(1, 50))
def test_an_envelope_encloses_the_band(line: Line, columns: int) -> None:
    middle, low, high = envelope(line - 1, line + 1, columns)
    assert len(middle) == len(low) == len(high)
    if len(line) > 2 * columns:
        for at, bottom, top in zip(bins(len(line), columns), low, high, strict=True):
            assert bottom == (line - 1)[at].min()
            assert top == (line + 1)[at].max()
