"""Class by class: recall, and scikit-learn's classification report."""

from collections.abc import Iterator, Sequence

import numpy as np

from paribus.metrics.classification import ClassFigures, macro_average, weighted_average
from paribus.names import chart_labels
from paribus.narrative import words
from paribus.narrative.numbers import PERCENT, Spread, Unit
from paribus.report.blocks import (
    Block,
    Cell,
    Columns,
    Figure,
    Folded,
    Heading,
    Paragraph,
    Table,
    note,
)
from paribus.report.charts.frame import HALF, NARROW
from paribus.report.charts.intervals import Mark, dots
from paribus.report.charts.matrix import TEXT_CLASSES
from paribus.report.sections.cells import left_out
from paribus.results import Results
from paribus.tables.by_setting import SettingResult

#: scikit-learn prints two decimals.
TWO = Unit(2)

#: So many settings are columns of the table; the others are folded.
MOST_COLUMNS = 3

#: So many settings are drawn, and a table up to so wide, in rem, stands beside the chart.
MOST_SETTINGS, BESIDE = 4, 26

#: Of more classes than a chart can hold, so many of lowest recall are open.
MOST_LOWEST = 12

#: What a chart of recall can hold.
MOST_CLASSES = TEXT_CLASSES


def recalls(results: Results) -> Iterator[Block]:
    """Accuracy of each class in all settings; nothing where no run has predictions."""
    shown = [result for result in results.settings if result.tested]
    if not shown:
        return
    yield Heading("Accuracy of each class")
    classes = list(dict.fromkeys(name for result in shown for name in result.classes))
    first = shown[:MOST_COLUMNS]
    open_ = classes if len(classes) <= MOST_CLASSES else _lowest(first[0], MOST_LOWEST)
    figure, table = _recall_figure(shown), _recall_table(first, open_)
    if table.needs <= BESIDE:
        yield Columns([[figure], [table]])
    else:
        yield from (figure, table)
    if len(classes) > len(open_) or len(shown) > len(first):
        number = words.count(len(classes), "class", "classes")
        title = f"The accuracy of {number} in {words.count(len(shown), 'setting')}"
        yield Folded(title, [_recall_table(shown, classes)])
    yield note("Precision and F1 are in tables/per_class.csv too.", link="report")


def _lowest(result: SettingResult, most: int) -> list[str]:
    """The classes of lowest recall in a setting, the lowest first."""
    means = [result.class_spread("recall", n).mean for n in range(len(result.classes))]
    return [result.classes[n] for n in np.argsort(means, kind="stable")[:most].tolist()]


def _recall_table(shown: Sequence[SettingResult], classes: Sequence[str]) -> Table:
    return Table(
        "Recall in percent: the share of a class's test images that are classified correctly, mean "
        "over seeds ± one standard deviation",
        ("Class", *(result.name for result in shown)),
        [(name, [_recall(result, name) for result in shown]) for name in classes],
    )


def _recall_figure(results: Sequence[SettingResult]) -> Figure:
    drawn = [r for r in results[:MOST_SETTINGS] if r.classes == results[0].classes]
    first = drawn[0]
    means = [first.class_spread("recall", n).mean for n in range(len(first.classes))]
    most = MOST_LOWEST if len(means) > MOST_CLASSES else MOST_CLASSES
    numbers = sorted(np.argsort(means, kind="stable")[:most].tolist())
    classes = chart_labels([first.classes[n] for n in numbers])
    names = [result.name for result in drawn]
    marks = [
        _mark(label, result.name, result.class_spread("recall", number))
        for result in drawn
        for label, number in zip(classes, numbers, strict=True)
    ]
    many = len(means) > MOST_CLASSES
    lowest = f" The {MOST_LOWEST} classes of lowest recall in {first.name}." if many else ""
    low, high = first.classes[int(np.argmin(means))], first.classes[int(np.argmax(means))]
    return Figure(
        "recall",
        f"Mean over seeds with one standard deviation each way.{lowest}"
        + left_out(len(drawn), len(results), "settings"),
        f"Recall of each class in {words.listed(names)}. In {first.name} it is lowest for {low}, "
        f"{PERCENT.value(min(means))}, and highest for {high}, {PERCENT.value(max(means))}.",
        lambda width: dots([mark for mark in marks if mark], "Recall (%)", width),
        widths=(HALF, NARROW),
    )


def _mark(label: str, setting: str, recall: Spread) -> Mark | None:
    if not recall.n:
        return None
    mean, deviation = 100 * recall.mean, 100 * (recall.sd or 0.0)
    return Mark(label, setting, mean, mean - deviation, mean + deviation)


def _recall(result: SettingResult, name: str) -> Cell:
    if name not in result.classes:
        return Cell(words.NONE)
    spread = result.class_spread("recall", result.classes.index(name))
    return Cell(Unit(1, scale=100).spread(spread))


def reports(results: Results) -> Iterator[Block]:
    """The classification report of every setting, as scikit-learn prints it."""
    shown = [result for result in results.settings if result.tested]
    if shown:
        yield Paragraph("As scikit-learn prints it; every number is a mean over seeds.")
        yield Columns([[Heading(result.name), _report(result)] for result in shown])


def _report(result: SettingResult) -> Table:
    mean = {name: frame.to_numpy().mean(axis=0) for name, frame in result.per_class.items()}
    figures = ClassFigures(**mean | {"support": mean["support"].astype(np.int64)})
    # Averages over classes and means over seeds can be taken in either order.
    macro, weighted = macro_average(figures), weighted_average(figures)
    accuracy = Cell(TWO.number(result.spread("test_accuracy").mean))
    columns = (figures.precision, figures.recall, figures.f1, figures.support)
    return Table(
        f"Classification report of {result.name}",
        ("", "precision", "recall", "f1-score", "support"),
        [
            *((n, _cells(*row)) for n, *row in zip(result.classes, *columns, strict=True)),
            ("accuracy", (Cell(""), Cell(""), accuracy, Cell(words.whole(macro.support)))),
            ("macro avg", _cells(macro.precision, macro.recall, macro.f1, macro.support)),
            (
                "weighted avg",
                _cells(weighted.precision, weighted.recall, weighted.f1, weighted.support),
            ),
        ],
    )


def _cells(precision: float, recall: float, f1: float, support: int) -> tuple[Cell, ...]:
    shares = (Cell(TWO.number(share)) for share in (precision, recall, f1))
    return (*shares, Cell(words.whole(support)))
