"""Estimates with their intervals: by setting, by metric, and against the number of seeds."""

from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt
import numpy as np

from paribus.narrative.numbers import Spread
from paribus.report.charts import COLORS, VERDICT_MARKS
from paribus.report.charts.drawing import Specification
from paribus.report.charts.frame import NARROW, Rows, by_setting, grid, layered, named_rows, ticks
from paribus.stats.intervals import half_width

#: In `panels`, pixels that a row takes, a letter of a row's name, and what lies around a chart.
ROW, LETTER, AROUND = 24, 7, 34

#: With two seeds the interval is so wide that it would flatten all others.
FEWEST = 3


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
    x = alt.X("value:Q", scale=axis, title=title, axis=ticks(width))
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
            x=alt.X("low:Q", title=title, scale=scale, axis=ticks(width)), x2=alt.X2("high:Q")
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
    axis = alt.Axis(tickCount=max(plot // 60, 3), labelFlush=False)
    x = alt.X("low:Q", scale=scale, title=panel.unit, axis=axis)
    base = alt.Chart(alt.NamedData(f"marks{number}"))
    null = alt.Chart(alt.NamedData(f"null{number}"))
    band = null.mark_rect(color=COLORS["grid"]).encode(x=alt.X("from:Q"), x2=alt.X2("to:Q"))
    layers = [
        *([] if panel.margin is None else [band]),
        null.mark_rule(strokeWidth=1.5, color=COLORS["ink"]).encode(x=alt.X("null:Q")),
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
        panel.title, anchor="start", fontSize=12, fontWeight="bold", color=COLORS["ink"]
    )
    return alt.layer(*layers).properties(title=title, width=plot, height=ROW * len(order))


@dataclass(frozen=True)
class Plan:
    """A variation: its seeds so far, the sd of its differences, and the interval's level.

    The sd is in the unit that is shown, as points.
    """

    variation: str
    n_seeds: int
    sd: float
    level: float

    def half_width(self, seeds: float) -> float:
        """Half the interval's width, if so many seeds had the same spread."""
        return float(half_width(seeds, self.sd, self.level))


def more_seeds(
    plans: Sequence[Plan], unit: str, margin: float, most: int, width: int
) -> Specification:
    """Half width against seeds, the present ones marked; the margin is dashed.

    Args:
        unit: of half widths and margin.
        margin: 0 where there is none.
        most: where the axis of seeds ends.
    """

    def at(plan: Plan, seeds: float) -> dict[str, object]:
        return {"setting": plan.variation, "seeds": seeds, "half": plan.half_width(seeds)}

    # A line of hundreds of seeds needs no point at each.
    seeds = np.unique(np.geomspace(FEWEST, most, 60).round()).tolist()
    data: dict[str, Rows] = {
        "lines": [at(plan, n) for plan in plans for n in seeds],
        "present": [at(plan, max(plan.n_seeds, FEWEST)) for plan in plans],
        "margin": [{"half": margin, "seeds": most, "text": "the margin"}] if margin else [],
    }
    axis = alt.Scale(domain=[FEWEST, most], nice=False)
    x = alt.X("seeds:Q", title="Seeds", scale=axis, axis=ticks(width))
    title = f"Half width ({unit})" if unit else "Half width"
    y = alt.Y("half:Q", title=title, scale=alt.Scale(zero=True))
    tone, shape = by_setting([plan.variation for plan in plans], width, first=1)
    limit = alt.Chart(alt.NamedData("margin")).encode(y=alt.Y("half:Q"))
    layers = (
        limit.mark_rule(strokeDash=[6, 4], color=COLORS["muted"]),
        limit.mark_text(align="right", dx=-4, dy=-7, color=COLORS["muted"], fontSize=12).encode(
            x=x, text=alt.Text("text:N")
        ),
        alt.Chart(alt.NamedData("lines")).mark_line(strokeWidth=2).encode(x=x, y=y, color=tone),
        alt.Chart(alt.NamedData("present"))
        .mark_point(filled=True, size=90, opacity=1)
        .encode(x=x, y=y, color=tone, shape=shape),
    )
    return layered(layers, data, width, 260)
