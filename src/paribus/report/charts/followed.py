"""Any metric through training: every run faint, the mean of each setting strong."""

from collections.abc import Mapping

import altair as alt

from paribus.report.charts.curves import Curve, LossCurves, extremes
from paribus.report.charts.drawing import Specification
from paribus.report.charts.frame import Rows, by_setting, layered, ticks

HEIGHT = 260
#: About so many marks a mean curve has, whose shape says which setting it is.
MARKS = 7
#: What axis and margins take of a chart's width, in pixels, and columns for all faint lines.
MARGIN, ALL_COLUMNS = 50, 20_000
#: More runs than this aren't drawn one by one.
MOST_RUNS = 60


def followed(
    curves: Mapping[str, LossCurves], axis: str, title: str, scale: float, width: int
) -> Specification:
    """A chart of one metric.

    Args:
        curves: setting -> its runs and their mean, the baseline first.
        axis: what the places count, "Epoch" or "Step".
        title: of the values: their unit.
        scale: values are multiplied with it.
        width: of the chart, in pixels.
    """
    runs = sum(len(of.finished) + len(of.failed) for of in curves.values())
    columns = max(ALL_COLUMNS // max(runs, 1), 60)
    wide = min(columns, width - MARGIN)
    strong = {name: Curve(of.at, of.mean) for name, of in curves.items()}
    means = {name: _rows(curve, width - MARGIN, scale) for name, curve in strong.items()}
    lines = [
        {**row, "setting": name, "run": f"{name} {number}", "ended": ended}
        for name, of in curves.items()
        for ended, those in (("finished", of.finished), ("failed", of.failed))
        for number, curve in enumerate(those)
        for row in _rows(curve, wide, scale)
    ]
    data: dict[str, Rows] = {
        "runs": [row for row in lines if row["ended"] == "finished"] if runs <= MOST_RUNS else [],
        "failed": [row for row in lines if row["ended"] == "failed"],
        "means": [{**row, "setting": name} for name, rows in means.items() for row in rows],
        # Each curve has its marks at other places, so that none covers another.
        "marks": [
            {**row, "setting": name}
            for number, (name, rows) in enumerate(means.items())
            for every in [max(len(rows) // MARKS, 1)]
            for row in rows[number * every // len(means) :: every]
        ],
    }
    tone, shape = by_setting(list(curves), width)
    y = alt.Y("value:Q", title=title or None, scale=alt.Scale(zero=False))

    places = [row["at"] for rows in data.values() for row in rows]
    long = bool(places) and max(places) - min(places) >= 2
    labels = ticks(width, least=1 if long else None)  # there is no epoch 1.5

    def layer(name: str) -> alt.Chart:
        x = alt.X("at:Q", title=axis, scale=alt.Scale(nice=False), axis=labels)
        return alt.Chart(alt.NamedData(name)).encode(x=x, y=y, color=tone)

    layers = [
        layer("runs").mark_line(clip=True, strokeWidth=0.7, opacity=0.35).encode(detail="run:N"),
        layer("failed")
        .mark_line(clip=True, strokeWidth=1.2, opacity=0.7, strokeDash=[2, 3])
        .encode(detail="run:N"),
        layer("means").mark_line(clip=True, strokeWidth=2.2),
        layer("marks").mark_point(clip=True, filled=True, size=50, opacity=1).encode(shape=shape),
    ]
    return layered(layers, data, width, HEIGHT)


def _rows(curve: Curve, columns: int, scale: float) -> Rows:
    if not len(curve.values):
        return []
    kept = extremes(curve.values, columns)
    return [
        {"at": at, "value": scale * value}
        for at, value in zip(curve.at[kept].tolist(), curve.values[kept].tolist(), strict=True)
    ]
