"""A confusion matrix as a chart: blue what is right, orange what is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np

from paribus.metrics.classification import Figures
from paribus.report.figures import to_svg
from paribus.report.svg import Svg
from paribus.report.theme import color
from paribus.report.words import PERCENT, whole

#: Up to so many classes the cells carry numbers; two lines each up to fewer.
TEXT_CLASSES, TWO_LINE_CLASSES = 30, 12

#: Beyond `TEXT_CLASSES`, so many of the fullest cells are drawn.
MOST_CELLS = 2_000

#: How much of a color lies over the paper at most, so that text stays readable on it.
STRONGEST = 0.6


def row_shares(counts: Figures) -> Figures:
    """Each cell's share of its row; 0 in a row without images."""
    support = counts.sum(axis=1, keepdims=True)
    shares: Figures = np.divide(counts, support, out=np.zeros(counts.shape), where=support > 0)
    return shares


def strengths(counts: Figures, worst: float) -> Figures:
    """How strongly each cell is colored, from 0 to `STRONGEST`.

    On the diagonal by its share of the row; elsewhere by its share of `worst`, the greatest
    share of a row that any mistake has, as mistakes would be too faint to be told apart.
    """
    shares = row_shares(counts)
    wrong = np.minimum(shares / worst, 1.0) if worst else shares
    whole_matrix = np.where(np.eye(len(counts), dtype=bool), shares, wrong)
    return STRONGEST * whole_matrix


def heatmap(classes: Sequence[str], counts: Figures, worst: float, width: int) -> Svg:
    """The chart of a (classes, classes) matrix of mean counts."""
    many = len(classes) > TEXT_CLASSES
    names = alt.Scale(domain=list(classes), paddingInner=0 if many else 0.04)
    base = alt.Chart(alt.NamedData("cells")).encode(
        x=alt.X("predicted:N", scale=names, axis=_axis("Predicted class", many, width)),
        y=alt.Y("true:N", scale=names, axis=_axis("True class", many, width)),
    )
    colors = base.mark_rect().encode(
        fill=alt.Fill("fill:N", scale=None),
        fillOpacity=alt.FillOpacity("strength:Q", scale=None),
    )
    size = 0.8 * width / len(classes)
    layers = [colors, *_texts(base, len(classes), size)]
    return to_svg(layers, {"cells": _cells(classes, counts, worst)}, width, round(0.8 * width))


def _texts(base: alt.Chart, classes: int, size: float) -> list[alt.Chart]:
    """What stands in a cell `size` pixels wide: count and percent, percent, or nothing."""
    if classes > TEXT_CLASSES:
        return []
    if classes > TWO_LINE_CLASSES:
        text = base.mark_text(color=color("ink"), fontSize=min(11, size / 2.4))
        return [text.encode(text=alt.Text("bare:N"))]
    upper = base.mark_text(dy=-size / 10, color=color("ink"), fontSize=min(12, size / 4.5))
    lower = base.mark_text(dy=size / 7, color=color("ink"), fontSize=min(10, size / 5.5))
    return [upper.encode(text=alt.Text("count:N")), lower.encode(text=alt.Text("percent:N"))]


def _axis(title: str, many: bool, width: int) -> alt.Axis:
    across = title.startswith("Predicted")
    return alt.Axis(
        title=title,
        orient="top" if across else "left",
        labelAngle=-40 if across else 0,
        labels=not many,
        labelLimit=width // 5,
        domain=many,
        ticks=False,
        grid=False,
    )


def _cells(classes: Sequence[str], counts: Figures, worst: float) -> list[dict[str, Any]]:
    shares, strength = row_shares(counts), strengths(counts, worst)
    drawn = range(counts.size)
    if len(classes) > TEXT_CLASSES:
        drawn = np.argsort(-shares, axis=None, kind="stable")[:MOST_CELLS].tolist()
    return [
        {
            "true": classes[i],
            "predicted": classes[j],
            "count": whole(counts[i, j]),
            "percent": PERCENT.value(shares[i, j]),
            "bare": whole(100 * shares[i, j]),
            "fill": color("blue" if i == j else "vermillion"),
            "strength": round(float(strength[i, j]), 3),
        }
        for i, j in (divmod(cell, len(classes)) for cell in drawn)
        if shares[i, j] > 0 or len(classes) <= TEXT_CLASSES
    ]
