"""Tables and figures for a paper: those of the report that papers show, in files of their own.

They go into `paper/` in the folder of results. `paper.tex` there has all of them and compiles.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from paribus.events import ChartsMissing, Watch, quiet
from paribus.io.disk import write_file
from paribus.report import latex, markdown
from paribus.report.blocks import Cell, Figure, Heading, Matrix, Section, Table, every
from paribus.report.charts import svg
from paribus.report.charts.drawing import ChartsError
from paribus.report.charts.drawing import pdfs as pdfs_of
from paribus.report.charts.pdf import for_print, size

#: Stands for the heading that is a setting's name, which then ends the table's name.
EACH = "each setting"

#: Section and heading in the report -> the table's name. Further tables there are numbered.
TABLES: Mapping[tuple[str, str], str] = {
    ("answer", ""): "answer",
    ("claims", ""): "claims",
    ("confusion", EACH): "confusion",
    ("confusion", "Accuracy of each class"): "classes",
    ("comparison", ""): "comparison",
    ("settings", ""): "settings",
    ("metrics", ""): "metrics",
    ("tests", ""): "tests",
    ("tests", EACH): "tests",
    ("report", EACH): "report",
    ("seeds", ""): "seeds",
    ("seeds", "Look by look"): "looks",
    ("seeds", "Seed by seed"): "stops",
}

#: A matrix of more classes is too wide for print.
MOST_CLASSES = 12

#: A narrow drawing may be so many times as high as it is wide.
SLIM = 2.0


@dataclass(frozen=True)
class Item:
    """A table or figure of the paper.

    Attributes:
        section: the title of its section in the report.
        name: of its file.
    """

    section: str
    name: str
    shows: Table | Figure


def items(parts: Sequence[Section], settings: Collection[str]) -> Iterator[Item]:
    """The paper's tables and all figures, in the report's order."""
    for part in parts:
        names: list[str] = []
        heading = ""
        for block in every(part.blocks):
            if isinstance(block, Heading):
                heading = block.text
            figure = block.figure if isinstance(block, Matrix) else block
            if isinstance(figure, Figure):
                yield Item(part.title, figure.name, figure)
            if isinstance(block, Table | Matrix) and (name := _name(part, heading, settings)):
                names.append(name)
                number = names.count(name)
                yield Item(part.title, name if number == 1 else f"{name}-{number}", _table(block))


def _name(part: Section, heading: str, settings: Collection[str]) -> str:
    """The name of a table; "" of one that papers don't show."""
    if heading not in settings:
        return TABLES.get((part.anchor, heading), "")
    name = TABLES.get((part.anchor, EACH))
    return f"{name}-{heading}" if name else ""


def _table(block: Table | Matrix) -> Table:
    """A table without what leads to other places of the report."""
    if isinstance(block, Matrix):
        block = _tabular(block) if len(block.classes) <= MOST_CLASSES else block.instead
    kept = [n for n in range(len(block.head) - 1) if not _leads(block, n)]
    return replace(
        block,
        head=(block.head[0], *(block.head[n + 1] for n in kept)),
        rows=[(name, [_plain(cells[n]) for n in kept]) for name, cells in block.rows],
    )


def _leads(table: Table, n: int) -> bool:
    """Whether a column only says where to read on."""
    return bool(table.rows) and all(cells[n].link for _, cells in table.rows)


def _plain(cell: Cell) -> Cell:
    return replace(cell, link="", anchor="")


def _tabular(matrix: Matrix) -> Table:
    rows = [
        (name, [Cell(cell.text, strong=bool(cell.good)) for cell in cells])
        for name, cells in zip(matrix.classes, matrix.cells, strict=True)
    ]
    caption = (
        f"{matrix.label}: {matrix.caption[0].lower()}{matrix.caption[1:]}; true classes in rows"
    )
    return Table(f"{caption}, predicted classes in columns", ("", *matrix.classes), rows)


def write_paper(
    folder: Path,
    title: str,
    lead: str,
    made: Sequence[Item],
    drawn: Mapping[str, svg.Svg],
    formats: Collection[str],
    watch: Watch = quiet,
) -> None:
    """Write tables in the formats, the figures as SVG and PDF, and with LaTeX a document of all.

    Files of the same names are replaced; others that lie there, maybe a user's, are left alone.

    Args:
        drawn: the report's drawings; without any there are no figures.
        watch: hears it if there can be no PDFs; the document then leaves figures out.
    """
    figures = _drawings(made, drawn)
    pdfs = _pdfs(figures, watch)
    files: dict[str, bytes] = {name: text.encode() for name, text in tables(made, formats).items()}
    for item in made:
        if isinstance(item.shows, Figure) and item.name in figures:
            drawing = svg.standalone(figures[item.name], item.shows.description)
            files[f"figures/{item.name}.svg"] = drawing.encode()
    files |= {f"figures/{name}.pdf": pdf for name, pdf in pdfs.items()}
    if "latex" in formats:
        files["paper.tex"] = document(title, lead, made, pdfs).encode()
    for name, content in files.items():
        write_file(folder / name, content)


def _drawings(made: Sequence[Item], drawn: Mapping[str, svg.Svg]) -> dict[str, svg.Svg]:
    """The drawing of every figure: one column wide, or two where it would be too high."""
    names = [item.name for item in made if isinstance(item.shows, Figure)]
    return {name: _drawing(name, drawn) for name in names if drawn}


def _drawing(name: str, drawn: Mapping[str, svg.Svg]) -> svg.Svg:
    narrow = drawn.get(f"{name}-n")
    if narrow is not None:
        width, height = size(narrow)
        if height <= SLIM * width:
            return narrow
    return drawn[f"{name}-w"]


def _pdfs(figures: Mapping[str, svg.Svg], watch: Watch) -> dict[str, bytes]:
    if not figures:
        return {}
    try:
        return pdfs_of({name: for_print(drawing) for name, drawing in figures.items()})
    except ChartsError as error:
        watch(ChartsMissing(f"The figures as PDF are missing: the process that makes them {error}"))
        return {}


def tables(made: Sequence[Item], formats: Collection[str]) -> dict[str, str]:
    """The files of the tables, by their paths in the paper's folder."""
    files = {}
    for item in made:
        if isinstance(item.shows, Table) and "md" in formats:
            files[f"tables/{item.name}.md"] = f"{markdown.table(item.shows)}\n"
        if isinstance(item.shows, Table) and "latex" in formats:
            files[f"tables/{item.name}.tex"] = latex.table(item.shows, item.name)
    return files


def document(title: str, lead: str, made: Sequence[Item], figures: Collection[str]) -> str:
    """`paper.tex`, with all tables and those figures that there are."""
    sections: dict[str, list[str]] = {}
    for item in made:
        if isinstance(item.shows, Table):
            sections.setdefault(item.section, []).append(rf"\input{{tables/{item.name}.tex}}")
        elif item.name in figures:
            caption = f"{item.shows.description} {item.shows.caption}"  # it stands alone in print
            shown = latex.figure(item.name, caption)
            sections.setdefault(item.section, []).append(shown)
    return latex.document(title, lead, sections.items())
