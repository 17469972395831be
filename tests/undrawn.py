"""Reports without their charts: few tests look at them, and making them takes most of the time.

`conftest.py` leaves them out for all tests; within `drawn()` they are made as for users.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from xml.etree.ElementTree import Element

import pytest

_patch = pytest.MonkeyPatch()


def leave_charts_out() -> None:
    """Write reports with empty charts from now on, in this process."""

    def draw(charts: Mapping[str, object]) -> dict[str, Element]:
        return dict.fromkeys(charts, Element("svg"))

    for name in ("write", "fragment"):
        _patch.setattr(f"paribus.report.{name}.artist", lambda: nullcontext(draw))


@contextmanager
def drawn() -> Iterator[None]:
    """Write reports as they are written for users."""
    _patch.undo()
    try:
        yield
    finally:
        leave_charts_out()
