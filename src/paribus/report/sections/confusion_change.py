"""What each variation changes in the confusion matrix, cell by cell."""

from collections.abc import Iterator, Mapping

import numpy as np

from paribus.comparison.confusions import ConfusionDifference
from paribus.narrative import words
from paribus.narrative.classes import on_changed_cells
from paribus.narrative.numbers import Unit, p_in_words, p_value
from paribus.report.blocks import (
    Block,
    Cell,
    Columns,
    Figure,
    Heading,
    Matrix,
    Paragraph,
    Table,
    note,
)
from paribus.report.charts.frame import WIDE
from paribus.report.charts.matrix import STRONGEST, TEXT_CLASSES, MatrixCell
from paribus.report.sections.confusion import MOST_ROWS, CellOf, largest, matrix_of, taken
from paribus.results import Results
from paribus.stats.intervals import ALPHA
from paribus.stats.paired import smallest_sign_flip_p

#: So many matrices of differences are shown.
MOST_MATRICES = 6

#: Test images, as a mean over seeds.
IMAGES = Unit(1)

#: Marks a cell that is shown to differ.
SHOWN = "●"


def confusion_change(results: Results) -> Iterator[Block]:
    """A matrix of differences for each variation, the cells that are shown to differ marked."""
    if not results.variations or not any(result.tested for result in results.settings):
        return
    changes, classes = results.confusion_changes, results.baseline.classes
    if not changes:
        text = "Testing for changes takes at least two seeds with predictions of both settings."
        yield Paragraph(text)
        return
    yield Paragraph(on_changed_cells(changes))
    shown = dict(list(changes.items())[:MOST_MATRICES])
    strongest = max(float(np.abs(difference.mean).max()) for difference in shown.values())
    yield note(
        f"Test images in each cell, variation minus {results.baseline.name}, mean over paired "
        f"seeds. {SHOWN} marks a significant difference, by the paired t test and the sign-flip "
        f"test, both adjusted over the {words.whole(len(classes) ** 2)} cells of its matrix"
        f"{_too_few(shown)}. In a matrix that has one, blue is an improvement, more images on the "
        "diagonal or fewer off it, and orange the opposite; the others are gray. A plain 0 is a "
        "cell that is the same in every seed. Exploratory."
    )
    parts = [list(_change(classes, *item, strongest)) for item in shown.items()]
    yield Columns(parts)
    if len(shown) < len(changes):
        yield from _all_variations(classes, changes)


def _too_few(shown: Mapping[str, ConfusionDifference]) -> str:
    """That no cell can be marked, where that is so: with five seeds no p is below 0.06."""
    most = max(difference.n_seeds for difference in shown.values())
    least = smallest_sign_flip_p(most)
    return f"; with {most} seeds no p is below {least:.2g}" if least > ALPHA else ""


def change_cell(difference: ConfusionDifference, strongest: float) -> CellOf:
    """The cells of a matrix of differences; one of `strongest` images has the strongest color.

    They are gray where no cell of the matrix is shown to differ.
    """
    shown = bool(difference.survives.any())

    def cell(i: int, j: int) -> MatrixCell:
        mean = float(difference.mean[i, j])
        never = difference.constant[i, j] and mean == 0
        return MatrixCell(
            "0" if never else IMAGES.signed(mean),
            good=(mean > 0 if i == j else mean < 0) if shown else None,
            strength=STRONGEST * min(abs(mean) / strongest, 1.0) if strongest else 0.0,
            mark=SHOWN if difference.survives[i, j] else "",
        )

    return cell


def _change(
    classes: tuple[str, ...], name: str, difference: ConfusionDifference, strongest: float
) -> Iterator[Block]:
    yield Heading(name)
    yield Paragraph(_in_words(classes, difference))
    if len(classes) > TEXT_CLASSES:
        yield _most_changed(classes, difference)
        return
    rows, chart = matrix_of(classes, change_cell(difference, strongest))
    survivors = words.count(int(difference.survives.sum()), "cell")
    figure = Figure(
        f"confusion-change-{name}",
        f"{name}: true classes in rows, predicted classes in columns.",
        f"Confusion matrix of {name} minus the baseline's; {survivors} of "
        f"{words.whole(difference.mean.size)} differ significantly.",
        chart,
        widths=(WIDE,),
    )
    caption = f"Test images, {name} minus the baseline, mean over {difference.n_seeds} seeds"
    label = f"What {name} changes in the confusion matrix"
    yield Matrix(label, caption, classes, rows, figure, _most_changed(classes, difference))


def _in_words(classes: tuple[str, ...], difference: ConfusionDifference) -> str:
    """The cells that are shown to differ, or that there are none."""
    cells = [cell for cell in largest(np.abs(difference.mean)) if difference.survives[cell]]
    seeds = words.count(difference.n_seeds, "seed")
    if not cells:
        return f"No single cell differs significantly over {seeds}."
    first = "; ".join(_cell(classes, difference, *cell) for cell in cells[:5])
    more = f", and {len(cells) - 5} more" if len(cells) > 5 else ""
    differ = "cell differs" if len(cells) == 1 else "cells differ"
    return f"{len(cells)} {differ} significantly over {seeds}: {first}{more}."


def _cell(classes: tuple[str, ...], difference: ConfusionDifference, i: int, j: int) -> str:
    change = IMAGES.signed(float(difference.mean[i, j]))
    p = p_in_words(float(difference.p_adjusted[i, j]))
    return f"{taken(classes, i, j)}, {change} images ({p})"


def _most_changed(classes: tuple[str, ...], difference: ConfusionDifference) -> Table:
    """The cells of many classes that change most."""
    mean, p = difference.mean, difference.p_adjusted
    rows = [
        (taken(classes, *cell), [Cell(IMAGES.signed(mean[cell])), Cell(p_value(float(p[cell])))])
        for cell in largest(np.abs(mean), MOST_ROWS)
        if mean[cell]
    ]
    caption = f"The {len(rows)} cells that change most, of {words.whole(mean.size)}"
    return Table(caption, ("", "Images", "Adjusted p"), rows)


def _all_variations(
    classes: tuple[str, ...], changes: Mapping[str, ConfusionDifference]
) -> Iterator[Block]:
    def strongest(difference: ConfusionDifference) -> str:
        cells = (cell for cell in largest(np.abs(difference.mean)) if difference.survives[cell])
        cell = next(cells, None)
        return words.NONE if cell is None else _cell(classes, difference, *cell)

    yield Heading("All variations")
    yield Table(
        f"Cells that differ significantly; the first {MOST_MATRICES} of {len(changes)} matrices "
        "are shown above",
        ("", "Cells", "Largest change"),
        [
            (name, [Cell(str(int(d.survives.sum()))), Cell(strongest(d))])
            for name, d in changes.items()
        ],
    )
