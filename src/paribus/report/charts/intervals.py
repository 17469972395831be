"""Estimates with their intervals: by setting, by metric, and against the number of seeds."""

from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt

from paribus.narrative.numbers import Spread
from paribus.report.charts import COLORS, VERDICT_MARKS
from paribus.report.charts.drawing import Specification
from paribus.report.charts.frame import (
    LETTER,
    NARROW,
    Rows,
    by_setting,
    fitted,
    grid,
    layered,
    named_rows,
    ticks,
)

#: In `panels`, pixels that a row takes, a letter of a row's name, and what lies around a chart.
ROW, AROUND = 24, 34

#: Where a row has its lowest seeds, in pixels; equal ones are stacked up to so many lanes higher.
LOWEST, STACKED, LANE = 14, 4, 4


@dataclass(frozen=True)
class Mark:
    """An estimate with its interval; both ends are None if the spread is unknown.

    `by` is the setting or the verdict that it is colored by.
    """

    row: str
    by: str
    estimate: float
    low: float | None
    high: float | None

    def ends(self) -> dict[str, float]:
        """The interval, which is the estimate alone if the spread is unknown."""
        low = self.estimate if self.low is None else self.low
        return {"low": low, "high": self.estimate if self.high is None else self.high}


def seed_dots(
    settings: Sequence[str], spreads: Sequence[Spread], title: str, scale: float, width: int
) -> Specification:
    """A metric times `scale`: a row per setting, each seed faint, mean and deviation strong."""
    by_name = list(zip(settings, spreads, strict=True))
    data: dict[str, Rows] = {
        "seeds": [{"row": name, "value": scale * v} for name, of in by_name for v in of.values],
        "means": [
            {"row": name, "mean": scale * of.mean, "low": scale * low, "high": scale * high}
            for name, of in by_name
            if of.n
            for low, high in [(of.mean - (of.sd or 0.0), of.mean + (of.sd or 0.0))]
        ],
    }
    y = named_rows(settings, width // 3)
    axis = alt.Scale(zero=False, nice=True)
    x = alt.X("value:Q", scale=axis, title=fitted(title, width), axis=ticks(width))
    strong = alt.Chart(alt.NamedData("means")).encode(y=y)
    layers = (
        alt.Chart(alt.NamedData("seeds"))
        .mark_circle(size=46, opacity=0.65, color=COLORS["blue"])
        .encode(x=x, y=y),
        strong.mark_rule(strokeWidth=2, color=COLORS["ink"]).encode(
            x=alt.X("low:Q"), x2=alt.X2("high:Q")
        ),
        strong.mark_tick(thickness=3, size=20, color=COLORS["ink"]).encode(x=alt.X("mean:Q")),
    )
    return layered(layers, data, width, 34 * len(settings))


@dataclass(frozen=True)
class SeedRow:
    """A variation against the baseline: its mark, and each seed's difference or ratio."""

    mark: Mark
    seeds: Sequence[float]


def seed_differences(
    rows: Sequence[SeedRow], title: str, null: float, margin: float | None, width: int
) -> Specification:
    """A row per variation: each seed faint, the mean with its interval below them.

    Args:
        null: where nothing differs: 0, or 1 of ratios.
        margin: drawn as a gray band around `null`; None if there is none.
    """
    reach = margin or 0.0
    data: dict[str, Rows] = {
        "null": [{"null": null, "from": null - reach, "to": null + reach}],
        "seeds": [
            {"row": row.mark.row, "value": value, "lane": lane}
            for row in rows
            for value, lane in _lanes(row.seeds)
        ],
        "means": [_by_verdict(row.mark) for row in rows],
    }
    y = named_rows([row.mark.row for row in rows], width // 4)
    x = alt.X(
        "value:Q",
        scale=alt.Scale(zero=False, nice=True),
        title=fitted(title, width),
        axis=ticks(width),
    )
    line = alt.Chart(alt.NamedData("null"))
    # In pixels from the top of the row: equal seeds are stacked.
    lanes = alt.Scale(domain=[0, STACKED], range=[LOWEST, LOWEST - LANE * STACKED])
    seeds = alt.Chart(alt.NamedData("seeds")).encode(
        x=x, y=y, yOffset=alt.YOffset("lane:Q", scale=lanes)
    )
    band = line.mark_rect(color=COLORS["grid"]).encode(x=alt.X("from:Q"), x2=alt.X2("to:Q"))
    layers = [
        *([] if margin is None else [band]),
        line.mark_rule(strokeWidth=1.5, color=COLORS["ink"]).encode(x=alt.X("null:Q")),
        seeds.mark_circle(size=34, opacity=0.6, color=COLORS["muted"]),
        *_verdict_marks(alt.Chart(alt.NamedData("means")).encode(y=y), alt.X("low:Q"), 7),
    ]
    return layered(layers, data, width, 46 * len(rows))


def _lanes(seeds: Sequence[float]) -> list[tuple[float, int]]:
    """Each value with how many before it are equal, as far as a chart shows, up to `STACKED`."""
    reach = max(map(abs, seeds), default=0.0) or 1.0
    places = [round(100 * value / reach) for value in sorted(seeds)]
    return [
        (value, min(places[:n].count(places[n]), STACKED)) for n, value in enumerate(sorted(seeds))
    ]


def _verdict_marks(base: alt.Chart, low: alt.X, offset: int = 0) -> list[alt.Chart]:
    """Intervals and their estimates, in the color and the shape of their verdicts."""
    interval = base.mark_rule(strokeWidth=2, yOffset=offset).encode(
        x=low, x2=alt.X2("high:Q"), color=alt.Color("color:N", scale=None)
    )
    point = base.mark_point(size=64, opacity=1, strokeWidth=1.8, yOffset=offset).encode(
        x=alt.X("estimate:Q"),
        fill=alt.Fill("fill:N", scale=None),
        stroke=alt.Stroke("color:N", scale=None),
        shape=alt.Shape("shape:N", scale=None),
    )
    return [interval, point]


def dots(
    marks: Sequence[Mark], title: str, width: int, chance: float | None = None
) -> Specification:
    """Shares in percent, a row per class or change, a mark per setting, in the order given.

    Args:
        chance: in percent; drawn as a line, and the axis then begins at 0.
    """
    rows = list(dict.fromkeys(mark.row for mark in marks))
    settings = list(dict.fromkeys(mark.by for mark in marks))
    tone, shape = by_setting(settings, width)
    lanes = alt.Scale(domain=settings, paddingOuter=0.4)
    base = alt.Chart(alt.NamedData("marks")).encode(
        y=named_rows(rows, width // 3, grid=True, tickBand="extent"),
        yOffset=alt.YOffset("setting:N", sort=None, scale=lanes),
        color=tone,
    )
    scale = alt.Scale(zero=chance is not None, nice=True)
    line = (
        alt.Chart(alt.NamedData("chance"))
        .mark_rule(strokeWidth=1.5, strokeDash=[4, 3], color=COLORS["ink"])
        .encode(x=alt.X("chance:Q"))
    )
    layers = (
        *([] if chance is None else [line]),
        base.mark_rule(strokeWidth=1.5).encode(
            x=alt.X("low:Q", title=fitted(title, width), scale=scale, axis=ticks(width)),
            x2=alt.X2("high:Q"),
        ),
        base.mark_point(size=48, filled=True, opacity=1).encode(x=alt.X("estimate:Q"), shape=shape),
    )
    data: dict[str, Rows] = {
        "chance": [{"chance": chance}],
        "marks": [
            {"row": m.row, "setting": m.by, "estimate": m.estimate} | m.ends() for m in marks
        ],
    }
    return layered(layers, data, width, max(22, 9 * len(settings) + 8) * len(rows))


@dataclass(frozen=True)
class Panel:
    """One small chart.

    Attributes:
        title: what is compared, and the axis in a word: its unit.
        marks: one per row, colored by their verdicts.
        null: where nothing differs: 0, or 1 of a ratio.
        margin: differences up to this size don't matter; None if none is declared.
        ratio: whether the axis is one of ratios.
    """

    title: str
    unit: str
    marks: tuple[Mark, ...]
    null: float = 0.0
    margin: float | None = None
    ratio: bool = False


def intervals(panels: Sequence[Panel], width: int) -> Specification:
    """The small charts in two columns, on a phone in one."""
    columns = 1 if width <= NARROW or len(panels) == 1 else 2
    longest = max(len(mark.row) for panel in panels for mark in panel.marks)
    names = min(LETTER * longest + 8, width // (3 * columns))
    plot = width // columns - names - AROUND
    data: dict[str, Rows] = {}
    for n, panel in enumerate(panels):
        margin = panel.margin or 0.0
        data[f"null{n}"] = [
            {"null": panel.null, "from": panel.null - margin, "to": panel.null + margin}
        ]
        data[f"marks{n}"] = [_by_verdict(mark) for mark in panel.marks]
    charts = [_panel(panel, n, names, plot) for n, panel in enumerate(panels)]
    return grid(charts, data, columns)


def _by_verdict(mark: Mark) -> dict[str, object]:
    name, shape = VERDICT_MARKS[mark.by]
    return {
        "row": mark.row,
        "estimate": mark.estimate,
        "color": COLORS[name],
        "fill": COLORS["paper" if mark.by == "undecided" else name],
        "shape": shape,
    } | mark.ends()


def _panel(panel: Panel, number: int, names: int, plot: int) -> alt.LayerChart | alt.FacetChart:
    order = list(dict.fromkeys(mark.row for mark in panel.marks))
    y = named_rows(order, names - 8, minExtent=names, maxExtent=names)
    scale = alt.Scale(type="log" if panel.ratio else "linear", zero=False, nice=not panel.ratio)
    axis = alt.Axis(
        tickCount=max(plot // 60, 3), labelFlush=False, labelOverlap="greedy", labelSeparation=6
    )
    x = alt.X("low:Q", scale=scale, title=panel.unit, axis=axis)
    base = alt.Chart(alt.NamedData(f"marks{number}"))
    null = alt.Chart(alt.NamedData(f"null{number}"))
    band = null.mark_rect(color=COLORS["grid"]).encode(x=alt.X("from:Q"), x2=alt.X2("to:Q"))
    layers = [
        *([] if panel.margin is None else [band]),
        null.mark_rule(strokeWidth=1.5, color=COLORS["ink"]).encode(x=alt.X("null:Q")),
        *_verdict_marks(base.encode(y=y), x),
    ]
    title = alt.TitleParams(
        panel.title, anchor="start", fontSize=12, fontWeight="bold", color=COLORS["ink"]
    )
    return alt.layer(*layers).properties(title=title, width=plot, height=ROW * len(order))
