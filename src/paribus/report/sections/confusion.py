"""Which class is taken for which in each setting, and what a variation changes in that."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

import numpy as np

from paribus.comparison.confusions import ConfusionDifference
from paribus.metrics.classification import Figures
from paribus.names import chart_labels
from paribus.narrative import words
from paribus.narrative.numbers import PERCENT, Unit, p_in_words, p_value
from paribus.report.blocks import Block, Cell, Figure, Heading, Matrix, Paragraph, Table, note
from paribus.report.charts.drawing import Specification
from paribus.report.charts.matrix import STRONGEST, TEXT_CLASSES, MatrixCell, matrix
from paribus.results import Results
from paribus.stats.intervals import ALPHA
from paribus.stats.paired import smallest_sign_flip_p
from paribus.tables.by_setting import SettingResult

#: Of a larger matrix than is shown whole, so many of its fullest cells are drawn.
MOST_DRAWN = 2_000

#: Lines of the table that goes with or replaces a larger matrix, and matrices of differences.
MOST_ROWS, MOST_MATRICES = 25, 6

#: Test images, as a mean over seeds.
IMAGES = Unit(1)

#: Marks a cell that is shown to differ.
SHOWN = "●"

#: From the numbers of the true and the predicted class to their cell.
CellOf = Callable[[int, int], MatrixCell]


def confusions(results: Results) -> Iterator[Block]:
    """The confusion matrix of every setting with predictions; nothing where no run has any."""
    shown = [result for result in results.settings if result.tested]
    if not shown:
        return
    shares = [row_shares(result.counts) for result in shown]
    worst = max(float((share - np.diag(np.diagonal(share))).max()) for share in shares)
    yield note(
        "Rows are true classes, columns predicted classes. Each cell has the number of test "
        "images (mean over seeds) and their share of the row. Blue is right, orange is wrong; "
        f"the strongest orange is {PERCENT.value(worst)} of a row in every matrix."
    )
    for result in shown:
        yield Heading(result.name)
        yield from _confusion(result, worst)


def row_shares(counts: Figures) -> Figures:
    """Each cell's share of its row; 0 in a row without images."""
    support = counts.sum(axis=1, keepdims=True)
    shares: Figures = np.divide(counts, support, out=np.zeros(counts.shape), where=support > 0)
    return shares


def confusion_cell(counts: Figures, seeds: int, worst: float) -> CellOf:
    """The cells of a confusion matrix.

    On the diagonal they are as strong as their share of the row; elsewhere as their share of
    `worst`, as mistakes would be too faint otherwise.

    Args:
        counts: (classes, classes) mean counts, rows true, columns predicted.
        seeds: how many seeds they are the mean of.
        worst: the greatest share of a row that any mistake has.
    """
    shares, unit = row_shares(counts), Unit(1 if seeds > 1 else 0)

    def cell(i: int, j: int) -> MatrixCell:
        share = float(shares[i, j])
        wrong = min(share / worst, 1.0) if worst else share
        return MatrixCell(
            unit.number(counts[i, j]),
            good=i == j,
            strength=STRONGEST * (share if i == j else wrong),
            detail=PERCENT.value(share),
            short=words.whole(100 * share),
        )

    return cell


def _confusion(result: SettingResult, worst: float) -> Iterator[Block]:
    classes, counts, seeds = result.classes, result.counts, len(result.tested)
    cell = confusion_cell(counts, seeds, worst)
    common = [f"{classes[i]} for {classes[j]}" for i, j in _ranked(counts)[:3]]
    name, label = f"confusion-{result.name}", f"Confusion matrix of {result.name}"
    description = f"{label}. Most often taken: {words.listed(common)}."
    caption = f"{result.name}: true classes in rows, predicted classes in columns"
    if len(classes) <= TEXT_CLASSES:
        over = f", mean over {seeds} seeds" if seeds > 1 else ""
        rows, chart = _matrix(classes, cell)
        figure = Figure(name, f"{caption}.", description, chart, narrow=False)
        yield Matrix(label, f"Test images{over}", classes, rows, figure, setting=result.name)
        return
    caption += f"; the {words.whole(MOST_DRAWN)} fullest cells."
    fullest = [
        (i, j, cell(i, j)) for i, j in _largest(row_shares(counts), MOST_DRAWN) if counts[i, j] > 0
    ]
    yield Figure(name, caption, description, partial(matrix, chart_labels(classes), fullest))
    yield _most_common(result)


def _most_common(result: SettingResult) -> Table:
    classes, counts = result.classes, result.counts
    unit = Unit(1 if len(result.tested) > 1 else 0)
    shares = row_shares(counts)
    rows = [
        (
            _taken(classes, i, j),
            [Cell(unit.number(counts[i, j])), Cell(PERCENT.value(shares[i, j]))],
        )
        for i, j in _ranked(counts)[:MOST_ROWS]
    ]
    return Table(
        f"The {len(rows)} most common confusions of {len(classes)} classes",
        ("", "Images", "Share of the true class"),
        rows,
    )


def _matrix(
    classes: Sequence[str], cell: CellOf
) -> tuple[list[list[MatrixCell]], Callable[[int], Specification]]:
    """The cells row by row, and their chart of a width in pixels."""
    numbers = range(len(classes))
    rows = [[cell(i, j) for j in numbers] for i in numbers]
    cells = [(i, j, rows[i][j]) for i in numbers for j in numbers]
    return rows, partial(matrix, chart_labels(classes), cells)


def _largest(values: Figures, most: int | None = None) -> list[tuple[int, int]]:
    """All cells or so many, the largest first."""
    order = np.argsort(-values, axis=None, kind="stable")[:most]
    return [divmod(cell, len(values)) for cell in order.tolist()]


def _ranked(counts: Figures) -> list[tuple[int, int]]:
    """The cells off the diagonal that occur, the fullest first."""
    return [(i, j) for i, j in _largest(counts) if i != j and counts[i, j] > 0]


def _taken(classes: Sequence[str], i: int, j: int) -> str:
    return f"{classes[i]} right" if i == j else f"{classes[i]} taken for {classes[j]}"


def confusion_change(results: Results) -> Iterator[Block]:
    """A matrix of differences for each variation, the cells that are shown to differ marked."""
    if not results.variations or not any(result.tested for result in results.settings):
        return
    changes, classes = results.confusion_changes, results.baseline.classes
    if not changes:
        text = "Testing for changes takes at least two seeds with predictions of both settings."
        yield Paragraph(text)
        return
    shown = dict(list(changes.items())[:MOST_MATRICES])
    strongest = max(float(np.abs(difference.mean).max()) for difference in shown.values())
    yield note(
        f"Test images in each cell, variation minus {results.baseline.name}, mean over paired "
        "seeds. Blue is an improvement: more images on the diagonal or fewer off it. Orange is "
        f"the opposite. {SHOWN} marks a significant difference (by the paired t test and the "
        f"sign-flip test, both adjusted over the {words.whole(len(classes) ** 2)} cells of its "
        f"matrix{_too_few(shown)}). A plain 0 means that the cell is the same in every seed. "
        "Exploratory."
    )
    for name, difference in shown.items():
        yield Heading(name)
        yield from _change(classes, name, difference, strongest)
    if len(shown) < len(changes):
        yield from _all_variations(classes, changes)


def _too_few(shown: Mapping[str, ConfusionDifference]) -> str:
    """That no cell can be marked, where that is so: with five seeds no p is below 0.06."""
    most = max(difference.n_seeds for difference in shown.values())
    least = smallest_sign_flip_p(most)
    return f"; with {most} seeds no p is below {least:.2g}" if least > ALPHA else ""


def change_cell(difference: ConfusionDifference, strongest: float) -> CellOf:
    """The cells of a matrix of differences; one of `strongest` images has the strongest color."""

    def cell(i: int, j: int) -> MatrixCell:
        mean = float(difference.mean[i, j])
        never = difference.constant[i, j] and mean == 0
        return MatrixCell(
            "0" if never else IMAGES.signed(mean),
            good=mean > 0 if i == j else mean < 0,
            strength=STRONGEST * min(abs(mean) / strongest, 1.0) if strongest else 0.0,
            mark=SHOWN if difference.survives[i, j] else "",
        )

    return cell


def _change(
    classes: tuple[str, ...], name: str, difference: ConfusionDifference, strongest: float
) -> Iterator[Block]:
    yield Paragraph(_in_words(classes, difference))
    if len(classes) > TEXT_CLASSES:
        yield _most_changed(classes, difference)
        return
    rows, chart = _matrix(classes, change_cell(difference, strongest))
    survivors = words.count(int(difference.survives.sum()), "cell")
    figure = Figure(
        f"confusion-change-{name}",
        f"{name}: true classes in rows, predicted classes in columns.",
        f"Confusion matrix of {name} minus the baseline's; {survivors} of "
        f"{words.whole(difference.mean.size)} differ significantly.",
        chart,
        narrow=False,
    )
    caption = f"Test images, {name} minus the baseline, mean over {difference.n_seeds} seeds"
    yield Matrix(f"What {name} changes in the confusion matrix", caption, classes, rows, figure)


def _in_words(classes: tuple[str, ...], difference: ConfusionDifference) -> str:
    """The cells that are shown to differ, or that there are none."""
    cells = [cell for cell in _largest(np.abs(difference.mean)) if difference.survives[cell]]
    seeds = words.count(difference.n_seeds, "seed")
    if not cells:
        return f"No single cell differs significantly over {seeds}."
    largest = "; ".join(_cell(classes, difference, *cell) for cell in cells[:5])
    more = f", and {len(cells) - 5} more" if len(cells) > 5 else ""
    differ = "cell differs" if len(cells) == 1 else "cells differ"
    return f"{len(cells)} {differ} significantly over {seeds}: {largest}{more}."


def _cell(classes: tuple[str, ...], difference: ConfusionDifference, i: int, j: int) -> str:
    change = IMAGES.signed(float(difference.mean[i, j]))
    p = p_in_words(float(difference.p_adjusted[i, j]))
    return f"{_taken(classes, i, j)}, {change} images ({p})"


def _most_changed(classes: tuple[str, ...], difference: ConfusionDifference) -> Table:
    """The cells of many classes that change most."""
    mean, p = difference.mean, difference.p_adjusted
    rows = [
        (_taken(classes, *cell), [Cell(IMAGES.signed(mean[cell])), Cell(p_value(float(p[cell])))])
        for cell in _largest(np.abs(mean), MOST_ROWS)
        if mean[cell]
    ]
    caption = f"The {len(rows)} cells that change most, of {words.whole(mean.size)}"
    return Table(caption, ("", "Images", "Adjusted p"), rows)


def _all_variations(
    classes: tuple[str, ...], changes: Mapping[str, ConfusionDifference]
) -> Iterator[Block]:
    def strongest(difference: ConfusionDifference) -> str:
        cells = (cell for cell in _largest(np.abs(difference.mean)) if difference.survives[cell])
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
