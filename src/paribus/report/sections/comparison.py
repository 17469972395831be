"""All settings side by side, metric by metric."""

from __future__ import annotations

from paribus.report.blocks import Cell, Paragraph, Section, Table
from paribus.report.summary import METRICS, Metric, SettingResult, Summary


def comparison(summary: Summary) -> Section:
    """Every metric of every setting: mean, spread, and mean difference to the baseline."""
    table = Table(
        "Mean over seeds ± one standard deviation; below it the mean difference to "
        f"{summary.baseline.name}",
        ("Metric", *(result.name for result in summary.settings)),
        (
            ("Finished seeds", tuple(Cell(str(len(r.finished))) for r in summary.settings)),
            *((m.title, tuple(_cell(m, r, summary) for r in summary.settings)) for m in METRICS),
        ),
    )
    explanation = Paragraph(
        "The best epoch is that of lowest validation loss. Losses are mean cross entropies in "
        "nats. The generalization gap is the validation loss after the last epoch minus that "
        "epoch's training loss. Training time counts the processor's seconds in the training "
        "steps alone, which other programs don't lengthen.",
        quiet=True,
    )
    return Section("metrics", "All settings side by side", [table, explanation])


def _cell(metric: Metric, result: SettingResult, summary: Summary) -> Cell:
    text = metric.unit.spread(result.spread(metric.key))
    if result is summary.baseline:
        return Cell(text)
    difference = result.difference(metric.key, summary.baseline)
    return Cell(text, metric.unit.change(difference.mean) if difference.n else "")
