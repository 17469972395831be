"""Shares in percent with their intervals: a row a class or a change, a mark a setting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt

from paribus.report.figures import Rows, cycled, legend, ticks, to_svg
from paribus.report.svg import Svg
from paribus.report.theme import SETTING_COLORS, SETTING_SHAPES, color


@dataclass(frozen=True)
class Mark:
    """One setting's number in one row, in percent, and the interval drawn through it."""

    row: str
    setting: str
    percent: float
    low: float
    high: float


def dots(marks: Sequence[Mark], title: str, width: int, chance: float | None = None) -> Svg:
    """Marks with their intervals, in the order given.

    Args:
        title: of the axis.
        chance: in percent; drawn as a line, and the axis then begins at 0.
    """
    rows = list(dict.fromkeys(mark.row for mark in marks))
    settings = list(dict.fromkeys(mark.setting for mark in marks))
    base = _base(rows, settings, width)
    shapes = alt.Scale(domain=settings, range=cycled(SETTING_SHAPES, settings, str))
    scale = alt.Scale(zero=chance is not None, nice=True)
    x = alt.X("low:Q", title=title, scale=scale, axis=ticks(width))
    line = (
        alt.Chart(alt.NamedData("chance"))
        .mark_rule(strokeWidth=1.5, strokeDash=[4, 3], color=color("ink"))
        .encode(x=alt.X("chance:Q"))
    )
    layers = (
        *([] if chance is None else [line]),
        base.mark_rule(strokeWidth=1.5).encode(x=x, x2=alt.X2("high:Q")),
        base.mark_point(size=48, filled=True, opacity=1).encode(
            x=alt.X("percent:Q"), shape=alt.Shape("setting:N", scale=shapes)
        ),
    )
    data: dict[str, Rows] = {"chance": [{"chance": chance}], "marks": [vars(m) for m in marks]}
    return to_svg(layers, data, width, max(22, 9 * len(settings) + 8) * len(rows))


def _base(rows: Sequence[str], settings: Sequence[str], width: int) -> alt.Chart:
    """Rows from top to bottom; in each, the settings below each other in their colors."""
    return alt.Chart(alt.NamedData("marks")).encode(
        y=alt.Y("row:N", sort=None, scale=alt.Scale(domain=list(rows))).axis(
            title=None,
            domain=False,
            ticks=False,
            grid=True,
            labelLimit=width // 3,
            tickBand="extent",
        ),
        yOffset=alt.YOffset(
            "setting:N", sort=None, scale=alt.Scale(domain=list(settings), paddingOuter=0.4)
        ),
        color=alt.Color(
            "setting:N",
            scale=alt.Scale(domain=list(settings), range=cycled(SETTING_COLORS, settings, color)),
            legend=legend(width),
        ),
    )
