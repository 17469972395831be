"""What all charts share: sizes, axes, legends, and how layers become one chart."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from paribus.report.charts import COLORS, FONT, SETTING_COLORS, SETTING_SHAPES
from paribus.report.charts.drawing import Specification

#: Widths in pixels: on a page, beside something else, and on a phone.
WIDE, HALF, NARROW = 720, 500, 350

Rows = list[dict[str, Any]]


def by_setting(settings: Sequence[str], width: int, first: int = 0) -> tuple[alt.Color, alt.Shape]:
    """A color and a shape for each setting, with a legend; they start over if there are too few.

    Args:
        first: where to start; 0 is the baseline's color, which only the baseline has.
    """
    places = [(first + n) % len(SETTING_COLORS) for n in range(len(settings))]
    colors = alt.Scale(
        domain=list(settings), range=[COLORS[SETTING_COLORS[place]] for place in places]
    )
    shapes = alt.Scale(domain=list(settings), range=[SETTING_SHAPES[place] for place in places])
    return (
        alt.Color("setting:N", scale=colors, legend=legend(width, max(map(len, settings)))),
        alt.Shape("setting:N", scale=shapes),
    )


#: Pixels of a letter, at most on average; what measures texts for the charts takes them for less.
LETTER = 8


def legend(width: int, longest: int = 0) -> alt.Legend:
    """A legend above a chart, in as many columns as names of so many letters leave room for."""
    columns = min(2 if width <= NARROW else 4, max(width // (LETTER * longest + 24), 1))
    return alt.Legend(
        title=None,
        orient="top",
        columns=columns,
        columnPadding=10 + 2 * longest,
        labelLimit=int(0.75 * (width // columns - 30)),
    )


def fitted(title: str, width: int) -> str:
    """A title of an axis, cut where the axis would be too short for it."""
    most = width // LETTER
    return title if len(title) <= most else f"{title[: most - 1]}…"


def ticks(width: int, least: float | None = None) -> alt.Axis:
    """Ticks of a horizontal axis that leave room for their labels, at least `least` apart."""
    return alt.Axis(
        tickCount=width // 70,
        tickMinStep=alt.Undefined if least is None else least,
        labelFlush=False,
        labelOverlap="greedy",
        labelSeparation=6,
    )


def named_rows(names: Sequence[str], limit: int, **axis: Any) -> alt.Y:
    """A vertical axis of names in their order, labels at most `limit` pixels wide."""
    return alt.Y("row:N", sort=None, scale=alt.Scale(domain=list(names))).axis(
        title=None, domain=False, ticks=False, labelLimit=limit, **axis
    )


def layered(
    layers: Sequence[alt.Chart], data: Mapping[str, Rows], width: int, height: int
) -> Specification:
    """Layers in one chart, `width` pixels wide with its axes, its plot `height` high."""
    fitted = alt.layer(*layers).properties(
        width=width,
        height=height,
        autosize=alt.AutoSizeParams(type="fit-x", contains="padding"),
    )
    return _complete(fitted, data)


def grid(
    panels: Sequence[alt.LayerChart | alt.FacetChart], data: Mapping[str, Rows], columns: int
) -> Specification:
    """Charts beside and below each other; each has a width and height of its own."""
    return _complete(alt.concat(*panels, columns=columns, spacing=18), data)


def _complete(
    chart: alt.LayerChart | alt.FacetChart | alt.ConcatChart, data: Mapping[str, Rows]
) -> Specification:
    # Altair's own checks take as long as the drawing, which refuses what isn't a chart anyway.
    return chart.to_dict(validate=False) | {"datasets": dict(data), "config": _CONFIG}


_CONFIG: Mapping[str, Any] = {
    "aria": False,
    "background": COLORS["paper"],
    "font": FONT,
    "padding": {"left": 8, "right": 8, "top": 4, "bottom": 4},
    "view": {"stroke": None},
    "axis": {
        "domainColor": COLORS["muted"],
        "gridColor": COLORS["grid"],
        "labelColor": COLORS["ink"],
        "labelFontSize": 12,
        "tickColor": COLORS["muted"],
        "titleColor": COLORS["muted"],
        "titleFontSize": 12,
        "titleFontWeight": "normal",
    },
    "legend": {"labelColor": COLORS["ink"], "labelFontSize": 12, "symbolOpacity": 1},
}
