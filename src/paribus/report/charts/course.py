"""An estimate and its interval after each seed, where seeds come one by one."""

from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt
import numpy as np

from paribus.report.charts import COLORS
from paribus.report.charts.drawing import Specification
from paribus.report.charts.frame import NARROW, Rows, grid

Panel = alt.LayerChart | alt.FacetChart


@dataclass(frozen=True)
class Path:
    """One variation: at each number of seeds the estimate and its interval, in the unit shown.

    `seeds` are (n,), as are the others; only numbers of seeds with an interval are drawn.
    """

    variation: str
    seeds: Sequence[int]
    estimate: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]


def courses(
    paths: Sequence[Path], unit: str, null: float, margin: float | None, width: int
) -> Specification:
    """A small chart per variation: the interval as a band over the number of seeds.

    Args:
        unit: the title of the vertical axes.
        null: where nothing differs.
        margin: drawn as a gray band around `null`; None if there is none.
    """
    columns = 1 if width <= NARROW or len(paths) == 1 else 2
    plot = width // columns - 80
    data: dict[str, Rows] = {}
    for number, path in enumerate(paths):
        rows = zip(path.seeds, path.estimate, path.low, path.high, strict=True)
        data[f"course{number}"] = [
            {"seeds": n, "estimate": estimate, "low": low, "high": high}
            for n, estimate, low, high in rows
        ]
        reach = margin or 0.0
        data[f"zero{number}"] = [{"null": null, "from": null - reach, "to": null + reach}]
    charts = [_chart(path, n, unit, margin, plot) for n, path in enumerate(paths)]
    return grid(charts, data, columns)


def _chart(path: Path, number: int, unit: str, margin: float | None, plot: int) -> Panel:
    base = alt.Chart(alt.NamedData(f"course{number}"))
    zero = alt.Chart(alt.NamedData(f"zero{number}"))
    axis = alt.Axis(format="d", values=_ticks(path.seeds, max(plot // 60, 3)))
    x = alt.X("seeds:Q", title="Seeds", axis=axis, scale=alt.Scale(zero=False, nice=False))
    within = zero.mark_rect(color=COLORS["grid"]).encode(y=alt.Y("from:Q"), y2=alt.Y2("to:Q"))
    layers = [
        *([] if margin is None else [within]),
        base.mark_area(opacity=0.25, color=COLORS["blue"]).encode(
            x=x, y=alt.Y("low:Q", title=unit, scale=alt.Scale(zero=False)), y2=alt.Y2("high:Q")
        ),
        # Where one number of seeds alone has an interval, the band has no width.
        base.mark_rule(opacity=0.35, color=COLORS["blue"]).encode(
            x=x, y=alt.Y("low:Q"), y2=alt.Y2("high:Q")
        ),
        zero.mark_rule(strokeWidth=1.5, color=COLORS["ink"]).encode(y=alt.Y("null:Q")),
        base.mark_line(strokeWidth=2, color=COLORS["blue"], point=True).encode(
            x=x, y=alt.Y("estimate:Q")
        ),
    ]
    title = alt.TitleParams(
        path.variation, anchor="start", fontSize=12, fontWeight="bold", color=COLORS["ink"]
    )
    return alt.layer(*layers).properties(title=title, width=plot, height=150)


def _ticks(seeds: Sequence[int], most: int) -> list[int]:
    """At most so many whole numbers of seeds, with the first and the last."""
    return sorted({round(n) for n in np.linspace(seeds[0], seeds[-1], most).tolist()})
