"""How a table is set across a printed page: which columns wrap, are flush right, or have room."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from paribus.narrative.words import MINUS, NONE
from paribus.report.blocks import Cell, Row, Table

#: Letters that stand side by side across a page of 175 mm, and those that lie between columns.
LINE, GAP = 118, 3

_NUMBER = re.compile(rf"[<>±+{MINUS}-]?\s?\d")


@dataclass(frozen=True)
class Columns:
    """The columns of a table.

    Attributes:
        widths: in letters, that of the widest text.
        right: which are set flush right, as all of their cells are numbers.
        limit: wider ones wrap at this width, so that all of them fit a page.
        turned: whether titles stand upright, as only they would be too wide.
    """

    widths: tuple[int, ...]
    right: tuple[bool, ...]
    limit: int
    turned: bool

    def wraps(self, n: int) -> bool:
        """Whether a column is too wide to be set in one line."""
        return self.widths[n] > self.limit

    def height(self, row: Row) -> int:
        """How many lines a row takes, about."""
        name, cells = row
        return max(self._lines(0, name), *(self._both(n, cell) for n, cell in enumerate(cells, 1)))

    def _both(self, n: int, cell: Cell) -> int:
        return self._lines(n, cell.text) + (self._lines(n, cell.detail) if cell.detail else 0)

    def _lines(self, n: int, text: str) -> int:
        return math.ceil(len(text) / self.limit) if self.wraps(n) and text else 1


def columns(table: Table) -> Columns:
    """The columns of a table so that it fits a page: titles turn, else the widest columns wrap."""
    texts = [_texts(table, n) for n in range(len(table.head))]
    bodies = [max(map(len, column), default=0) for column in texts]
    whole = [max(len(title), body) for title, body in zip(table.head, bodies, strict=True)]
    right = tuple(table.numeric and _are_numbers(column) for column in texts)
    room = LINE - GAP * len(whole)
    turned = sum(whole) > room >= whole[0] + sum(bodies[1:]) and all(right[1:])
    widths = (whole[0], *bodies[1:]) if turned else tuple(whole)
    return Columns(widths, right, _limit(widths, room), turned)


def _texts(table: Table, n: int) -> list[str]:
    if n == 0:
        return [name for name, _ in table.rows]
    cells = [cells[n - 1] for _, cells in table.rows]
    return [text for cell in cells for text in (cell.text, cell.detail) if text]


def _are_numbers(texts: Sequence[str]) -> bool:
    return all(_NUMBER.match(text) for text in texts if text != NONE)


def _limit(widths: Sequence[int], room: int) -> int:
    """The width at which wider columns wrap so that together they fill the room."""
    for n, width in enumerate(sorted(widths)):
        limit = room // (len(widths) - n)
        if width > limit:
            return max(limit, 1)
        room -= width
    return max(widths)
