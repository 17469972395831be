"""Learning curves: training and validation loss of all settings together, then of each."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from paribus.narrative import words
from paribus.narrative.numbers import LOSS
from paribus.report.blocks import Block, Columns, Figure, Heading, Paragraph, note
from paribus.report.charts import SETTING_SHAPES
from paribus.report.charts.curves import (
    Both,
    LossCurves,
    all_settings,
    ceiling,
    loss_curves,
    lowest,
    one_setting,
    short_batch,
)
from paribus.report.charts.frame import NARROW
from paribus.report.sections.cells import left_out
from paribus.results import Results
from paribus.tables.by_setting import SettingResult

#: Columns of pixels for all faint lines of a report together, so that its file stays small,
#: and those that any line has.
ALL_COLUMNS, FEWEST_COLUMNS = 60_000, 100

#: So many settings have a chart of their own.
MOST_CHARTS = 12

#: In the chart of all, each setting needs a color and a shape of its own.
MOST_SETTINGS = len(SETTING_SHAPES)


def losses(results: Results) -> Iterator[Block]:
    """One chart for all settings, then a small one for each; nothing without curves."""
    curves = {result.name: loss_curves(result.records) for result in results.settings}
    known = [r for r in results.settings if any(c.finished or c.failed for c in curves[r.name])]
    if not known:
        return
    classes = max(len(result.classes) for result in known)
    means = {result.name: loss_curves(result.finished, by_epoch=True) for result in known}
    top = ceiling([kind for both in means.values() for kind in both], classes)
    drawn = known[:MOST_CHARTS]
    columns = max(ALL_COLUMNS // sum(len(result.records) for result in drawn), FEWEST_COLUMNS)
    yield from _compared(means, top)
    yield Columns(
        [[Heading(r.name), _figure(r, curves[r.name], means[r.name], top, columns)] for r in drawn]
    )
    yield note(_explanation(drawn, curves, top))
    if len(known) > MOST_CHARTS:
        text = f"Charts of {MOST_CHARTS} of {len(known)} settings; tables/epochs.csv has all."
        yield Paragraph(text)


def _explanation(drawn: Sequence[SettingResult], curves: Mapping[str, Both], top: float) -> str:
    """What the lines of the small charts are."""
    shown = [both for result in drawn for both in curves[result.name]]
    by_step = any("step_loss" in r.curves.series for result in drawn for r in result.records)
    faint = "every step of every seed" if by_step else "every seed"
    text = f"Strong lines are means over seeds after each epoch, faint ones {faint}."
    if any(lowest(result.records) for result in drawn):
        text += (
            " Circles mark the epoch of lowest validation loss of each seed, the dashed line their "
            "median; after it the network overfits."
        )
    record = drawn[0].records[0]
    if by_step and (left := short_batch(record)):
        size = record.facts.config["batch_size"]
        text += f" The last batch of an epoch, {left} images instead of {size}, isn't drawn."
    if any(one.failed for one in shown):
        text += " Dotted lines are failed runs."
    runs = [run for one in shown for run in (*one.finished, *one.failed)]
    if any(run.values.max() > top for run in runs):
        text += f" Losses above {LOSS.number(top)} are cut off."
    return text


def _figure(result: SettingResult, both: Both, means: Both, top: float, columns: int) -> Figure:
    best = lowest(result.records)
    return Figure(
        f"loss-{result.name}",
        _caption([epoch for epoch, _ in best], result),
        _description(result, means),
        lambda width: one_setting(both, means, best, top, columns, width),
        widths=(NARROW,),
    )


def _caption(epochs: Sequence[int], result: SettingResult) -> str:
    if not result.finished:
        return "No run finished."
    if not epochs:
        return "The epoch of lowest validation loss is unknown."
    where = f"Validation loss is lowest after epoch {words.median(epochs)}"
    if len(epochs) > 1:
        seeds = words.count(len(epochs), "seed")
        where += f" (median of {seeds}; {min(epochs)} to {max(epochs)})"
    at_the_end = sum(
        record.facts.best_epoch == len(record.curves.values("val_loss"))
        for record in result.finished
    )
    if at_the_end:
        seeds = words.count(at_the_end, "seed")
        where += f". In {seeds} it is lowest after the last epoch and may fall further"
    return f"{where}."


def _description(result: SettingResult, both: Both) -> str:
    training, validation = both
    if not result.finished:
        return f"Loss of {result.name}: no run finished."
    text = f"Loss of {result.name}, mean over {words.count(len(result.finished), 'seed')}: "
    parts = []
    if training.mean.size:
        first, last = LOSS.number(training.mean[0]), LOSS.number(training.mean[-1])
        parts.append(f"training loss falls from {first} to {last}")
    if validation.mean.size:
        parts.append(f"validation loss is {_lowest_and_last(validation)}")
    return f"{text}{'; '.join(parts)}."


def _lowest_and_last(validation: LossCurves) -> str:
    at, mean = validation.at, validation.mean
    lowest = int(np.argmin(mean))
    return (
        f"lowest, {LOSS.number(mean[lowest])}, after epoch {at[lowest]:g}, and "
        f"{LOSS.number(mean[-1])} after the last, {at[-1]:g}"
    )


def _compared(means: Mapping[str, Both], top: float) -> Iterator[Block]:
    """The chart of all settings, if validation loss is known of at least two."""
    known = {name: both for name, both in means.items() if both[1].mean.size}
    if len(known) < 2:
        return
    curves = dict(list(known.items())[:MOST_SETTINGS])
    ends = [f"{name} is {_lowest_and_last(both[1])}" for name, both in curves.items()]
    yield Figure(
        "learning-curves",
        "Mean loss over seeds after each epoch: validation solid and with marks, training dashed. "
        "Equal curves show as stripes." + left_out(len(curves), len(known), "settings", ""),
        f"Mean validation loss of all settings: {'; '.join(ends)}.",
        lambda width: all_settings(curves, top, width),
    )
