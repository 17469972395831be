"""What more seeds would buy: the half width of the interval against the number of seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt
import numpy as np

from paribus.report.figures import Rows, cycled, legend, ticks, to_svg
from paribus.report.svg import Svg
from paribus.report.theme import SETTING_COLORS, SETTING_SHAPES, color
from paribus.stats.intervals import half_width

HEIGHT = 260

#: With two seeds the interval is so wide that it would flatten all others.
FEWEST = 3


@dataclass(frozen=True)
class Plan:
    """A variation: its seeds so far, the sd of its differences, and the interval's level."""

    variation: str
    n_seeds: int
    sd: float
    level: float


def more_seeds(plans: Sequence[Plan], margin: float, most: int, width: int) -> Svg:
    """A line a variation in points, its present seeds marked; the margin is dashed.

    Args:
        margin: of test accuracy, as a share.
        most: where the axis of seeds ends.
    """
    names = [plan.variation for plan in plans]
    # The baseline has the first color and shape in all charts, and no line in this one.
    scale = ["", *names]
    colors = cycled(SETTING_COLORS, scale, color)[1:]
    shapes = alt.Scale(domain=names, range=cycled(SETTING_SHAPES, scale, str)[1:])
    x = alt.X(
        "seeds:Q",
        title="Seeds",
        scale=alt.Scale(domain=[FEWEST, most], nice=False),
        axis=ticks(width),
    )
    y = alt.Y("points:Q", title="Half width (points)", scale=alt.Scale(zero=True))
    tone = alt.Color("setting:N", scale=alt.Scale(domain=names, range=colors), legend=legend(width))
    limit = alt.Chart(alt.NamedData("margin"))
    layers = (
        limit.mark_rule(strokeDash=[6, 4], color=color("muted")).encode(y=alt.Y("points:Q")),
        limit.mark_text(align="right", dx=-4, dy=-7, color=color("muted"), fontSize=12).encode(
            x=x, y=alt.Y("points:Q"), text=alt.Text("text:N")
        ),
        alt.Chart(alt.NamedData("lines")).mark_line(strokeWidth=2).encode(x=x, y=y, color=tone),
        alt.Chart(alt.NamedData("present"))
        .mark_point(filled=True, size=90, opacity=1)
        .encode(x=x, y=y, color=tone, shape=alt.Shape("setting:N", scale=shapes)),
    )
    return to_svg(layers, _data(plans, margin, most), width, HEIGHT)


def _data(plans: Sequence[Plan], margin: float, most: int) -> dict[str, Rows]:
    # A line of hundreds of seeds needs no point at each.
    seeds = np.unique(np.geomspace(FEWEST, most, 60).round())
    return {
        "lines": [row for plan in plans for row in _rows(plan, seeds.tolist())],
        "present": [row for plan in plans for row in _rows(plan, [max(plan.n_seeds, FEWEST)])],
        "margin": [{"points": 100 * margin, "seeds": most, "text": "the margin"}],
    }


def _rows(plan: Plan, seeds: Sequence[float]) -> Rows:
    halves = 100 * half_width(seeds, plan.sd, plan.level)
    return [
        {"setting": plan.variation, "seeds": n, "points": half}
        for n, half in zip(seeds, halves.tolist(), strict=True)
    ]
