"""The report's charts: numbers in, drawings out; each for a wide page and for a telephone."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import altair as alt

from paribus.report.spread import Spread
from paribus.report.svg import Svg, draw
from paribus.report.theme import FONT, color

WIDE, NARROW = 720, 350
Rows = list[dict[str, Any]]

#: A function from a width in pixels to a chart.
Chart = Callable[[int], Svg]


def both(chart: Chart) -> tuple[Svg, Svg]:
    """A chart for a wide page and for a telephone."""
    return chart(WIDE), chart(NARROW)


def accuracy(settings: Sequence[str], accuracies: Sequence[Spread], width: int) -> Svg:
    """Test accuracy in percent: a row a setting, each seed faint, mean and deviation strong."""
    seeds: Rows = [
        {"setting": name, "percent": 100 * value}
        for name, spread in zip(settings, accuracies, strict=True)
        for value in spread.values
    ]
    means: Rows = [
        {"setting": name, **_interval(spread)}
        for name, spread in zip(settings, accuracies, strict=True)
        if spread.n
    ]
    y = alt.Y("setting:N", sort=None, scale=alt.Scale(domain=list(settings))).axis(
        title=None, domain=False, ticks=False, labelLimit=width // 3
    )
    x = alt.X(
        "percent:Q",
        scale=alt.Scale(zero=False, nice=True),
        title="Test accuracy (%)",
        axis=ticks(width),
    )
    dots = alt.Chart(alt.NamedData("seeds")).encode(x=x, y=y)
    strong = alt.Chart(alt.NamedData("means")).encode(y=y)
    layers = (
        dots.mark_circle(size=46, opacity=0.65, color=color("blue")),
        strong.mark_rule(strokeWidth=2, color=color("ink")).encode(
            x=alt.X("low:Q"), x2=alt.X2("high:Q")
        ),
        strong.mark_tick(thickness=3, size=20, color=color("ink")).encode(x=alt.X("mean:Q")),
    )
    return to_svg(layers, {"seeds": seeds, "means": means}, width, 34 * len(settings))


def _interval(spread: Spread) -> dict[str, float]:
    """Mean and one standard deviation each way, in percent."""
    deviation = spread.sd or 0.0
    low, high = spread.mean - deviation, spread.mean + deviation
    return {"mean": 100 * spread.mean, "low": 100 * low, "high": 100 * high}


def cycled(choices: Sequence[str], of: Sequence[str], look_up: Callable[[str], str]) -> list[str]:
    """A color or shape for each setting; they begin again where there are too few."""
    return [look_up(choices[number % len(choices)]) for number in range(len(of))]


def legend(width: int) -> alt.Legend:
    """A legend above a chart, in fewer columns on a telephone."""
    columns = 2 if width <= NARROW else 4
    return alt.Legend(title=None, orient="top", columns=columns, labelLimit=width // 3)


def ticks(width: int) -> alt.Axis:
    """Ticks of a horizontal axis that leave room for their labels."""
    return alt.Axis(tickCount=width // 70, labelFlush=False)


def to_svg(layers: Sequence[alt.Chart], data: Mapping[str, Rows], width: int, height: int) -> Svg:
    """Draw layers so that it is `width` pixels wide with its axes, and its plot `height` high."""
    fitted = alt.layer(*layers).properties(
        width=width,
        height=height,
        autosize=alt.AutoSizeParams(type="fit-x", contains="padding"),
    )
    return _drawn(fitted, data)


def grid(
    panels: Sequence[alt.LayerChart | alt.FacetChart], data: Mapping[str, Rows], columns: int
) -> Svg:
    """Draw charts beside and below each other; each has a width and height of its own."""
    return _drawn(alt.concat(*panels, columns=columns, spacing=18), data)


def _drawn(
    chart: alt.LayerChart | alt.FacetChart | alt.ConcatChart, data: Mapping[str, Rows]
) -> Svg:
    # Altair's own checks take as long as the drawing, which refuses what isn't a chart anyway.
    return draw(chart.to_dict(validate=False) | {"datasets": dict(data), "config": _CONFIG})


_CONFIG: Mapping[str, Any] = {
    "aria": False,
    "background": color("paper"),
    "font": FONT,
    "padding": {"left": 8, "right": 8, "top": 4, "bottom": 4},
    "view": {"stroke": None},
    "axis": {
        "domainColor": color("muted"),
        "gridColor": color("grid"),
        "labelColor": color("ink"),
        "labelFontSize": 12,
        "tickColor": color("muted"),
        "titleColor": color("muted"),
        "titleFontSize": 12,
        "titleFontWeight": "normal",
    },
    "legend": {"labelColor": color("ink"), "labelFontSize": 12, "symbolOpacity": 1},
}
