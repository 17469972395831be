"""Training and validation loss of every setting."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from paribus.report import figures, words
from paribus.report.blocks import Block, Figure, Heading, Paragraph, Section
from paribus.report.loss import Lowest, SeedPath, ceiling, loss, lowest, seed_paths
from paribus.report.sections.curves import compared
from paribus.report.summary import SettingResult, Summary
from paribus.report.words import LOSS

#: Columns of pixels for all faint lines of a report together, so that its file stays small,
#: and those that any line has.
ALL_COLUMNS, FEWEST_COLUMNS = 60_000, 100

#: So many settings have a chart of their own.
MOST_CHARTS = 12


def losses(summary: Summary) -> Section:
    """A chart for each setting, all on the same axis."""
    shown = [(result, seed_paths(result.records)) for result in summary.settings if result.records]
    classes = max((len(result.classes) for result, _ in shown), default=2)
    top = ceiling([seed_path for _, both in shown for seed_path in both], classes)
    columns = max(ALL_COLUMNS // max(_drawn(shown), 1), FEWEST_COLUMNS)
    blocks: list[Block] = [_explanation(shown, top)]
    for result, both in shown[:MOST_CHARTS]:
        blocks += [Heading(result.name), _figure(result, both, top, columns)]
    if len(shown) > MOST_CHARTS:
        text = f"Charts of {MOST_CHARTS} of {len(shown)} settings; tables/epochs.csv has all."
        blocks.append(Paragraph(text))
    blocks += compared(summary.settings, top)
    return Section("loss", "Training and validation loss", blocks)


def _drawn(shown: Sequence[tuple[SettingResult, tuple[SeedPath, SeedPath]]]) -> int:
    """How many runs have a line in some chart."""
    return sum(len(result.records) for result, _ in shown[:MOST_CHARTS])


def _explanation(
    shown: Sequence[tuple[SettingResult, tuple[SeedPath, SeedPath]]], top: float
) -> Paragraph:
    text = (
        "Training loss at every step, before the step; validation loss after every epoch. Each "
        "seed is faint, the mean over seeds strong, and the band is one standard deviation each "
        "way. Circles mark each seed's epoch of lowest validation loss (the best epoch), the "
        "dashed line their median. After it, the network learns its training images by heart "
        "rather than what they have in common: it overfits."
    )
    text += _short_batch(shown[0][0]) if shown else ""
    if any(result.failed for result, _ in shown):
        text += " Dotted lines are runs that failed."
    if any(_highest(seed_path) > top for _, both in shown for seed_path in both):
        text += f" Losses above {LOSS.number(top)} lie outside the charts."
    return Paragraph(text, quiet=True)


def _short_batch(result: SettingResult) -> str:
    """Why the training loss may have a spike an epoch."""
    size = result.setting.config.batch_size
    left = result.facts.data.training % size if result.facts else 0
    # A last image left alone joins the batch before.
    if not 1 < left < size / 2:
        return ""
    return f" The last batch of an epoch has {left} images only, so its loss scatters more."


def _highest(seed_path: SeedPath) -> float:
    lines = [seed_path.finished, *seed_path.failed]
    return max((float(line.max()) for line in lines if line.size), default=0.0)


def _figure(
    result: SettingResult, both: tuple[SeedPath, SeedPath], top: float, columns: int
) -> Figure:
    best = lowest(result.records)
    wide, narrow = figures.both(lambda width: loss(both, best, top, columns, width))
    return Figure(
        f"loss-{result.name}", _caption(best, result), _description(result, both), wide, narrow
    )


def _caption(best: Lowest, result: SettingResult) -> str:
    if not best.epochs:
        return f"{result.name}: no run reached its last epoch."
    median = words.median(best.epochs)
    where = f"{result.name}: validation loss is lowest after epoch {median}"
    if len(best.epochs) > 1:
        first, last = min(best.epochs), max(best.epochs)
        where += f" (median of {words.count(len(best.epochs), 'seed')}; {first} to {last})"
    at_the_end = sum(epoch == result.setting.config.epochs for epoch in best.epochs)
    if at_the_end:
        seeds = words.count(at_the_end, "seed")
        where += f". In {seeds} it is lowest at the very last epoch, and may fall further"
    return f"{where}."


def _description(result: SettingResult, both: tuple[SeedPath, SeedPath]) -> str:
    training, validation = both
    if not training.mean.size:
        return f"Loss of {result.name}: no run reached its last epoch."
    lowest_mean = int(np.argmin(validation.mean))
    return (
        f"Loss of {result.name}, mean over {words.count(len(result.finished), 'seed')}: "
        f"in training from {LOSS.number(training.mean[0])} to "
        f"{LOSS.number(training.mean[-1])}; in validation "
        f"lowest, {LOSS.number(validation.mean[lowest_mean])}, after epoch {lowest_mean + 1}, and "
        f"{LOSS.number(validation.mean[-1])} after the last, {len(validation.mean)}."
    )
