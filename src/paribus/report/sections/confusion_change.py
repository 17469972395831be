"""Which confusions a variation changes: its matrix minus the baseline's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from paribus.comparison.confusion import ConfusionDifference
from paribus.report import figures, words
from paribus.report.blocks import Block, Cell, Change, Figure, Heading, Paragraph, Section, Table
from paribus.report.difference import IMAGES, SHOWN, difference_map
from paribus.report.heatmap import TEXT_CLASSES
from paribus.report.sections.numbers import p_value
from paribus.report.summary import Summary

#: Matrices that a page shows, and lines of a table that takes a larger one's place.
MOST_MATRICES, MOST_CELLS = 6, 25


def confusion_change(summary: Summary) -> Section:
    """A matrix of differences for each variation, the cells that are shown to differ marked."""
    changes = summary.findings.confusions
    title = "What changes in the confusion matrix"
    if not changes:
        text = "It takes two seeds that both settings finished to tell what a variation changes."
        return Section("confusion-change", title, [Paragraph(text)])
    shown = dict(list(changes.items())[:MOST_MATRICES])
    blocks: list[Block] = [_explanation(summary, changes)]
    for name, difference in shown.items():
        blocks += [Heading(name), *_change(summary, name, difference, _strongest(shown))]
    if len(shown) < len(changes):
        blocks += _summary_table(changes, summary)
    return Section("confusion-change", title, blocks)


def _explanation(summary: Summary, changes: Mapping[str, ConfusionDifference]) -> Paragraph:
    cells = words.whole(next(iter(changes.values())).mean.size)
    return Paragraph(
        f"Test images in each cell, variation minus {summary.baseline.name}, mean over paired "
        "seeds. Blue is for the better: more on the diagonal or fewer beside it; orange is for "
        f"the worse. {SHOWN} marks a cell that is shown to differ (paired t test, adjusted by "
        f"Holm over the {cells} cells of its matrix). A cell that is 0 in every difference says so "
        "without a decimal. Exploratory.",
        quiet=True,
    )


def _strongest(changes: Mapping[str, ConfusionDifference]) -> float:
    return max(float(np.abs(difference.mean).max()) for difference in changes.values())


def _change(
    summary: Summary, name: str, difference: ConfusionDifference, strongest: float
) -> Iterator[Block]:
    classes = summary.baseline.classes
    survivors = int(difference.survives.sum())
    yield Paragraph(_in_words(classes, difference))
    if len(classes) > TEXT_CLASSES:
        yield _largest(classes, difference)
        return
    labels = words.labels(classes)
    figure = Figure(
        f"confusion-change-{name}",
        f"{name}: true classes down, predicted classes across.",
        f"Confusion matrix of {name} minus the baseline's; {words.count(survivors, 'cell')} of "
        f"{words.whole(difference.mean.size)} shown to differ.",
        difference_map(labels, difference, strongest, figures.WIDE),
    )
    yield Change(name, classes, difference, strongest, figure)


def _in_words(classes: tuple[str, ...], difference: ConfusionDifference) -> str:
    """The cells that are shown to differ, or that there are none."""
    cells = [(int(i), int(j)) for i, j in np.argwhere(difference.survives)]
    seeds = words.count(difference.n_seeds, "seed")
    if not cells:
        return f"No single cell is shown to differ over {seeds}."
    cells.sort(key=lambda cell: -abs(difference.mean[cell]))
    said = [_cell(classes, difference, *cell) for cell in cells[:5]]
    more = f", and {len(cells) - 5} more" if len(cells) > 5 else ""
    are = "cell is" if len(cells) == 1 else "cells are"
    return f"{len(cells)} {are} shown to differ over {seeds}: {'; '.join(said)}{more}."


def _cell(classes: tuple[str, ...], difference: ConfusionDifference, i: int, j: int) -> str:
    change = IMAGES.signed(float(difference.mean[i, j]))
    p = p_value(float(difference.p_adjusted[i, j]))
    p_text = f"p {p}" if p.startswith("<") else f"p = {p}"
    what = f"{classes[i]} right" if i == j else f"{classes[i]} taken for {classes[j]}"
    return f"{what}, {change} images ({p_text})"


def _largest(classes: tuple[str, ...], difference: ConfusionDifference) -> Table:
    """Of many classes, the cells that change most."""
    order = np.argsort(-np.abs(difference.mean), axis=None, kind="stable")[:MOST_CELLS]
    cells = [divmod(int(cell), len(classes)) for cell in order]
    rows = tuple(
        (
            f"{classes[i]} right" if i == j else f"{classes[i]} taken for {classes[j]}",
            (
                Cell(IMAGES.signed(float(difference.mean[i, j]))),
                Cell(p_value(float(difference.p_adjusted[i, j]))),
            ),
        )
        for i, j in cells
        if difference.mean[i, j]
    )
    caption = f"The {len(rows)} cells that change most, of {words.whole(difference.mean.size)}"
    return Table(caption, ("", "Images", "Adjusted p"), rows)


def _summary_table(changes: Mapping[str, ConfusionDifference], summary: Summary) -> Iterator[Block]:
    yield Heading("All variations")
    yield Table(
        f"Cells shown to differ; the matrices of {MOST_MATRICES} of {len(changes)} variations are "
        "shown above",
        ("", "Cells", "The strongest"),
        tuple(
            (name, (Cell(str(int(d.survives.sum()))), Cell(_first(summary.baseline.classes, d))))
            for name, d in changes.items()
        ),
        tall=True,
    )


def _first(classes: tuple[str, ...], difference: ConfusionDifference) -> str:
    if not difference.survives.any():
        return words.NONE
    largest = np.where(difference.survives, np.abs(difference.mean), 0).argmax()
    i, j = divmod(int(largest), len(classes))
    return _cell(classes, difference, i, j)
