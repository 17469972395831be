"""Loss curves: every seed of one setting, and the means of all settings."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import altair as alt
import numpy as np

from paribus.records.types import Record
from paribus.report.charts import color
from paribus.report.charts.decimate import Line, envelope, extremes
from paribus.report.charts.frame import Rows, by_setting, legend, ticks, to_svg
from paribus.report.charts.svg import Svg

#: Heights of the two charts, in pixels.
ONE_SETTING, ALL_SETTINGS = 300, 340

#: A seed's opacity; training curves zigzag over themselves, so they are drawn fainter.
FAINT = {"training": 0.13, "validation": 0.5}

#: What axis and margins take of a chart's width, in pixels.
MARGIN = 50

#: About so many marks a mean curve has, whose shape says which setting it is.
MARKS = 9


@dataclass(frozen=True)
class LossCurves:
    """One kind of loss over all runs of a setting.

    Attributes:
        kind: "training" or "validation".
        at: (points,) where each value stands, in epochs.
        finished: (seeds, points) the losses of finished runs.
        failed: the losses of each failed run, as far as they are numbers.
    """

    kind: str
    at: Line
    finished: Line
    failed: tuple[Line, ...]

    @property
    def mean(self) -> Line:
        """(points,) over the finished seeds; empty if there are none."""
        mean: Line = self.finished.mean(axis=0) if len(self.finished) else self.at[:0]
        return mean

    @property
    def band(self) -> tuple[Line, Line]:
        """One standard deviation below and above the mean; empty with fewer than two seeds."""
        if len(self.finished) < 2:
            return self.at[:0], self.at[:0]
        deviation = self.finished.std(axis=0, ddof=1)
        return self.mean - deviation, self.mean + deviation


@dataclass(frozen=True)
class Lowest:
    """Where the validation loss of each finished seed is lowest: its epoch, and the loss."""

    epochs: tuple[int, ...]
    losses: tuple[float, ...]


def loss_curves(records: Sequence[Record]) -> tuple[LossCurves, LossCurves]:
    """Training loss at every step and validation loss after every epoch, of one setting.

    A step's loss is measured before the step, so that the first stands at epoch 0.
    """
    steps = _steps_an_epoch(records)
    return (
        _curves(
            "training", records, [r.curves.values("step_loss") for r in records], 0.0, 1 / steps
        ),
        _curves("validation", records, [r.curves.values("val_loss") for r in records], 1.0, 1.0),
    )


def epoch_curves(records: Sequence[Record]) -> tuple[LossCurves, LossCurves]:
    """Training and validation loss after every epoch, of one setting."""
    losses = [record.curves.values("train_loss") for record in records]
    return _curves("training", records, losses, 1.0, 1.0), loss_curves(records)[1]


def lowest(records: Sequence[Record]) -> Lowest:
    """The epochs of lowest validation loss of the finished runs."""
    best = [
        (
            record.facts.best_epoch,
            float(record.curves.values("val_loss")[record.facts.best_epoch - 1]),
        )
        for record in records
        if record.facts.status == "finished" and record.facts.best_epoch
    ]
    return Lowest(tuple(epoch for epoch, _ in best), tuple(loss for _, loss in best))


def ceiling(all_curves: Sequence[LossCurves], classes: int) -> float:
    """Where the loss axis of every setting ends, so that charts can be compared.

    It shows every mean and the bands of validation, but no more than four times the loss of
    guessing evenly among the classes: one run that explodes must not flatten all others.
    """
    lines = [curves.mean for curves in all_curves]
    lines += [curves.band[1] for curves in all_curves if curves.kind == "validation"]
    highest = max((float(line.max()) for line in lines if line.size), default=1.0)
    return min(1.05 * highest, 4 * math.log(max(classes, 2)))


def one_setting(
    both: Sequence[LossCurves], best: Lowest, top: float, columns: int, width: int
) -> Svg:
    """Each seed faint, the mean strong, a band of one standard deviation.

    Args:
        both: training and validation.
        top: where the loss axis ends.
        columns: how many columns of pixels a faint line is worth at most.
        width: of the chart, in pixels.
    """
    wide = width - MARGIN
    columns = min(columns, wide)
    data: dict[str, Rows] = {
        "seeds": [row for curves in both for row in _seeds(curves, curves.finished, columns)],
        "failed": [row for curves in both for row in _seeds(curves, curves.failed, columns)],
        **{c.kind: _seeds(c, [c.mean], wide) for c in both},
        "bands": [row for curves in both for row in _band(curves, wide, kind=curves.kind)],
        "lowest": [
            {"epoch": epoch, "loss": value}
            for epoch, value in zip(best.epochs, best.losses, strict=True)
        ],
        "median": [{"epoch": float(np.median(best.epochs))}] if best.epochs else [],
    }
    kinds = alt.Scale(domain=["training", "validation"], range=[color("blue"), color("vermillion")])
    tone = alt.Color("kind:N", scale=kinds, legend=legend(width))
    y = _loss_axis(top)
    line = _layer("seeds", width).encode(y=y, color=tone, detail="run:N")
    layers = [
        line.mark_line(clip=True, strokeWidth=0.7).encode(
            opacity=alt.Opacity("faint:Q", scale=None)
        ),
        line.properties(data=alt.NamedData("failed")).mark_line(
            clip=True, strokeWidth=1.2, opacity=0.7, strokeDash=[2, 3]
        ),
        _band_layer(width, 0.3).encode(color=tone),
        *(
            _layer(kind, width)
            .mark_line(clip=True, strokeWidth=1.5, color=color(strong))
            .encode(y=y)
            for kind, strong in (("training", "blue-strong"), ("validation", "vermillion-strong"))
        ),
        _layer("median", width).mark_rule(strokeDash=[4, 3], color=color("muted")),
        _layer("lowest", width)
        .mark_point(clip=True, size=34, strokeWidth=1.4, color=color("ink"))
        .encode(y=y),
    ]
    return to_svg(layers, data, width, ONE_SETTING)


def all_settings(
    curves: Mapping[str, tuple[LossCurves, LossCurves]], top: float, width: int
) -> Svg:
    """Mean validation loss strong with its band and marks, mean training loss thin and dashed.

    Args:
        curves: setting -> training and validation loss after each epoch, the baseline first.
        top: where the loss axis ends.
    """
    lines = {
        name: [_points(c.at, c.mean, setting=name) for c in both] for name, both in curves.items()
    }
    data: dict[str, Rows] = {
        "training": [row for training, _ in lines.values() for row in training],
        "validation": [row for _, validation in lines.values() for row in validation],
        # Each curve has its marks at other epochs, so that none covers another.
        "marks": [
            row
            for number, (_, points) in enumerate(lines.values())
            for every in [max(len(points) // MARKS, 1)]
            for row in points[number * every // len(curves) :: every]
        ],
        "bands": [
            row
            for name, (_, validation) in curves.items()
            for row in _band(validation, len(validation.at), setting=name)
        ],
    }
    tone, shape = by_setting(list(curves), width)
    y = _loss_axis(top)
    layers = [
        _band_layer(width, 0.16).encode(detail="setting:N"),
        _layer("training", width).mark_line(clip=True, strokeWidth=1.1, strokeDash=[4, 3]),
        _layer("validation", width).mark_line(clip=True, strokeWidth=2),
        _layer("marks", width)
        .mark_point(clip=True, filled=True, size=60, opacity=1)
        .encode(shape=shape),
    ]
    band, *rest = (layer.encode(color=tone) for layer in layers)
    return to_svg([band, *(layer.encode(y=y) for layer in rest)], data, width, ALL_SETTINGS)


def _layer(data: str, width: int) -> alt.Chart:
    x = alt.X("epoch:Q", title="Epoch", scale=alt.Scale(nice=False), axis=ticks(width))
    return alt.Chart(alt.NamedData(data)).encode(x=x)


def _band_layer(width: int, opacity: float) -> alt.Chart:
    bands = _layer("bands", width).encode(y=alt.Y("low:Q"), y2=alt.Y2("high:Q"))
    area: alt.Chart = bands.mark_area(clip=True, opacity=opacity)
    return area


def _loss_axis(top: float) -> alt.Y:
    return alt.Y("loss:Q", title="Loss (nats)", scale=alt.Scale(domain=[0, top], nice=False))


def _points(at: Line, losses: Line, **labels: object) -> Rows:
    return [
        {"epoch": epoch, "loss": loss, **labels}
        for epoch, loss in zip(at.tolist(), losses.tolist(), strict=True)
    ]


def _seeds(curves: LossCurves, lines: Sequence[Line] | Line, columns: int) -> Rows:
    labels = {"kind": curves.kind, "faint": FAINT[curves.kind]}
    return [
        row
        for number, values in enumerate(lines)
        for kept in [extremes(values, columns)]
        for row in _points(curves.at[kept], values[kept], run=f"{curves.kind} {number}", **labels)
    ]


def _band(curves: LossCurves, columns: int, **labels: object) -> Rows:
    kept, low, high = envelope(*curves.band, columns)
    return [
        {"epoch": at, "low": max(bottom, 0.0), "high": top, **labels}
        for at, bottom, top in zip(
            curves.at[kept].tolist(), low.tolist(), high.tolist(), strict=True
        )
    ]


def _curves(
    kind: str, records: Sequence[Record], losses: Sequence[Line], start: float, step: float
) -> LossCurves:
    by_status: dict[str, list[Line]] = {"finished": [], "failed": []}
    for record, values in zip(records, losses, strict=True):
        by_status[record.facts.status].append(values)
    finished = np.array(by_status["finished"], dtype=np.float64)
    points = max((len(values) for values in losses), default=0)
    return LossCurves(
        kind,
        at=start + step * np.arange(points),
        finished=finished if len(finished) else np.empty((0, points)),
        failed=tuple(values[np.isfinite(values)] for values in by_status["failed"]),
    )


def _steps_an_epoch(records: Sequence[Record]) -> int:
    for record in records:
        if record.facts.status == "finished":
            return len(record.curves.values("step_loss")) // len(record.curves.values("train_loss"))
    # A failed run ended within an epoch, so its curves don't tell.
    facts = records[0].facts
    return max(1, math.ceil((facts.data.training or 1) / int(facts.config["batch_size"])))
