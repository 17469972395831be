"""What a report is made of; the page and the Markdown each know how to show every block.

Text in a block is plain: escape it when it is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from paribus.failures.cases import Case
from paribus.failures.study import Failures
from paribus.report.charts.drawing import Specification
from paribus.report.charts.frame import NARROW, WIDE
from paribus.report.charts.matrix import MatrixCell

#: A table longer than this scrolls.
TALL = 30

#: The sections in their order: anchor -> title.
TITLES: Mapping[str, str] = {
    "answer": "Did it help?",
    "observations": "Observations",
    "claims": "Claims",
    "settings": "Settings",
    "loss": "Training and validation loss",
    "confusion": "Confusion matrices",
    "confusion-change": "Changes in the confusion matrix",
    "recall": "Accuracy of each class",
    "report": "Classification report",
    "failures": "Failed cases",
    "explorer": "Explorer",
    "causes": "What the networks look at",
    "metrics": "All settings side by side",
    "comparison": "Comparisons",
    "seeds": "Would more seeds help?",
    "missing": "Not available",
    "pairing": "Proof of pairing",
    "provenance": "How it was made",
}


@dataclass(frozen=True)
class Paragraph:
    """A sentence or a few; a `quiet` one explains what stands around it."""

    text: str
    quiet: bool = False


def note(text: str) -> Paragraph:
    """A quiet paragraph."""
    return Paragraph(text, quiet=True)


@dataclass(frozen=True)
class Heading:
    """The name of a part of a section."""

    text: str


@dataclass(frozen=True)
class Alert:
    """What a reader must not miss, item by item."""

    title: str
    items: Sequence[str]


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


#: A row's name and cells.
Row = tuple[str, Sequence[Cell]]


@dataclass(frozen=True)
class Table:
    """A table whose first column names its rows.

    Attributes:
        head: the columns' titles, the first column's included.
        numeric: whether the cells are numbers, to be set flush right.
        stacked: whether each row becomes a block of its own on a phone, for cells of text.
    """

    caption: str
    head: tuple[str, ...]
    rows: Sequence[Row]
    numeric: bool = True
    stacked: bool = False

    @property
    def tall(self) -> bool:
        """Whether it has so many rows that a page should let it scroll."""
        return len(self.rows) > TALL


@dataclass(frozen=True)
class Verdict:
    """A line of the first screen: a name, its verdict, and how the sentence goes on.

    Attributes:
        tone: by which the verdict is colored; `mark` and `verdict` say it without color.
        also: notes.
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

    points: Sequence[Point]


@dataclass(frozen=True)
class Columns:
    """Tables that stand beside each other where there is room, each under its heading."""

    parts: Sequence[tuple[str, Table]]


@dataclass(frozen=True)
class Figure:
    """A chart: the file's name, what stands below it, and what it shows in words.

    Attributes:
        chart: of a width in pixels; made only when it is drawn, since that takes long.
        narrow: whether a phone has a chart of its own; else the wide one serves there too.
    """

    name: str
    caption: str
    description: str
    chart: Callable[[int], Specification]
    narrow: bool = True

    @property
    def charts(self) -> dict[str, Callable[[], Specification]]:
        """Its charts by the names of their drawings."""
        widths = {"w": WIDE, "n": NARROW} if self.narrow else {"w": WIDE}
        return {f"{self.name}-{suffix}": partial(self.chart, widths[suffix]) for suffix in widths}


@dataclass(frozen=True)
class Matrix:
    """A matrix of classes, rows true and columns predicted: a table in a page, a chart elsewhere.

    Attributes:
        caption: what its numbers are.
        classes: their names, safe to show.
        cells: row by row.
        setting: whose failed cases the explorer shows if a cell is chosen; "" for none.
    """

    label: str
    caption: str
    classes: tuple[str, ...]
    cells: Sequence[Sequence[MatrixCell]]
    figure: Figure
    setting: str = ""


@dataclass(frozen=True)
class Nearest:
    """A training image near a failed case.

    Attributes:
        index: its number in its source.
        label: its class, safe to show.
        files: what shows it, in `images/`; the first that is there is taken.
    """

    index: int
    label: str
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
    nearest: Sequence[Nearest] = ()
    suspicion: str = ""


@dataclass(frozen=True)
class Gallery:
    """A setting's failed cases as images."""

    cases: Sequence[Shown]


@dataclass(frozen=True)
class Explorer:
    """All failed cases that are kept, to look through; it needs a page's script."""

    failures: Failures


@dataclass(frozen=True)
class Code:
    """Text to be kept as it is: commands, a study file."""

    label: str
    text: str


@dataclass(frozen=True)
class Folded:
    """A table that a page shows when its title is clicked."""

    title: str
    table: Table


Block = (
    Paragraph
    | Heading
    | Alert
    | Verdicts
    | Points
    | Table
    | Folded
    | Columns
    | Figure
    | Matrix
    | Gallery
    | Explorer
    | Code
)


@dataclass(frozen=True)
class Section:
    """A part of the report that can be linked to by its `anchor`, one of `TITLES`."""

    anchor: str
    blocks: Sequence[Block]

    @property
    def title(self) -> str:
        """Its heading."""
        return TITLES[self.anchor]
