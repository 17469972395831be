"""What a report is made of; the page and the Markdown each know how to show every block.

Text in a block is plain: escape it when it is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial

from paribus.failures.cases import Case
from paribus.failures.study import Failures
from paribus.report.charts.drawing import Specification
from paribus.report.charts.frame import NARROW, WIDE
from paribus.report.charts.matrix import MatrixCell

#: A table longer than this scrolls.
TALL = 30

#: The sections in their order, those of the appendix last: anchor -> title.
TITLES: Mapping[str, str] = {
    "progress": "Progress",
    "answer": "Did it help?",
    "observations": "Observations",
    "claims": "Claims",
    "loss": "Learning curves",
    "confusion": "Confusion matrix and classes",
    "failures": "Failed cases",
    "comparison": "Comparison",
    "settings": "Settings",
    "metrics": "All metrics",
    "tests": "All tests",
    "report": "Classification report",
    "confusion-change": "Changes in the confusion matrix",
    "causes": "What the networks look at",
    "explorer": "Explorer of failed images",
    "seeds": "Would more seeds help?",
    "missing": "Not available",
    "sources": "Where the runs come from",
    "output": "What failed runs printed",
    "pairing": "Proof of pairing",
    "provenance": "How it was made",
}

#: The first section that a page folds, as it does all later ones.
FIRST_FOLDED = "settings"


@dataclass(frozen=True)
class Paragraph:
    """A sentence or a few; a `quiet` one explains what stands around it.

    Attributes:
        strong: whether it is the sentence to read if one reads only one.
        link: the anchor of the section that says more, linked at the end; of the explorer, maybe
            with what it is to show.
    """

    text: str
    quiet: bool = False
    strong: bool = False
    link: str = ""

    @property
    def place(self) -> str:
        """The title of the section that it links to."""
        return TITLES[self.link.partition("?")[0]]


def note(text: str, link: str = "") -> Paragraph:
    """A quiet paragraph."""
    return Paragraph(text, quiet=True, link=link)


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
        notes: footnotes, which the table numbers and lists below.
    """

    text: str
    detail: str = ""
    strong: bool = False
    tone: str = ""
    anchor: str = ""
    link: str = ""
    notes: tuple[str, ...] = ()


#: A row's name and cells.
Row = tuple[str, Sequence[Cell]]

#: Of a table's text, the width of a letter, of one in a title, of the space around a cell, and how
#: far a column of text may shrink, in rem.
LETTER, BOLD, AROUND, TEXT_COLUMN = 0.49, 0.56, 1.42, 9.5
#: Widths of places, in rem: in a narrower one than it needs, each row of a table is a block.
PLACES = tuple(range(22, 69, 3))


@dataclass(frozen=True)
class Table:
    """A table whose first column names its rows.

    Attributes:
        head: the columns' titles, the first column's included.
        numeric: whether the cells are numbers, to be set flush right.
    """

    caption: str
    head: tuple[str, ...]
    rows: Sequence[Row]
    numeric: bool = True

    @property
    def tall(self) -> bool:
        """Whether it has so many rows that a page should let it scroll."""
        return len(self.rows) > TALL

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """Its footnotes, each once, as their numbers go."""
        cells = (cell for _, cells in self.rows for cell in cells)
        return tuple(dict.fromkeys(text for cell in cells for text in cell.notes))

    def marks(self, cell: Cell) -> str:
        """The numbers of a cell's footnotes: "1, 3"."""
        return ", ".join(str(n) for n in sorted(self.notes.index(text) + 1 for text in cell.notes))

    @cached_property
    def needs(self) -> int:
        """The narrowest of `PLACES` where its columns stand side by side; else the widest."""
        width = sum(AROUND + self._column(n) for n in range(len(self.head)))
        return next((place for place in PLACES if width <= place), PLACES[-1])

    def _column(self, n: int) -> float:
        """About the least width of a column, in rem, at which it still reads well."""
        words = (word for text in self._wrapped(n) for word in text.split(" "))
        title = max(map(len, self.head[n].split(" "))) * BOLD
        longest = max(title, max(map(len, words), default=0) * LETTER)
        if n == 0 or not self.numeric:
            whole = max(map(len, self._wrapped(n)), default=0) * LETTER
            return max(longest, min(whole, TEXT_COLUMN))
        unbroken = max((len(cells[n - 1].text) for _, cells in self.rows), default=0)
        return max(longest, unbroken * LETTER)

    def _wrapped(self, n: int) -> Iterator[str]:
        """The texts of a column that may break between words."""
        yield self.head[n]
        for name, cells in self.rows:
            if n == 0:
                yield name
            else:
                yield cells[n - 1].detail
                if not self.numeric:
                    yield cells[n - 1].text


@dataclass(frozen=True)
class Legend:
    """What signs or words mean, each with its tone: (sign and word, tone, meaning)."""

    title: str
    items: Sequence[tuple[str, str, str]]


@dataclass(frozen=True)
class Point:
    """An observation: a sentence, its numbers, and the section that shows it."""

    says: str
    evidence: str
    link: str

    @property
    def place(self) -> str:
        """The title of the section."""
        return TITLES[self.link]


@dataclass(frozen=True)
class Points:
    """Observations, one below the other."""

    points: Sequence[Point]


@dataclass(frozen=True)
class Columns:
    """Blocks that stand beside each other where there is room.

    Attributes:
        parts: what each column holds.
        aside: whether the last of two only explains the first, and is narrower.
    """

    parts: Sequence[Sequence[Block]]
    aside: bool = False


@dataclass(frozen=True)
class Figure:
    """A chart: the file's name, what stands below it, and what it shows in words.

    Attributes:
        chart: of a width in pixels; made only when it is drawn, since that takes long.
        widths: of its drawings, the widest first; a phone shows the last.
    """

    name: str
    caption: str
    description: str
    chart: Callable[[int], Specification]
    widths: tuple[int, ...] = (WIDE, NARROW)

    @property
    def charts(self) -> dict[str, Callable[[], Specification]]:
        """Its charts by the names of their drawings."""
        return {
            f"{self.name}-{letter}": partial(self.chart, width)
            for letter, width in zip("wn", self.widths, strict=False)
        }


@dataclass(frozen=True)
class Matrix:
    """A matrix of classes, rows true and columns predicted: a table in a page, a chart elsewhere.

    Attributes:
        caption: what its numbers are.
        classes: their names, safe to show.
        cells: row by row.
        instead: what a page shows where the matrix would be too small to read.
        setting: whose failed cases the explorer shows if a cell is chosen; "" for none.
    """

    label: str
    caption: str
    classes: tuple[str, ...]
    cells: Sequence[Sequence[MatrixCell]]
    figure: Figure
    instead: Table
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
        file: its path below the folder of the images; "" where it has none.
    """

    case: Case
    votes: str
    overlay: bytes | None = None
    target: str = ""
    nearest: Sequence[Nearest] = ()
    suspicion: str = ""
    file: str = ""


@dataclass(frozen=True)
class Gallery:
    """A setting's failed cases as images."""

    cases: Sequence[Shown]


@dataclass(frozen=True)
class Sheet:
    """Images side by side in one file of `images/`; without the file, nothing is shown."""

    caption: str
    file: str


@dataclass(frozen=True)
class Explorer:
    """All failed cases that are kept, to look through; it needs a page's script."""

    failures: Failures


@dataclass(frozen=True)
class Code:
    """Text to be kept as it is: commands, a study file; and what to know of it."""

    label: str
    text: str
    note: str = ""


@dataclass(frozen=True)
class Folded:
    """Blocks that a page shows when their title is clicked.

    `printed`: whether a hand-in has them too.
    """

    title: str
    blocks: Sequence[Block]
    printed: bool = False


Block = (
    Paragraph
    | Heading
    | Alert
    | Legend
    | Points
    | Table
    | Folded
    | Columns
    | Figure
    | Matrix
    | Gallery
    | Sheet
    | Explorer
    | Code
)


@dataclass(frozen=True)
class Section:
    """A part of the report that can be linked to by its `anchor`, one of `TITLES`.

    Attributes:
        says: of a folded one, what is found in it, beside its title.
    """

    anchor: str
    blocks: Sequence[Block]
    says: str = ""

    @property
    def title(self) -> str:
        """Its heading."""
        return TITLES[self.anchor]

    @property
    def folded(self) -> bool:
        """Whether a page folds it: it belongs to the appendix."""
        order = list(TITLES)
        return order.index(self.anchor) >= order.index(FIRST_FOLDED)


def every(blocks: Iterable[Block]) -> Iterator[Block]:
    """All blocks, those within others too, in the order in which they are read."""
    for block in blocks:
        yield block
        if isinstance(block, Folded):
            yield from every(block.blocks)
        elif isinstance(block, Columns):
            for part in block.parts:
                yield from every(part)


def figures_in(blocks: Iterable[Block]) -> Iterator[Figure]:
    """Every figure, those of matrices too."""
    for block in every(blocks):
        figure = block.figure if isinstance(block, Matrix) else block
        if isinstance(figure, Figure):
            yield figure
