"""A variation's confusion matrix minus the baseline's, colored by what is gained and lost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np

from paribus.comparison.confusion import ConfusionDifference
from paribus.report.figures import Rows, to_svg
from paribus.report.heatmap import STRONGEST, TWO_LINE_CLASSES
from paribus.report.svg import Svg
from paribus.report.theme import color
from paribus.report.words import Unit
from paribus.stats.intervals import Floats

#: Images, as a mean over seeds.
IMAGES = Unit(1)

#: What marks a cell that is shown to differ.
SHOWN = "●"


def gains(difference: ConfusionDifference) -> Floats:
    """(classes, classes) the change with its sign turned for mistakes: above 0 is for the good."""
    on_diagonal = np.eye(len(difference.mean), dtype=bool)
    gained: Floats = np.where(on_diagonal, difference.mean, -difference.mean)
    return gained


def strengths(difference: ConfusionDifference, strongest: float) -> Floats:
    """How strongly each cell is colored, from 0 to `STRONGEST`."""
    share = np.abs(difference.mean) / strongest if strongest else np.zeros(difference.mean.shape)
    return STRONGEST * np.minimum(share, 1.0)


def text(difference: ConfusionDifference, i: int, j: int) -> str:
    """A cell in a few letters; nothing where no run differs."""
    if difference.constant[i, j] and difference.mean[i, j] == 0:
        return "0"
    return IMAGES.signed(float(difference.mean[i, j]))


def difference_map(
    classes: Sequence[str], difference: ConfusionDifference, strongest: float, width: int
) -> Svg:
    """The chart of a matrix; what is shown to differ has a mark below its number."""
    names = alt.Scale(domain=list(classes), paddingInner=0.04)
    base = alt.Chart(alt.NamedData("cells")).encode(
        x=alt.X("predicted:N", scale=names, axis=_axis("Predicted class", width)),
        y=alt.Y("true:N", scale=names, axis=_axis("True class", width)),
    )
    cell = 0.8 * width / len(classes)
    small = len(classes) > TWO_LINE_CLASSES
    number = base.mark_text(color=color("ink"), fontSize=min(12, cell / (2.8 if small else 4)))
    layers = [
        base.mark_rect().encode(
            fill=alt.Fill("fill:N", scale=None),
            fillOpacity=alt.FillOpacity("strength:Q", scale=None),
        ),
        number.encode(text=alt.Text("text:N")),
        base.mark_text(color=color("ink"), fontSize=min(10, cell / 4), dy=cell / 3.6).encode(
            text=alt.Text("mark:N")
        ),
    ]
    return to_svg(
        layers, {"cells": _cells(classes, difference, strongest)}, width, round(0.8 * width)
    )


def _axis(title: str, width: int) -> alt.Axis:
    across = title.startswith("Predicted")
    return alt.Axis(
        title=title,
        orient="top" if across else "left",
        labelAngle=-40 if across else 0,
        labelLimit=width // 5,
        domain=False,
        ticks=False,
        grid=False,
    )


def _cells(classes: Sequence[str], difference: ConfusionDifference, strongest: float) -> Rows:
    gained, strength = gains(difference), strengths(difference, strongest)

    def cell(i: int, j: int) -> dict[str, Any]:
        return {
            "true": classes[i],
            "predicted": classes[j],
            "text": text(difference, i, j),
            "mark": SHOWN if difference.survives[i, j] else "",
            "fill": color("blue" if gained[i, j] > 0 else "vermillion"),
            "strength": round(float(strength[i, j]), 3),
        }

    return [cell(i, j) for i in range(len(classes)) for j in range(len(classes))]
