"""The loss chart of one setting: every training step, every validation, every seed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt
import numpy as np

from paribus.records.types import Record
from paribus.report.decimate import Line, envelope, extremes
from paribus.report.figures import Rows, legend, ticks, to_svg
from paribus.report.svg import Svg
from paribus.report.theme import color

HEIGHT = 300

#: A seed's opacity; training zigzags over itself, so that it is fainter for the same impression.
FAINT = {"training": 0.13, "validation": 0.5}

#: What axis and margins take of a chart's width, in pixels.
MARGIN = 50


@dataclass(frozen=True)
class SeedPath:
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
        """(points,) over the finished seeds; nothing where there are none."""
        mean: Line = self.finished.mean(axis=0) if len(self.finished) else self.at[:0]
        return mean

    @property
    def band(self) -> tuple[Line, Line]:
        """One standard deviation below and above the mean; nothing with fewer than two seeds."""
        if len(self.finished) < 2:
            return self.at[:0], self.at[:0]
        deviation = self.finished.std(axis=0, ddof=1)
        return self.mean - deviation, self.mean + deviation


@dataclass(frozen=True)
class Lowest:
    """Where the validation loss of each finished seed is lowest: its epoch, and the loss."""

    epochs: tuple[int, ...]
    losses: tuple[float, ...]


def seed_paths(records: Sequence[Record]) -> tuple[SeedPath, SeedPath]:
    """Training loss at every step and validation loss after every epoch, of one setting.

    A step's loss is measured before the step, so that the first stands at epoch 0.
    """
    steps = _steps_an_epoch(records)
    return (
        _course(
            "training", records, [r.curves.values("step_loss") for r in records], 0.0, 1 / steps
        ),
        _course("validation", records, [r.curves.values("val_loss") for r in records], 1.0, 1.0),
    )


def lowest(records: Sequence[Record]) -> Lowest:
    """The epochs of lowest validation loss of the finished runs."""
    found = [
        (
            record.facts.best_epoch,
            float(record.curves.values("val_loss")[record.facts.best_epoch - 1]),
        )
        for record in records
        if record.facts.status == "finished" and record.facts.best_epoch
    ]
    return Lowest(tuple(epoch for epoch, _ in found), tuple(loss for _, loss in found))


def ceiling(all_courses: Sequence[SeedPath], classes: int) -> float:
    """Where the loss axis of every setting ends, so that charts can be compared.

    It shows every mean and the bands of validation, but no more than four times the loss of
    guessing evenly among the classes: one run that explodes must not flatten all others.
    """
    lines = [seed_path.mean for seed_path in all_courses]
    lines += [seed_path.band[1] for seed_path in all_courses if seed_path.kind == "validation"]
    highest = max((float(line.max()) for line in lines if line.size), default=1.0)
    return min(1.05 * highest, 4 * math.log(max(classes, 2)))


def loss(seed_paths: Sequence[SeedPath], best: Lowest, top: float, columns: int, width: int) -> Svg:
    """The chart: each seed faint, the mean strong, a band of one standard deviation.

    Args:
        courses: of training and validation.
        top: where the loss axis ends.
        columns: how many columns of pixels a line is worth at most.
        width: of the chart, in pixels.
    """
    columns = min(columns, width - MARGIN)
    data: dict[str, Rows] = {
        "seeds": [
            row
            for seed_path in seed_paths
            for row in _lines(seed_path, seed_path.finished, columns)
        ],
        "failed": [
            row for seed_path in seed_paths for row in _lines(seed_path, seed_path.failed, columns)
        ],
        **{
            seed_path.kind: _lines(seed_path, [seed_path.mean], width - MARGIN)
            for seed_path in seed_paths
        },
        "bands": [row for seed_path in seed_paths for row in _band(seed_path, width - MARGIN)],
        "lowest": [
            {"epoch": epoch, "loss": value}
            for epoch, value in zip(best.epochs, best.losses, strict=True)
        ],
        "median": [{"epoch": float(np.median(best.epochs))}] if best.epochs else [],
    }
    return to_svg(_layers(top, width), data, width, HEIGHT)


def _layers(top: float, width: int) -> list[alt.Chart]:
    kinds = alt.Scale(domain=["training", "validation"], range=[color("blue"), color("vermillion")])
    x = alt.X("epoch:Q", title="Epoch", scale=alt.Scale(nice=False), axis=ticks(width))
    y = alt.Y("loss:Q", title="Loss (nats)", scale=alt.Scale(domain=[0, top], nice=False))
    tone = alt.Color("kind:N", scale=kinds, legend=legend(width))

    def layer(data: str) -> alt.Chart:
        return alt.Chart(alt.NamedData(data)).encode(x=x)

    line = layer("seeds").encode(y=y, color=tone, detail="run:N")
    return [
        line.mark_line(clip=True, strokeWidth=0.7).encode(
            opacity=alt.Opacity("faint:Q", scale=None)
        ),
        line.properties(data=alt.NamedData("failed")).mark_line(
            clip=True, strokeWidth=1.2, opacity=0.7, strokeDash=[2, 3]
        ),
        layer("bands")
        .mark_area(clip=True, opacity=0.3)
        .encode(y=alt.Y("low:Q"), y2=alt.Y2("high:Q"), color=tone),
        *(
            layer(kind).mark_line(clip=True, strokeWidth=1.5, color=color(strong)).encode(y=y)
            for kind, strong in (("training", "blue-strong"), ("validation", "vermillion-strong"))
        ),
        layer("median").mark_rule(strokeDash=[4, 3], color=color("muted")),
        layer("lowest")
        .mark_point(clip=True, size=34, strokeWidth=1.4, color=color("ink"))
        .encode(y=y),
    ]


def _course(
    kind: str, records: Sequence[Record], losses: Sequence[Line], start: float, step: float
) -> SeedPath:
    by_status: dict[str, list[Line]] = {"finished": [], "failed": []}
    for record, values in zip(records, losses, strict=True):
        by_status[record.facts.status].append(values)
    finished = np.array(by_status["finished"], dtype=np.float64)
    points = max((len(values) for values in losses), default=0)
    return SeedPath(
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
    return max(1, math.ceil(facts.data.training / int(facts.config["batch_size"])))


def _band(seed_path: SeedPath, columns: int) -> Rows:
    kept, low, high = envelope(*seed_path.band, columns)
    return [
        {"kind": seed_path.kind, "epoch": at, "low": max(bottom, 0.0), "high": top}
        for at, bottom, top in zip(
            seed_path.at[kept].tolist(), low.tolist(), high.tolist(), strict=True
        )
    ]


def _lines(seed_path: SeedPath, lines: Sequence[Line] | Line, columns: int) -> Rows:
    return [
        {
            "kind": seed_path.kind,
            "run": f"{seed_path.kind} {number}",
            "faint": FAINT[seed_path.kind],
            "epoch": at,
            "loss": value,
        }
        for number, values in enumerate(lines)
        for kept in [extremes(values, columns)]
        for at, value in zip(seed_path.at[kept].tolist(), values[kept].tolist(), strict=True)
    ]
