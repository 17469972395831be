"""The hand-in: the report's main sections on six to eight printed pages, for a grade or a file."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from paribus.report.blocks import (
    Block,
    Code,
    Columns,
    Figure,
    Folded,
    Gallery,
    Paragraph,
    Section,
    Table,
    note,
)

#: The file's name, in the folder of results.
HANDIN = "handin.html"

#: Its sections, in their order.
SECTIONS = (
    *("answer", "observations", "settings", "loss", "confusion", "failures", "comparison"),
    *("claims", "provenance"),
)

#: So many small charts or matrices are printed; of more, only the first few.
MOST_BESIDE, FEW = 6, 3

#: So many cards are printed.
MOST_CARDS = 10

#: A printed table has so many rows at most.
MOST_ROWS = 18


def handin(parts: Sequence[Section]) -> list[Section]:
    """The sections of a report as they are printed: nothing folded, nothing to click."""
    by_anchor = {part.anchor: part for part in parts}
    chosen = [by_anchor[anchor] for anchor in SECTIONS if anchor in by_anchor]
    return [replace(part, blocks=list(_printed(part.blocks)), says="") for part in chosen]


def _printed(blocks: Sequence[Block]) -> Iterator[Block]:
    for block in blocks:
        match block:
            case Folded(printed=True):
                yield from _printed(block.blocks)
            case Folded() | Code():
                pass  # for those who look something up, in the report
            case Paragraph():
                yield replace(block, link="")
            case Columns():
                yield from _beside(block)
            case Gallery():
                yield replace(block, cases=block.cases[:MOST_CARDS])
            case Table() if len(block.rows) > MOST_ROWS:
                yield replace(block, rows=block.rows[:MOST_ROWS])
                yield note(f"{len(block.rows) - MOST_ROWS} more rows are in the report.")
            case _:
                yield block


def _beside(columns: Columns) -> Iterator[Block]:
    shown = columns.parts if len(columns.parts) <= MOST_BESIDE else columns.parts[:FEW]
    yield replace(columns, parts=[list(_printed(_without_list(part))) for part in shown])
    if left := len(columns.parts) - len(shown):
        yield note(f"{left} more are in the report.")


def _without_list(part: Sequence[Block]) -> Sequence[Block]:
    """A large matrix without the list of its confusions: the failed cases name the common ones."""
    drawn = any(isinstance(block, Figure) for block in part)
    return [block for block in part if not (drawn and isinstance(block, Table))]
