"""The learning curves of all settings, compared in one chart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from paribus.report import figures
from paribus.report.blocks import Block, Figure, Heading
from paribus.report.learning import Learning, learning
from paribus.report.summary import SettingResult
from paribus.report.theme import SETTING_SHAPES
from paribus.report.words import LOSS

#: Each setting has a color and a shape of its own.
MOST_SETTINGS = len(SETTING_SHAPES)


def compared(settings: Sequence[SettingResult], top: float) -> Iterator[Block]:
    """The chart, from two settings with a finished run on."""
    known = [result for result in settings if result.finished]
    if len(known) < 2:
        return
    curves = [_curves(result) for result in known[:MOST_SETTINGS]]
    wide, narrow = figures.both(lambda width: learning(curves, top, width))
    left = f" {len(curves)} of {len(known)} settings." * (len(curves) < len(known))
    yield Heading("All settings in one chart")
    yield Figure(
        "learning-curves",
        "Strong with marks: validation loss, mean over seeds, with a band of one standard "
        f"deviation each way. Thin and dashed: training loss, mean over seeds.{left}",
        f"Mean validation loss of all settings: {'; '.join(map(_in_words, curves))}.",
        wide,
        narrow,
    )


def _curves(result: SettingResult) -> Learning:
    validation = np.stack([record.curves.values("val_loss") for record in result.finished]).astype(
        float
    )
    training = np.stack([record.curves.values("train_loss") for record in result.finished]).astype(
        float
    )
    deviation = (
        validation.std(axis=0, ddof=1) if len(validation) > 1 else np.zeros(validation.shape[1])
    )
    return Learning(result.name, training.mean(axis=0), validation.mean(axis=0), deviation)


def _in_words(curve: Learning) -> str:
    at = int(np.argmin(curve.validation))
    return (
        f"{curve.setting} lowest, {LOSS.number(curve.validation[at])}, after "
        f"epoch {at + 1}, and {LOSS.number(curve.validation[-1])} at the end"
    )
