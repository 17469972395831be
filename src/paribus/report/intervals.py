"""Estimates with their intervals: a small chart a metric, for each has its own unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt

from paribus.report.figures import NARROW, Rows, grid
from paribus.report.svg import Svg
from paribus.report.theme import color
from paribus.report.verdicts import COLOR_NAMES, SHAPES

#: Pixels a row takes, a letter of a row's name, and what lies around a chart.
ROW, LETTER, AROUND = 24, 7, 34


@dataclass(frozen=True)
class Mark:
    """An estimate with its interval; both ends are None where nothing tells the spread."""

    name: str
    estimate: float
    low: float | None
    high: float | None
    verdict: str


@dataclass(frozen=True)
class Panel:
    """One small chart.

    Attributes:
        title: what is compared, and the axis in a word: its unit.
        marks: a row each.
        null: where nothing differs: 0, or 1 of a ratio.
        margin: differences up to this size don't matter; None: none is declared.
        ratio: whether the axis is one of ratios.
    """

    title: str
    unit: str
    marks: tuple[Mark, ...]
    null: float = 0.0
    margin: float | None = None
    ratio: bool = False


def intervals(panels: Sequence[Panel], width: int) -> Svg:
    """The charts in two columns, on a telephone in one."""
    columns = 1 if width <= NARROW else 2
    longest = max(len(mark.name) for panel in panels for mark in panel.marks)
    names = min(LETTER * longest + 8, width // (3 * columns))
    plot = width // columns - names - AROUND
    data: dict[str, Rows] = {}
    for n, panel in enumerate(panels):
        data |= {f"marks{n}": _rows(panel), f"null{n}": _null(panel)}
    charts = [_panel(panel, n, names, plot) for n, panel in enumerate(panels)]
    return grid(charts, data, columns)


def _rows(panel: Panel) -> Rows:
    return [
        {
            "name": mark.name,
            "estimate": mark.estimate,
            "low": mark.estimate if mark.low is None else mark.low,
            "high": mark.estimate if mark.high is None else mark.high,
            "color": color(COLOR_NAMES[mark.verdict]),
            "fill": color("paper" if mark.verdict == "undecided" else COLOR_NAMES[mark.verdict]),
            "shape": SHAPES[mark.verdict],
        }
        for mark in panel.marks
    ]


def _null(panel: Panel) -> Rows:
    """Where nothing differs, with the ends of the margin about it."""
    margin = panel.margin or 0.0
    return [{"null": panel.null, "from": panel.null - margin, "to": panel.null + margin}]


def _panel(panel: Panel, number: int, names: int, plot: int) -> alt.LayerChart | alt.FacetChart:
    order = list(dict.fromkeys(mark.name for mark in panel.marks))
    y = alt.Y("name:N", sort=None, scale=alt.Scale(domain=order)).axis(
        title=None,
        domain=False,
        ticks=False,
        labelLimit=names - 8,
        minExtent=names,
        maxExtent=names,
    )
    scale = alt.Scale(type="log" if panel.ratio else "linear", zero=False, nice=not panel.ratio)
    axis = alt.Axis(tickCount=max(plot // 60, 3), labelFlush=False)
    x = alt.X("low:Q", scale=scale, title=panel.unit, axis=axis)
    base = alt.Chart(alt.NamedData(f"marks{number}"))
    null = alt.Chart(alt.NamedData(f"null{number}"))
    band = null.mark_rect(color=color("grid")).encode(x=alt.X("from:Q"), x2=alt.X2("to:Q"))
    layers = [
        *([] if panel.margin is None else [band]),
        null.mark_rule(strokeWidth=1.5, color=color("ink")).encode(x=alt.X("null:Q")),
        base.mark_rule(strokeWidth=2).encode(
            x=x, x2=alt.X2("high:Q"), y=y, color=alt.Color("color:N", scale=None)
        ),
        base.mark_point(size=64, opacity=1, strokeWidth=1.8).encode(
            x=alt.X("estimate:Q"),
            y=y,
            fill=alt.Fill("fill:N", scale=None),
            stroke=alt.Stroke("color:N", scale=None),
            shape=alt.Shape("shape:N", scale=None),
        ),
    ]
    title = alt.TitleParams(
        panel.title, anchor="start", fontSize=12, fontWeight="bold", color=color("ink")
    )
    return alt.layer(*layers).properties(title=title, width=plot, height=ROW * len(order))
