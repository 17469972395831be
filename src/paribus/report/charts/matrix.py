"""A matrix of true and predicted classes as a chart: blue is good, orange is bad."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import altair as alt

from paribus.report.charts import COLORS
from paribus.report.charts.drawing import Specification
from paribus.report.charts.frame import Rows, layered

#: Up to so many classes the cells carry text; two lines each up to fewer.
TEXT_CLASSES, TWO_LINE_CLASSES = 30, 12

#: How much of a color lies over the paper at most, so that text stays readable on it.
STRONGEST = 0.6


_FILLS = {True: "blue", False: "vermillion", None: "muted"}


@dataclass(frozen=True)
class MatrixCell:
    """One cell.

    Attributes:
        text: its number.
        good: whether it is blue or else orange; None: gray.
        strength: how strongly it is colored, from 0 to `STRONGEST`.
        detail: a smaller line below the number.
        mark: a sign that stands out, of a cell that is shown to differ.
        short: what a chart writes where there is room for one short line; "" if that is `text`.
    """

    text: str
    good: bool | None
    strength: float
    detail: str = ""
    mark: str = ""
    short: str = ""


def matrix(
    classes: Sequence[str], cells: Iterable[tuple[int, int, MatrixCell]], width: int
) -> Specification:
    """The chart of some or all cells, each with the numbers of its true and predicted class."""
    many, two_lines = len(classes) > TEXT_CLASSES, len(classes) <= TWO_LINE_CLASSES
    names = alt.Scale(domain=list(classes), paddingInner=0 if many else 0.04)
    base = alt.Chart(alt.NamedData("cells")).encode(
        x=alt.X("predicted:N", scale=names, axis=_axis("Predicted class", many, width)),
        y=alt.Y("true:N", scale=names, axis=_axis("True class", many, width)),
    )
    layers = [
        base.mark_rect().encode(
            fill=alt.Fill("fill:N", scale=None),
            fillOpacity=alt.FillOpacity("strength:Q", scale=None),
        )
    ]
    if not many:
        size = 0.8 * width / len(classes)
        upper, up, down = (12, size / 10, size / 6) if two_lines else (11, 0.0, size / 3.4)
        share = 4.2 if two_lines else 2.6
        layers += [
            base.mark_text(color=COLORS["ink"], fontSize=min(size_, size / part), dy=dy).encode(
                text=alt.Text(f"{line}:N")
            )
            for line, size_, part, dy in (("text", upper, share, -up), ("below", 10, 5, down))
        ]
    rows: Rows = [
        {
            "true": classes[i],
            "predicted": classes[j],
            "text": cell.text if two_lines else cell.short or cell.text,
            "below": (cell.detail if two_lines else "") + cell.mark,
            "fill": COLORS[_FILLS[cell.good]],
            "strength": round(cell.strength, 3),
        }
        for i, j, cell in cells
    ]
    return layered(layers, {"cells": rows}, width, round(0.8 * width))


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
