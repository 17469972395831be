"""Training and validation loss of every setting."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from paribus.narrative import words
from paribus.narrative.numbers import LOSS
from paribus.report.blocks import Block, Figure, Heading, Paragraph, note
from paribus.report.charts import SETTING_SHAPES
from paribus.report.charts.curves import (
    Both,
    LossCurves,
    all_settings,
    ceiling,
    loss_curves,
    lowest,
    one_setting,
)
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
    """A chart for each setting, all on the same axis, and one for all; nothing without curves."""
    curves = {result.name: loss_curves(result.records) for result in results.settings}
    known = [r for r in results.settings if any(c.finished or c.failed for c in curves[r.name])]
    if not known:
        return
    classes = max(len(result.classes) for result in known)
    top = ceiling([kind for both in curves.values() for kind in both], classes)
    runs = sum(len(result.records) for result in known[:MOST_CHARTS])
    columns = max(ALL_COLUMNS // runs, FEWEST_COLUMNS)
    yield note(_explanation(known, curves, top))
    for result in known[:MOST_CHARTS]:
        yield Heading(result.name)
        yield _figure(result, curves[result.name], top, columns)
    if len(known) > MOST_CHARTS:
        text = f"Charts of {MOST_CHARTS} of {len(known)} settings; tables/epochs.csv has all."
        yield Paragraph(text)
    yield from _compared(known, top)


def _explanation(known: Sequence[SettingResult], curves: Mapping[str, Both], top: float) -> str:
    shown = [both for result in known for both in curves[result.name]]
    kinds = {one.kind for one in shown if one.finished or one.failed}
    by_step = any("step_loss" in r.curves.series for result in known for r in result.records)
    training = "training loss at every step (before the update)" if by_step else "training loss"
    followed = {"training": training, "validation": "validation loss after every epoch"}
    text = " and ".join(of for kind, of in followed.items() if kind in kinds)
    text = (
        f"{text[0].upper()}{text[1:]}. Thin lines are single seeds, thick lines their mean, and "
        "the band is one standard deviation each way."
    )
    if any(lowest(result.records) for result in known):
        text += (
            " Circles mark the epoch of lowest validation loss of each seed (the best epoch), the "
            "dashed line their median; beyond this epoch the network overfits."
        )
    text += _short_batch(known[0])
    if any(one.failed for one in shown):
        text += " Dotted lines are failed runs."
    runs = [run for one in shown for run in (*one.finished, *one.failed)]
    if any(run.values.max() > top for run in runs):
        text += f" Losses above {LOSS.number(top)} are cut off."
    return text


def _short_batch(result: SettingResult) -> str:
    """Why the training loss may have a spike in each epoch."""
    size = result.setting.config.batch_size
    left = (result.data.training or 0) % size
    # A last image left alone joins the batch before.
    if not 1 < left < size / 2:
        return ""
    return f" The last batch of an epoch has only {left} images, so its loss is noisier."


def _figure(result: SettingResult, both: Both, top: float, columns: int) -> Figure:
    best = lowest(result.records)
    return Figure(
        f"loss-{result.name}",
        _caption([epoch for epoch, _ in best], result),
        _description(result, both),
        lambda width: one_setting(both, best, top, columns, width),
    )


def _caption(epochs: Sequence[int], result: SettingResult) -> str:
    if not result.finished:
        return f"{result.name}: no run finished."
    if not epochs:
        return f"{result.name}: the epoch of lowest validation loss is unknown."
    where = f"{result.name}: validation loss is lowest after epoch {words.median(epochs)}"
    if len(epochs) > 1:
        seeds = words.count(len(epochs), "seed")
        where += f" (median of {seeds}; {min(epochs)} to {max(epochs)})"
    at_the_end = epochs.count(result.setting.config.epochs)
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


def _compared(settings: Sequence[SettingResult], top: float) -> Iterator[Block]:
    """The chart of all settings, if validation loss is known of at least two."""
    by_epoch = {result.name: loss_curves(result.finished, by_epoch=True) for result in settings}
    known = {name: both for name, both in by_epoch.items() if both[1].mean.size}
    if len(known) < 2:
        return
    curves = dict(list(known.items())[:MOST_SETTINGS])
    ends = [f"{name} is {_lowest_and_last(both[1])}" for name, both in curves.items()]
    yield Heading("All settings in one chart")
    yield Figure(
        "learning-curves",
        "Thick lines with marks: mean validation loss over seeds, with a band of one standard "
        "deviation each way. Thin dashed lines: mean training loss over seeds."
        + left_out(len(curves), len(known), "settings", ""),
        f"Mean validation loss of all settings: {'; '.join(ends)}.",
        lambda width: all_settings(curves, top, width),
    )
