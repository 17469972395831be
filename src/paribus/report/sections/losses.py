"""Training and validation loss of every setting."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from paribus.narrative import words
from paribus.narrative.numbers import LOSS
from paribus.report.blocks import Block, Figure, Heading, Paragraph, Section
from paribus.report.charts import SETTING_SHAPES
from paribus.report.charts.curves import (
    LossCurves,
    Lowest,
    all_settings,
    ceiling,
    epoch_curves,
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

Both = tuple[LossCurves, LossCurves]


def losses(results: Results) -> Section:
    """A chart for each setting, all on the same axis, and one for all of them."""
    known = [result for result in results.settings if result.records]
    curves = {result.name: loss_curves(result.records) for result in known}
    classes = max((len(result.classes) for result in known), default=2)
    top = ceiling([kind for both in curves.values() for kind in both], classes)
    runs = sum(len(result.records) for result in known[:MOST_CHARTS])
    columns = max(ALL_COLUMNS // max(runs, 1), FEWEST_COLUMNS)
    blocks: list[Block] = [_explanation(known, curves, top)]
    for result in known[:MOST_CHARTS]:
        blocks += [Heading(result.name), _figure(result, curves[result.name], top, columns)]
    if len(known) > MOST_CHARTS:
        text = f"Charts of {MOST_CHARTS} of {len(known)} settings; tables/epochs.csv has all."
        blocks.append(Paragraph(text))
    blocks += _compared(results.settings, top)
    return Section("loss", blocks)


def _explanation(
    known: Sequence[SettingResult], curves: Mapping[str, Both], top: float
) -> Paragraph:
    text = (
        "Training loss at every step (before the update) and validation loss after every epoch. "
        "Thin lines are single seeds, thick lines their mean, and the band is one standard "
        "deviation each way. Circles mark the epoch of lowest validation loss of each seed (the "
        "best epoch), the dashed line their median; beyond this epoch the network overfits."
    )
    text += _short_batch(known[0]) if known else ""
    if any(result.failed for result in known):
        text += " Dotted lines are failed runs."
    if any(_highest(kind) > top for both in curves.values() for kind in both):
        text += f" Losses above {LOSS.number(top)} are cut off."
    return Paragraph(text, quiet=True)


def _short_batch(result: SettingResult) -> str:
    """Why the training loss may have a spike in each epoch."""
    size = result.setting.config.batch_size
    left = (result.facts.data.training or 0) % size if result.facts else 0
    # A last image left alone joins the batch before.
    if not 1 < left < size / 2:
        return ""
    return f" The last batch of an epoch has only {left} images, so its loss is noisier."


def _highest(curves: LossCurves) -> float:
    lines = [curves.finished, *curves.failed]
    return max((float(line.max()) for line in lines if line.size), default=0.0)


def _figure(result: SettingResult, both: Both, top: float, columns: int) -> Figure:
    best = lowest(result.records)
    return Figure.drawn(
        f"loss-{result.name}",
        _caption(best, result),
        _description(result, both),
        lambda width: one_setting(both, best, top, columns, width),
    )


def _caption(best: Lowest, result: SettingResult) -> str:
    if not best.epochs:
        return f"{result.name}: no run finished."
    where = f"{result.name}: validation loss is lowest after epoch {words.median(best.epochs)}"
    if len(best.epochs) > 1:
        first, last = min(best.epochs), max(best.epochs)
        where += f" (median of {words.count(len(best.epochs), 'seed')}; {first} to {last})"
    at_the_end = sum(epoch == result.setting.config.epochs for epoch in best.epochs)
    if at_the_end:
        seeds = words.count(at_the_end, "seed")
        where += f". In {seeds} it is lowest after the last epoch and may fall further"
    return f"{where}."


def _description(result: SettingResult, both: Both) -> str:
    training, validation = both
    if not training.mean.size:
        return f"Loss of {result.name}: no run finished."
    first, last = LOSS.number(training.mean[0]), LOSS.number(training.mean[-1])
    return (
        f"Loss of {result.name}, mean over {words.count(len(result.finished), 'seed')}: training "
        f"loss falls from {first} to {last}; validation loss is {_lowest_and_last(validation)}."
    )


def _lowest_and_last(validation: LossCurves) -> str:
    mean = validation.mean
    at = int(np.argmin(mean))
    return (
        f"lowest, {LOSS.number(mean[at])}, after epoch {at + 1}, and {LOSS.number(mean[-1])} "
        f"after the last, {len(mean)}"
    )


def _compared(settings: Sequence[SettingResult], top: float) -> Iterator[Block]:
    """The chart of all settings, if at least two have a finished run."""
    known = [result for result in settings if result.finished]
    if len(known) < 2:
        return
    curves = {result.name: epoch_curves(result.finished) for result in known[:MOST_SETTINGS]}
    lowest = [f"{name} is {_lowest_and_last(both[1])}" for name, both in curves.items()]
    yield Heading("All settings in one chart")
    yield Figure.drawn(
        "learning-curves",
        "Thick lines with marks: mean validation loss over seeds, with a band of one standard "
        "deviation each way. Thin dashed lines: mean training loss over seeds."
        + left_out(len(curves), len(known), "settings", ""),
        f"Mean validation loss of all settings: {'; '.join(lowest)}.",
        lambda width: all_settings(curves, top, width),
    )
