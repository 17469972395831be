"""Loss curves: every seed of one setting, and the means of all settings."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce

import altair as alt
import numpy as np
import numpy.typing as npt

from paribus.records.types import Integers, Record
from paribus.report.charts import COLORS
from paribus.report.charts.drawing import Specification
from paribus.report.charts.frame import Rows, by_setting, layered, legend, ticks

#: Heights of the two charts, in pixels.
ONE_SETTING, ALL_SETTINGS = 200, 320

#: A last batch of less than this share of the others is left out: its loss is mostly noise.
SHORT_BATCH = 0.5

#: A seed's opacity; training curves zigzag over themselves, so they are drawn fainter.
FAINT = {"training": 0.13, "validation": 0.5}

#: What axis and margins take of a chart's width, in pixels.
MARGIN = 50

#: About so many marks a mean curve has, whose shape says which setting it is.
MARKS = 9


Line = npt.NDArray[np.floating]


@dataclass(frozen=True)
class Curve:
    """The loss of one run: `values` (points,) at the places `at` (points,), in epochs."""

    at: Line
    values: Line


@dataclass(frozen=True)
class LossCurves:
    """One kind of loss, "training" or "validation", of the runs of a setting that followed it.

    The curves of failed runs go as far as they have numbers.
    """

    kind: str
    finished: Sequence[Curve]
    failed: Sequence[Curve]

    @cached_property
    def at(self) -> Line:
        """(points,) the places at which every finished run has a value."""
        places = [curve.at for curve in self.finished]
        return reduce(np.intersect1d, places) if places else np.zeros(0)

    @cached_property
    def mean(self) -> Line:
        """(points,) over the finished seeds; empty if there are none."""
        mean: Line = self._values.mean(axis=0) if self.finished else self.at
        return mean

    @cached_property
    def band(self) -> tuple[Line, Line]:
        """One standard deviation below and above the mean; empty with fewer than two seeds."""
        if len(self.finished) < 2:
            return self.at[:0], self.at[:0]
        deviation = self._values.std(axis=0, ddof=1)
        return self.mean - deviation, self.mean + deviation

    @cached_property
    def _values(self) -> Line:
        """(seeds, points)."""
        return np.stack([curve.values[np.isin(curve.at, self.at)] for curve in self.finished])


Both = tuple[LossCurves, LossCurves]


def loss_curves(records: Sequence[Record], *, by_epoch: bool = False) -> Both:
    """Training and validation loss of one setting.

    Training loss is as fine as it is known, unless it is wanted `by_epoch`. A step's loss is
    measured before the step, so that the first stands at epoch 0; steps of a short last batch
    are left out.
    """
    steps = _steps_an_epoch(records)
    known = {name for record in records for name in record.curves.series}
    fine = steps is not None and "step_loss" in known
    by_step = fine and not (by_epoch and "train_loss" in known)
    training = "step_loss" if by_step else "train_loss"
    return (
        _curves("training", training, records, steps),
        _curves("validation", "val_loss", records, steps),
    )


def short_batch(record: Record) -> int:
    """How many images the last batch of an epoch has, where they are few; else 0."""
    size, images = record.facts.config.get("batch_size"), record.facts.data.training
    if not size or not images:
        return 0
    # A last image left alone joins the batch before.
    left = images % size
    return left if 1 < left < SHORT_BATCH * size else 0


def lowest(records: Sequence[Record]) -> list[tuple[int, float]]:
    """Epoch and loss where the validation loss of each finished run that has it is lowest."""
    best = []
    for record in records:
        epoch, series = record.facts.best_epoch, record.curves.series.get("val_loss")
        if record.finished and epoch and series is not None and series.axis == "epoch":
            best += [(epoch, loss) for loss in series.values[series.at == epoch].tolist()]
    return best


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
    both: Both,
    means: Both,
    best: Sequence[tuple[int, float]],
    top: float,
    columns: int,
    width: int,
) -> Specification:
    """Each seed faint, the mean after each epoch strong, a band of one standard deviation.

    Args:
        both: as fine as the losses are known, drawn faint.
        means: the losses after each epoch.
        best: epoch and loss where each seed's validation loss is lowest.
        top: where the loss axis ends.
        columns: how many columns of pixels a faint line is worth at most.
        width: of the chart, in pixels.
    """
    wide = width - MARGIN
    columns = min(columns, wide)
    data: dict[str, Rows] = {
        "seeds": [row for curves in both for row in _seeds(curves, curves.finished, columns)],
        "failed": [row for curves in both for row in _seeds(curves, curves.failed, columns)],
        **{c.kind: _seeds(c, [Curve(c.at, c.mean)], wide) for c in means},
        "bands": [row for curves in means for row in _band(curves, wide, kind=curves.kind)],
        "lowest": [{"epoch": epoch, "loss": loss} for epoch, loss in best],
        "median": [{"epoch": float(np.median([epoch for epoch, _ in best]))}] if best else [],
    }
    kinds = alt.Scale(
        domain=["training", "validation"], range=[COLORS["blue"], COLORS["vermillion"]]
    )
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
            .mark_line(clip=True, strokeWidth=2.2, color=COLORS[strong])
            .encode(y=y)
            for kind, strong in (("training", "blue-strong"), ("validation", "vermillion-strong"))
        ),
        _layer("median", width).mark_rule(strokeDash=[4, 3], color=COLORS["muted"]),
        _layer("lowest", width)
        .mark_point(clip=True, size=24, strokeWidth=1.2, color=COLORS["ink"])
        .encode(y=y),
    ]
    return layered(layers, data, width, ONE_SETTING)


def all_settings(curves: Mapping[str, Both], top: float, width: int) -> Specification:
    """Mean validation loss with its band and marks, mean training loss dashed.

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
    # Each line is narrower than those below it, so that equal curves show as stripes.
    widths = [1.6 + 1.5 * n for n in reversed(range(len(curves)))]
    stripes = alt.Scale(domain=list(curves), range=widths)
    breadth = alt.StrokeWidth("setting:N", scale=stripes, legend=None)
    layers = [
        _band_layer(width, 0.16).encode(detail="setting:N"),
        _layer("training", width).mark_line(clip=True, strokeDash=[5, 3]).encode(breadth),
        _layer("validation", width).mark_line(clip=True).encode(breadth),
        _layer("marks", width)
        .mark_point(clip=True, filled=True, size=60, opacity=1)
        .encode(shape=shape),
    ]
    band, *rest = (layer.encode(color=tone) for layer in layers)
    return layered([band, *(layer.encode(y=y) for layer in rest)], data, width, ALL_SETTINGS)


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


def _seeds(curves: LossCurves, lines: Sequence[Curve], columns: int) -> Rows:
    labels = {"kind": curves.kind, "faint": FAINT[curves.kind]}
    return [
        row
        for number, line in enumerate(lines)
        for kept in [extremes(line.values, columns)]
        for row in _points(
            line.at[kept], line.values[kept], run=f"{curves.kind} {number}", **labels
        )
    ]


def _band(curves: LossCurves, columns: int, **labels: object) -> Rows:
    kept, low, high = envelope(*curves.band, columns)
    return [
        {"epoch": at, "low": max(bottom, 0.0), "high": top, **labels}
        for at, bottom, top in zip(
            curves.at[kept].tolist(), low.tolist(), high.tolist(), strict=True
        )
    ]


def _curves(kind: str, name: str, records: Sequence[Record], steps: float | None) -> LossCurves:
    curves: dict[bool, list[Curve]] = {True: [], False: []}
    for record in records:
        if curve := _curve(record, name, steps):
            curves[record.finished].append(curve)
    return LossCurves(kind, finished=curves[True], failed=curves[False])


def _curve(record: Record, name: str, steps: float | None) -> Curve | None:
    """A loss over epochs; None where the run didn't follow it, or where it stands is unknown."""
    series = record.curves.series.get(name)
    if series is None or (series.axis == "step" and steps is None):
        return None
    finite = np.isfinite(series.values)
    if name == "step_loss" and steps is not None and short_batch(record):
        finite &= series.at % math.ceil(steps) != 0
    at, values = series.at[finite].astype(np.float64), series.values[finite].astype(np.float64)
    if series.axis == "step" and steps is not None:
        # The loss of a batch is measured before its step.
        at = (at - 1 if name == "step_loss" else at) / steps
    return Curve(at, values) if len(at) else None


def _steps_an_epoch(records: Sequence[Record]) -> float | None:
    """How many steps an epoch has, as far as the runs or their facts tell."""
    # A failed run may have ended within an epoch, so its curves don't tell.
    for record in records:
        ends = {s.axis: float(s.at[-1]) for s in record.curves.series.values() if len(s.at)}
        if record.finished and len(ends) == 2 and min(ends.values()) > 0:
            return ends["step"] / ends["epoch"]
    sizes = [(r.facts.data.training, r.facts.config.get("batch_size")) for r in records]
    return next((float(math.ceil(n / size)) for n, size in sizes if n and size), None)


def extremes(values: Line, columns: int) -> Integers:
    """Which points of a line to keep so that it looks the same `columns` pixels wide.

    Args:
        values: (n,) finite heights at evenly spaced places.
        columns: how many pixels wide the line will be drawn.

    Returns:
        Increasing indices: of each column the first lowest and the first highest point, or
        every index where no more than two fall into a column.
    """
    size = math.ceil(len(values) / columns)
    if size <= 2:
        return np.arange(len(values))
    starts = np.arange(0, len(values), size)
    lowest = starts + _columns(values, size, np.inf).argmin(axis=1)
    highest = starts + _columns(values, size, -np.inf).argmax(axis=1)
    return np.unique(np.concatenate([lowest, highest]))


def envelope(low: Line, high: Line, columns: int) -> tuple[Integers, Line, Line]:
    """A band's outline: the middle index, lowest `low` and highest `high` of each column."""
    size = math.ceil(len(low) / columns)
    if size <= 2:
        return np.arange(len(low)), low, high
    starts = np.arange(0, len(low), size)
    middle = (starts + np.minimum(starts + size, len(low)) - 1) // 2
    return (
        middle,
        _columns(low, size, np.inf).min(axis=1),
        _columns(high, size, -np.inf).max(axis=1),
    )


def _columns(values: Line, size: int, beyond: float) -> Line:
    """The values cut into rows of `size`; what the last row lacks is `beyond`."""
    padded = np.pad(values, (0, -len(values) % size), constant_values=beyond)
    return padded.reshape(-1, size)
