"""All settings side by side, measure by measure."""

from __future__ import annotations

from paribus.report.blocks import Cell, Paragraph, Section, Table
from paribus.report.summary import MEASURES, Measure, SettingResult, Summary


def comparison(summary: Summary) -> Section:
    """Every measure of every setting: mean, spread, and mean difference to the baseline."""
    table = Table(
        "Mean over seeds ± one standard deviation; below it the mean difference to "
        f"{summary.baseline.name}",
        ("Measure", *(result.name for result in summary.settings)),
        (
            ("Finished seeds", tuple(Cell(str(len(r.finished))) for r in summary.settings)),
            *((m.title, tuple(_cell(m, r, summary) for r in summary.settings)) for m in MEASURES),
        ),
    )
    explanation = Paragraph(
        "The best epoch is that of lowest validation loss. Losses are mean cross entropies in "
        "nats. The generalisation gap is the validation loss after the last epoch minus that "
        "epoch's training loss. Training time counts the processor's seconds in the training "
        "steps alone, which other programs don't lengthen.",
        quiet=True,
    )
    return Section("measures", "All settings side by side", [table, explanation])


def _cell(measure: Measure, result: SettingResult, summary: Summary) -> Cell:
    text = measure.unit.spread(result.spread(measure.key))
    if result is summary.baseline:
        return Cell(text)
    difference = result.difference(measure.key, summary.baseline)
    return Cell(text, measure.unit.change(difference.mean) if difference.n else "")
