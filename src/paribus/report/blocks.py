"""What a report is made of; the page and the Markdown each know how to show every block.

Text in a block is plain: whoever shows it escapes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from paribus.comparison.confusion import ConfusionDifference
from paribus.failures.cases import Case
from paribus.metrics.classification import Figures
from paribus.report.failures import Failures
from paribus.report.svg import Svg


@dataclass(frozen=True)
class Paragraph:
    """A sentence or a few; a `quiet` one explains what stands before it."""

    text: str
    quiet: bool = False


@dataclass(frozen=True)
class Heading:
    """The name of a part of a section."""

    text: str


@dataclass(frozen=True)
class Alert:
    """What a reader must not miss, item by item."""

    title: str
    items: tuple[str, ...]


@dataclass(frozen=True)
class Cell:
    """One value of a table.

    Attributes:
        detail: a smaller line below it.
        tone: a verdict, by which it is colored; the text says it too.
        anchor: where a link to this cell leads.
        link: the anchor that it leads to.
    """

    text: str
    detail: str = ""
    strong: bool = False
    tone: str = ""
    anchor: str = ""
    link: str = ""


@dataclass(frozen=True)
class Table:
    """A table whose first column names its rows.

    Attributes:
        caption: what the table shows.
        head: the columns' titles, the first column's included.
        rows: each row's name and cells.
        numeric: whether the cells are numbers, to be set flush right.
        tall: whether it has so many rows that a page should let it scroll.
        stacked: whether each row becomes a block of its own on a telephone, for cells of text.
    """

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]
    numeric: bool = True
    tall: bool = False
    stacked: bool = False


@dataclass(frozen=True)
class Verdict:
    """A line of the first screen: a name, its verdict, and how the sentence goes on.

    Attributes:
        tone: by which the verdict is colored; `mark` and `verdict` say it without color.
        also: what must be said besides.
    """

    name: str
    mark: str
    verdict: str
    rest: str
    tone: str
    also: str = ""


@dataclass(frozen=True)
class Verdicts:
    """The first screen's lines."""

    lines: tuple[Verdict, ...]


@dataclass(frozen=True)
class Point:
    """An observation: its topic, sentences, and the section that shows it by anchor and title."""

    topic: str
    text: str
    link: str
    place: str


@dataclass(frozen=True)
class Points:
    """Observations, one below the other."""

    points: tuple[Point, ...]


@dataclass(frozen=True)
class Columns:
    """Tables that stand beside each other where there is room, each under its heading."""

    parts: tuple[tuple[str, Table], ...]


@dataclass(frozen=True)
class Figure:
    """A chart: the file's name, what stands below it, and what it shows in words.

    `narrow` is the same chart for a telephone; where it is None, `wide` serves there too.
    """

    name: str
    caption: str
    description: str
    wide: Svg
    narrow: Svg | None = None


@dataclass(frozen=True)
class Confusion:
    """A confusion matrix: a table of colors in a page, and its `figure` elsewhere.

    Attributes:
        counts: (classes, classes) mean counts, rows true, columns predicted.
        seeds: over how many seeds they are the mean.
        worst: the share of its row that the strongest color of a mistake stands for.
    """

    setting: str
    classes: tuple[str, ...]
    counts: Figures
    seeds: int
    worst: float
    figure: Figure


@dataclass(frozen=True)
class Change:
    """What a variation changes in the confusion matrix: a table in a page, elsewhere its `figure`.

    Attributes:
        classes: their names, safe to show.
        difference: the cells and their tests.
        strongest: the difference that has the strongest color, in images.
    """

    variation: str
    classes: tuple[str, ...]
    difference: ConfusionDifference
    strongest: float
    figure: Figure


@dataclass(frozen=True)
class Nearest:
    """A training image near a failed case.

    Attributes:
        index: its number in its source.
        label: its class, safe to show.
        seeds: in how many runs it is near.
        files: what shows it, in `images/`; the first that is there is taken.
    """

    index: int
    label: str
    seeds: int
    files: tuple[str, ...]


@dataclass(frozen=True)
class Shown:
    """A failed case and what explains it; names are safe to show.

    Attributes:
        votes: the wrong classes that its setting's seeds give it: "cat 6, deer 1".
        overlay: its integrated gradients as a PNG to lie over what the network saw; None where
            it wasn't explained.
        target: the class that they explain.
        nearest: the training images nearest in the last hidden layer.
        suspicion: a sentence, where its label is among the most suspicious.
    """

    case: Case
    votes: str
    overlay: bytes | None = None
    target: str = ""
    nearest: tuple[Nearest, ...] = ()
    suspicion: str = ""


@dataclass(frozen=True)
class Gallery:
    """Failed cases as images."""

    setting: str
    cases: tuple[Shown, ...]


@dataclass(frozen=True)
class Explorer:
    """All failed cases that are kept, to look through; it needs a page's script."""

    failures: Failures


@dataclass(frozen=True)
class Code:
    """Text to be kept as it is: commands, a study file."""

    label: str
    text: str


Block = (
    Paragraph
    | Heading
    | Alert
    | Verdicts
    | Points
    | Table
    | Columns
    | Figure
    | Confusion
    | Change
    | Gallery
    | Explorer
    | Code
)


@dataclass(frozen=True)
class Section:
    """A part of the report that can be gone to by its `anchor`."""

    anchor: str
    title: str
    blocks: Sequence[Block]


def figures(sections: Sequence[Section]) -> list[Figure]:
    """Every figure of a report, those of confusion matrices included."""
    return [
        block if isinstance(block, Figure) else block.figure
        for section in sections
        for block in section.blocks
        if isinstance(block, Figure | Confusion | Change)
    ]
