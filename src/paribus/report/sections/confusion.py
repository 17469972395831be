"""Which class is taken for which in each setting: matrices, of many classes their lists."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform

from paribus.metrics.classification import Figures
from paribus.names import chart_labels
from paribus.narrative import words
from paribus.narrative.classes import on_changed_cells
from paribus.narrative.numbers import PERCENT, Unit
from paribus.records.types import Integers
from paribus.report.blocks import (
    Block,
    Cell,
    Columns,
    Figure,
    Folded,
    Heading,
    Matrix,
    Table,
    note,
)
from paribus.report.charts.drawing import Specification
from paribus.report.charts.frame import WIDE
from paribus.report.charts.matrix import STRONGEST, TEXT_CLASSES, MatrixCell, matrix
from paribus.report.sections.classes import recalls
from paribus.results import Results
from paribus.tables.by_setting import SettingResult

#: Of a larger matrix than is shown whole, so many of its fullest cells are drawn.
MOST_DRAWN = 2_000

#: Lines of the table that goes with or replaces a larger matrix.
MOST_ROWS = 12

#: So many settings' matrices are open; the others are folded.
MOST_OPEN = 4

#: With fewer test images of a class, means over seeds are written with a decimal.
FEW_IMAGES = 100

#: From the numbers of the true and the predicted class to their cell.
CellOf = Callable[[int, int], MatrixCell]


def confusions(results: Results) -> Iterator[Block]:
    """The matrices side by side, then each class; nothing where no run has predictions."""
    shown = [result for result in results.settings if result.tested]
    if not shown:
        return
    worst = _worst(shown)
    yield note(
        "Rows are true classes, columns predicted ones; the numbers are test images. Blue is "
        "right, orange wrong, and the stronger the larger its share of the row: the strongest "
        f"orange is {PERCENT.value(worst)} in every matrix."
    )
    matrices = [list(_confusion(result, worst)) for result in shown]
    yield Columns(matrices[:MOST_OPEN])
    if left := matrices[MOST_OPEN:]:
        names = words.count(len(left), "other setting")
        yield Folded(f"The matrices of {names}", [Columns(left)])
    if results.confusion_changes:
        yield note(on_changed_cells(results.confusion_changes), link="confusion-change")
    yield from recalls(results)


def _worst(shown: Sequence[SettingResult]) -> float:
    """The greatest share of a row that any mistake has."""
    shares = [row_shares(result.counts) for result in shown]
    return max(float((share - np.diag(np.diagonal(share))).max()) for share in shares)


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
    shares, unit = row_shares(counts), _images(counts, seeds)

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


def _images(counts: Figures, seeds: int) -> Unit:
    """Numbers of images: whole, but of few images a mean over seeds has a decimal."""
    few = counts.sum() < FEW_IMAGES * len(counts)
    return Unit(1 if seeds > 1 and few else 0)


def _confusion(result: SettingResult, worst: float) -> Iterator[Block]:
    classes, counts, seeds = result.classes, result.counts, len(result.tested)
    cell = confusion_cell(counts, seeds, worst)
    common = [taken(classes, i, j) for i, j in _ranked(counts)[:3]]
    name, label = f"confusion-{result.name}", f"Confusion matrix of {result.name}"
    description = f"{label}. Most often: {words.listed(common)}."
    caption = f"{result.name}: true classes in rows, predicted classes in columns"
    yield Heading(result.name)
    if len(classes) <= TEXT_CLASSES:
        over = f", mean over {seeds} seeds" if seeds > 1 else ""
        rows, chart = matrix_of(classes, cell)
        figure = Figure(name, f"{caption}.", description, chart, widths=(WIDE,))
        yield Matrix(
            label,
            f"Test images{over}",
            classes,
            rows,
            figure,
            _most_common(result),
            setting=result.name,
        )
        return
    order = by_similarity(counts)
    caption += f", similar ones side by side; the {words.whole(MOST_DRAWN)} fullest cells."
    places = np.argsort(order).tolist()
    fullest = [
        (places[i], places[j], cell(i, j))
        for i, j in largest(row_shares(counts), MOST_DRAWN)
        if counts[i, j] > 0
    ]
    labels = chart_labels([classes[n] for n in order.tolist()])
    yield Figure(name, caption, description, partial(matrix, labels, fullest))
    yield _most_common(result)


def by_similarity(counts: Figures) -> Integers:
    """An order of the classes in which those that are taken for each other stand side by side.

    Average linkage of the shares of a row, with its leaves ordered as by Bar-Joseph et al. (2001).
    """
    shares = row_shares(counts)
    alike = (shares + shares.T) / 2
    distance = alike.max() - alike
    np.fill_diagonal(distance, 0)
    tree = linkage(squareform(distance, checks=False), "average", optimal_ordering=True)
    return np.asarray(leaves_list(tree), np.int64)


def _most_common(result: SettingResult) -> Table:
    classes, counts = result.classes, result.counts
    unit = _images(counts, len(result.tested))
    shares = row_shares(counts)
    rows = [
        (
            taken(classes, i, j),
            [Cell(unit.number(counts[i, j])), Cell(PERCENT.value(shares[i, j]))],
        )
        for i, j in _ranked(counts)[:MOST_ROWS]
    ]
    return Table(
        f"{result.name}: the {len(rows)} most common confusions of {len(classes)} classes",
        ("", "Images", "Of its class"),
        rows,
    )


def matrix_of(
    classes: Sequence[str], cell: CellOf
) -> tuple[list[list[MatrixCell]], Callable[[int], Specification]]:
    """The cells row by row, and their chart of a width in pixels."""
    numbers = range(len(classes))
    rows = [[cell(i, j) for j in numbers] for i in numbers]
    cells = [(i, j, rows[i][j]) for i in numbers for j in numbers]
    return rows, partial(matrix, chart_labels(classes), cells)


def largest(values: Figures, most: int | None = None) -> list[tuple[int, int]]:
    """All cells or so many, the largest first."""
    order = np.argsort(-values, axis=None, kind="stable")[:most]
    return [divmod(cell, len(values)) for cell in order.tolist()]


def _ranked(counts: Figures) -> list[tuple[int, int]]:
    """The cells off the diagonal that occur, the fullest first."""
    return [(i, j) for i, j in largest(counts) if i != j and counts[i, j] > 0]


def taken(classes: Sequence[str], i: int, j: int) -> str:
    """A cell in words: "car taken for truck"."""
    return f"{classes[i]} right" if i == j else f"{classes[i]} taken for {classes[j]}"
