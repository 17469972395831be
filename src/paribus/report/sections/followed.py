"""Learning curves of runs that something else trained: any metric that they followed."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from paribus.metrics.metric import Metric, reported
from paribus.names import safe_name
from paribus.narrative import words
from paribus.narrative.answer import in_order
from paribus.narrative.numbers import value_of
from paribus.records.types import Axis, Record
from paribus.report.blocks import Block, Columns, Figure, Heading, note
from paribus.report.charts import SETTING_SHAPES
from paribus.report.charts.curves import Curve, LossCurves
from paribus.report.charts.followed import MOST_RUNS
from paribus.report.charts.followed import followed as chart
from paribus.report.charts.frame import NARROW, WIDE
from paribus.report.sections.cells import label, left_out
from paribus.results import Results
from paribus.tables.by_setting import SettingResult

#: So many metrics have a chart, the primary one first.
MOST_CHARTS = 6
#: Each setting needs a color and a shape of its own.
MOST_SETTINGS = len(SETTING_SHAPES)


def followed(results: Results) -> Iterator[Block]:
    """A chart of each of the first metrics that runs followed; nothing where none did."""
    ordered = [*_first_primary(results), *_others(results)]
    known = [(m, of) for m in ordered if (of := _of_metric(m, results))]
    if not known:
        return
    drawn = known[:MOST_CHARTS]
    widths = (NARROW,) if len(drawn) > 1 else (WIDE, NARROW)
    parts: list[list[Block]] = [
        [Heading(label(m)), _figure(n, m, of, widths)] for n, (m, of) in enumerate(drawn)
    ]
    if len(parts) > 1:
        yield Columns(parts)
    else:
        yield from parts[0]
    runs = max(len(r.records) for r in results.settings) * min(len(results.settings), MOST_SETTINGS)
    faint = ", faint ones single runs" if runs <= MOST_RUNS else ""
    dotted = ", dotted ones runs that failed" if results.failed else ""
    tables = "tables/epochs.csv and steps.csv.gz have all"
    more = left_out(len(drawn), len(known), "metrics", tables)
    more += left_out(MOST_SETTINGS, len(results.settings), "settings", "")
    yield note(
        f"Strong lines are means over the places that all runs of a setting logged{faint}{dotted}."
        f"{more}"
    )


def _first_primary(results: Results) -> list[Metric]:
    return sorted(results.metrics, key=lambda metric: metric.name != results.primary.name)


def _others(results: Results) -> list[Metric]:
    """What runs logged beside the study's metrics, as a script's loss that isn't compared."""
    known = {metric.name for metric in results.metrics}
    names = dict.fromkeys(name for record in results.records for name in record.curves.series)
    return [
        Metric(name, name, "neither", reported(name), "Logged by the run.")
        for name in names
        if name not in known
    ]


def _of_metric(metric: Metric, results: Results) -> tuple[Axis, Mapping[str, LossCurves]] | None:
    """What runs logged of a metric, by the axis that most of them have; None where none did."""
    logged = [record.curves.series.get(metric.name) for record in results.records]
    axes = [series.axis for series in logged if series is not None]
    if not axes:
        return None
    axis = max(sorted(set(axes)), key=axes.count)
    of = {r.name: _curves(r.records, metric.name, axis) for r in _first(results)}
    shown = {name: curves for name, curves in of.items() if curves.finished or curves.failed}
    return (axis, shown) if shown else None


def _first(results: Results) -> list[SettingResult]:
    """The settings that have a color of their own; of more, those that differ most.

    While runs are missing, nothing is tested to choose them.
    """
    few = len(results.settings) <= MOST_SETTINGS
    if few or results.absent or results.compared is None:
        return list(results.settings[:MOST_SETTINGS])
    names = [results.baseline.name, *(c.variation for c in in_order(results.compared))]
    of = {result.name: result for result in results.settings}
    return [of[name] for name in names[:MOST_SETTINGS]]


def _curves(records: Sequence[Record], name: str, axis: Axis) -> LossCurves:
    of: dict[bool, list[Curve]] = {True: [], False: []}
    for record in records:
        series = record.curves.series.get(name)
        if series is not None and series.axis == axis:
            at, values = series.at.astype(np.float64), series.values.astype(np.float64)
            of[record.finished].append(Curve(at, values))
    return LossCurves("", of[True], of[False])


def _figure(
    number: int,
    metric: Metric,
    of: tuple[Axis, Mapping[str, LossCurves]],
    widths: tuple[int, ...],
) -> Figure:
    axis, curves = of
    unit = value_of(metric)
    sign = safe_name(unit.sign) if unit.sign else ""
    ends = [
        f"{name} ends at {unit.value(curve.mean[-1])}"
        for name, curve in curves.items()
        if curve.mean.size
    ]
    return Figure(
        f"followed-{number + 1}",
        "",
        f"{label(metric)} by {axis}, means over runs: {words.listed(ends) or 'no common places'}.",
        lambda width: chart(curves, axis.capitalize(), sign, unit.scale, width),
        widths=widths,
    )
