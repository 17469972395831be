"""The learning curves of all settings in one chart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt

from paribus.report.decimate import Line
from paribus.report.figures import Rows, cycled, legend, ticks, to_svg
from paribus.report.svg import Svg
from paribus.report.theme import SETTING_COLORS, SETTING_SHAPES, color

HEIGHT = 340

#: About so many marks a curve has, by whose shape it is told from the others.
MARKS = 9


@dataclass(frozen=True)
class Learning:
    """One setting's losses after each epoch, over its finished seeds; arrays are (epochs,).

    Attributes:
        training, validation: means.
        deviation: of the validation loss over seeds; 0 of one seed.
    """

    setting: str
    training: Line
    validation: Line
    deviation: Line


def learning(curves: Sequence[Learning], top: float, width: int) -> Svg:
    """Validation loss strong with its band and marks, training loss thin and dashed.

    Args:
        curves: one a setting, the baseline first.
        top: where the loss axis ends.
    """
    names = [curve.setting for curve in curves]
    colors = cycled(SETTING_COLORS, names, color)
    tone = alt.Color("setting:N", scale=alt.Scale(domain=names, range=colors), legend=legend(width))
    shapes = alt.Scale(domain=names, range=cycled(SETTING_SHAPES, names, str))
    x = alt.X("epoch:Q", title="Epoch", scale=alt.Scale(nice=False), axis=ticks(width))
    y = alt.Y("loss:Q", title="Loss (nats)", scale=alt.Scale(domain=[0, top], nice=False))

    def layer(data: str) -> alt.Chart:
        return alt.Chart(alt.NamedData(data)).encode(x=x, color=tone)

    layers = (
        layer("bands")
        .mark_area(clip=True, opacity=0.16)
        .encode(y=alt.Y("low:Q"), y2=alt.Y2("high:Q"))
        .encode(detail="setting:N"),
        layer("training").mark_line(clip=True, strokeWidth=1.1, strokeDash=[4, 3]).encode(y=y),
        layer("validation").mark_line(clip=True, strokeWidth=2).encode(y=y),
        layer("marks")
        .mark_point(clip=True, filled=True, size=60, opacity=1)
        .encode(y=y, shape=alt.Shape("setting:N", scale=shapes)),
    )
    return to_svg(layers, _data(curves), width, HEIGHT)


def _data(curves: Sequence[Learning]) -> dict[str, Rows]:
    return {
        "training": [row for curve in curves for row in _line(curve.setting, curve.training)],
        "validation": [row for curve in curves for row in _line(curve.setting, curve.validation)],
        "marks": [row for n, curve in enumerate(curves) for row in _marks(curve, n, len(curves))],
        "bands": [row for curve in curves for row in _band(curve)],
    }


def _line(setting: str, losses: Line) -> Rows:
    return [
        {"setting": setting, "epoch": epoch, "loss": loss}
        for epoch, loss in enumerate(losses.tolist(), start=1)
    ]


def _marks(curve: Learning, number: int, of: int) -> Rows:
    """Marks at epochs of its own, so that those of curves that run together don't cover."""
    every = max(len(curve.validation) // MARKS, 1)
    return _line(curve.setting, curve.validation)[number * every // of :: every]


def _band(curve: Learning) -> Rows:
    low, high = curve.validation - curve.deviation, curve.validation + curve.deviation
    return [
        {"setting": curve.setting, "epoch": epoch, "low": max(bottom, 0.0), "high": top}
        for epoch, (bottom, top) in enumerate(zip(low.tolist(), high.tolist(), strict=True), 1)
        if top > bottom
    ]
