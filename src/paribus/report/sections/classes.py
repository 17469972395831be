"""Class by class: confusion matrices, recall, and scikit-learn's classification report."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from paribus.metrics.classification import ClassFigures, Figures, macro_average, weighted_average
from paribus.report import figures, words
from paribus.report.blocks import (
    Block,
    Cell,
    Columns,
    Confusion,
    Figure,
    Heading,
    Paragraph,
    Section,
    Table,
)
from paribus.report.dots import Mark, dots
from paribus.report.heatmap import MOST_CELLS, TEXT_CLASSES, heatmap, row_shares
from paribus.report.spread import Spread
from paribus.report.summary import SettingResult, Summary
from paribus.report.words import PERCENT, Unit

#: scikit-learn prints two decimals.
TWO = Unit(2)

#: Up to so many classes a matrix is shown whole; of more, its most common confusions.
WHOLE_MATRIX = TEXT_CLASSES
MOST_CONFUSIONS = 25

#: What a chart of recall can hold.
MOST_SETTINGS, MOST_CLASSES = 8, 30

#: A table longer than this scrolls.
TALL = 30


def confusions(summary: Summary) -> Section:
    """Which class is taken for which, setting by setting."""
    shown = [result for result in summary.settings if result.finished]
    worst = max((_worst_mistake(result.counts) for result in shown), default=0.0)
    blocks: list[Block] = [
        Paragraph(
            "Rows are the true class, columns the predicted one: the number of test images "
            "(mean over seeds) and their share of the row. Blue is right, orange is wrong; the "
            f"strongest orange is {PERCENT.value(worst)} of a row, in every setting.",
            quiet=True,
        )
    ]
    for result in shown:
        blocks += [Heading(result.name), *_confusion(result, worst)]
    return Section("confusion", "Confusion matrices", blocks)


def _confusion(result: SettingResult, worst: float) -> list[Block]:
    figure = _heatmap(result, worst)
    if len(result.classes) <= WHOLE_MATRIX:
        seeds = len(result.finished)
        return [Confusion(result.name, result.classes, result.counts, seeds, worst, figure)]
    return [figure, _most_common(result)]


def _heatmap(result: SettingResult, worst: float) -> Figure:
    classes, counts = result.classes, result.counts
    common = [f"{classes[i]} for {classes[j]}" for i, j in _ranked(counts)[:3]]
    many = len(classes) > WHOLE_MATRIX
    fullest = f"; the {words.whole(MOST_CELLS)} fullest cells"
    return Figure(
        f"confusion-{result.name}",
        f"{result.name}: true classes down, predicted classes across{fullest if many else ''}.",
        f"Confusion matrix of {result.name}. Most often taken: {words.listed(common)}.",
        heatmap(words.labels(classes), counts, worst, figures.WIDE),
        heatmap(words.labels(classes), counts, worst, figures.NARROW) if many else None,
    )


def _most_common(result: SettingResult) -> Table:
    counts = result.counts
    rows = [
        (
            f"{result.classes[i]} taken for {result.classes[j]}",
            (
                Cell(_mean_count(counts[i, j], result)),
                Cell(PERCENT.value(counts[i, j] / counts[i].sum())),
            ),
        )
        for i, j in _ranked(counts)[:MOST_CONFUSIONS]
    ]
    return Table(
        f"The {len(rows)} most common confusions, of "
        f"{words.count(len(result.classes), 'class', 'classes')}",
        ("", "Images", "Share of the true class"),
        tuple(rows),
    )


def _ranked(counts: Figures) -> list[tuple[int, int]]:
    """The cells off the diagonal that occur, the fullest first."""
    mistakes = counts - np.diag(np.diagonal(counts))
    order = np.argsort(-mistakes, axis=None, kind="stable")
    cells = np.column_stack(np.unravel_index(order, counts.shape)).tolist()
    return [(i, j) for i, j in cells if mistakes[i, j] > 0]


def _worst_mistake(counts: Figures) -> float:
    shares = row_shares(counts)
    return float((shares - np.diag(np.diagonal(shares))).max())


def _mean_count(count: float, result: SettingResult) -> str:
    return f"{count:,.1f}" if len(result.finished) > 1 else words.whole(count)


def recalls(summary: Summary) -> Section:
    """Recall of every class in all settings side by side."""
    shown = [result for result in summary.settings if result.finished]
    if not shown:
        return Section("recall", "Accuracy of each class", [])
    explanation = Paragraph(
        "Of the test images of a class, the share classified correctly (its recall): mean over "
        "seeds ± one standard deviation, in percent.",
        quiet=True,
    )
    return Section(
        "recall",
        "Accuracy of each class",
        [explanation, _recall_figure(shown), _recall_table(shown)],
    )


def _recall_figure(results: Sequence[SettingResult]) -> Figure:
    drawn = [r for r in results[:MOST_SETTINGS] if r.classes == results[0].classes]
    first = drawn[0]
    means = [first.class_spread("recall", n).mean for n in range(len(first.classes))]
    numbers = sorted(np.argsort(means, kind="stable")[:MOST_CLASSES].tolist())
    classes = words.labels([first.classes[n] for n in numbers])
    names = [result.name for result in drawn]
    marks = [
        _mark(label, result.name, result.class_spread("recall", number))
        for result in drawn
        for label, number in zip(classes, numbers, strict=True)
    ]
    wide, narrow = figures.both(lambda width: dots([m for m in marks if m], "Recall (%)", width))
    low, high = first.classes[int(np.argmin(means))], first.classes[int(np.argmax(means))]
    return Figure(
        "recall",
        f"Mean over seeds, with one standard deviation each way.{_left_out(results, drawn, means)}",
        f"Recall of each class in {words.listed(names)}. In {first.name} it is lowest for {low}, "
        f"{PERCENT.value(min(means))}, and highest for {high}, {PERCENT.value(max(means))}.",
        wide,
        narrow,
    )


def _left_out(
    results: Sequence[SettingResult], drawn: Sequence[SettingResult], means: Sequence[float]
) -> str:
    text = ""
    if len(means) > MOST_CLASSES:
        text += f" The {MOST_CLASSES} classes of lowest recall in {results[0].name}."
    if len(drawn) < len(results):
        text += f" {len(drawn)} of {len(results)} settings; the table has all."
    return text


def _mark(label: str, setting: str, recall: Spread) -> Mark | None:
    if not recall.n:
        return None
    mean, deviation = 100 * recall.mean, 100 * (recall.sd or 0.0)
    return Mark(label, setting, mean, mean - deviation, mean + deviation)


def _recall_table(results: Sequence[SettingResult]) -> Table:
    classes = list(dict.fromkeys(name for result in results for name in result.classes))
    return Table(
        "Recall of each class in percent",
        ("Class", *(result.name for result in results)),
        tuple((name, tuple(_recall(result, name) for result in results)) for name in classes),
        tall=len(classes) > TALL,
    )


def _recall(result: SettingResult, name: str) -> Cell:
    if name not in result.classes:
        return Cell(words.NONE)
    spread = result.class_spread("recall", result.classes.index(name))
    return Cell(Unit(1, scale=100).spread(spread))


def reports(summary: Summary) -> Section:
    """The classification report of every setting, as scikit-learn prints it."""
    shown = [result for result in summary.settings if result.finished]
    blocks: list[Block] = [
        Paragraph("As scikit-learn prints it; every figure is a mean over seeds.", quiet=True)
    ]
    if shown:
        blocks.append(Columns(tuple((result.name, _report(result)) for result in shown)))
    return Section("report", "Classification report", blocks)


def _report(result: SettingResult) -> Table:
    mean = {name: frame.to_numpy().mean(axis=0) for name, frame in result.per_class.items()}
    figures = ClassFigures(
        precision=mean["precision"],
        recall=mean["recall"],
        f1=mean["f1"],
        support=mean["support"].astype(np.int64),
    )
    rows = [
        (name, _cells(figures.precision[n], figures.recall[n], figures.f1[n], figures.support[n]))
        for n, name in enumerate(result.classes)
    ]
    # Averages over classes and means over seeds can be taken in either order.
    macro, weighted = macro_average(figures), weighted_average(figures)
    accuracy = Cell(TWO.number(result.spread("test_accuracy").mean))
    rows += [
        ("accuracy", (Cell(""), Cell(""), accuracy, Cell(words.whole(macro.support)))),
        ("macro avg", _cells(macro.precision, macro.recall, macro.f1, macro.support)),
        (
            "weighted avg",
            _cells(weighted.precision, weighted.recall, weighted.f1, weighted.support),
        ),
    ]
    return Table(
        f"Classification report of {result.name}",
        ("", "precision", "recall", "f1-score", "support"),
        tuple(rows),
        tall=len(rows) > TALL,
    )


def _cells(precision: float, recall: float, f1: float, support: int) -> tuple[Cell, ...]:
    shares = (Cell(TWO.number(share)) for share in (precision, recall, f1))
    return (*shares, Cell(words.whole(support)))
