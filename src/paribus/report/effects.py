"""Accuracy under each intervention: a row an intervention, a mark a setting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt

from paribus.report.figures import Rows, cycled, legend, ticks, to_svg
from paribus.report.svg import Svg
from paribus.report.theme import SETTING_COLOURS, SETTING_SHAPES, colour


@dataclass(frozen=True)
class Mark:
    """One setting's accuracy, in percent; both ends are None where nothing tells the spread."""

    row: str
    setting: str
    percent: float
    low: float | None
    high: float | None


def effects(marks: Sequence[Mark], chance: float, width: int) -> Svg:
    """Accuracies in percent with their intervals, and a line at chance.

    Args:
        marks: row by row, in the order to be shown.
        chance: in percent.
    """
    rows = list(dict.fromkeys(mark.row for mark in marks))
    settings = list(dict.fromkeys(mark.setting for mark in marks))
    base = alt.Chart(alt.NamedData("marks")).encode(
        y=alt.Y("row:N", sort=None, scale=alt.Scale(domain=rows)).axis(
            title=None,
            domain=False,
            ticks=False,
            grid=True,
            labelLimit=width // 3,
            tickBand="extent",
        ),
        yOffset=alt.YOffset(
            "setting:N", sort=None, scale=alt.Scale(domain=settings, paddingOuter=0.4)
        ),
        color=alt.Color(
            "setting:N",
            scale=alt.Scale(domain=settings, range=cycled(SETTING_COLOURS, settings, colour)),
            legend=legend(width),
        ),
    )
    shapes = alt.Scale(domain=settings, range=cycled(SETTING_SHAPES, settings, str))
    x = alt.X("low:Q", title="Accuracy (%)", scale=alt.Scale(zero=True, nice=True)).axis(
        ticks(width)
    )
    layers = (
        alt.Chart(alt.NamedData("chance"))
        .mark_rule(strokeWidth=1.5, strokeDash=[4, 3], color=colour("ink"))
        .encode(x=alt.X("chance:Q")),
        base.mark_rule(strokeWidth=1.5).encode(x=x, x2=alt.X2("high:Q")),
        base.mark_point(size=48, filled=True, opacity=1).encode(
            x=alt.X("percent:Q"), shape=alt.Shape("setting:N", scale=shapes)
        ),
    )
    data: dict[str, Rows] = {
        "chance": [{"chance": chance}],
        "marks": [
            {
                "row": mark.row,
                "setting": mark.setting,
                "percent": mark.percent,
                "low": mark.percent if mark.low is None else mark.low,
                "high": mark.percent if mark.high is None else mark.high,
            }
            for mark in marks
        ],
    }
    return to_svg(layers, data, width, max(22, 9 * len(settings) + 8) * len(rows))
