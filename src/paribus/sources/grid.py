"""The rows of a table in text: its delimiter, header and cells, still as text."""

import csv
import io
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from sys import intern

from paribus.errors import SourceError
from paribus.sources.files import text_of

#: Bytes, cells and columns of a table.
LARGEST, MOST_CELLS, MOST_COLUMNS = 64_000_000, 8_000_000, 2_000
#: Where a header has as many of two of them, the first is the delimiter.
DELIMITERS = "\t;,"


#: The line on which a row ends, and its cells.
Row = tuple[int, list[str]]


@dataclass(frozen=True)
class Grid:
    """A table as text.

    Attributes:
        path: its file.
        header: names of columns, each once, without spaces around them.
        columns: name -> its cells, one a row.
        lines: of each row, the line in the file on which it ends.
        delimiter: one of `DELIMITERS`, or another that was asked for.
        lost: sentences on rows that were left out.
    """

    path: Path
    header: tuple[str, ...]
    columns: dict[str, list[str]]
    lines: list[int]
    delimiter: str
    lost: tuple[str, ...] = ()


def read_table(path: Path) -> Grid:
    """A table that people or their scripts wrote: each row must fit.

    Raises:
        SourceError: it can't be read, isn't UTF-8, or has a row or a header that doesn't fit.
        ReadError: it can't be read now.
    """
    text = text_of(path, LARGEST)
    delimiter = delimiter_of(text)
    rows = _rows(path, text, delimiter)
    header = _header(path, next(rows, (1, []))[1])
    return Grid(path, header, *_columns(path, rows, header), delimiter)


def read_log(path: Path, delimiter: str | None = None) -> Grid:
    """A table that a program wrote row by row, and may have been killed over.

    A row that doesn't fit, or the last one if no line ends it, is lost; a header that stands
    again where a run resumed is no row.

    Raises as `read_table`.
    """
    text = text_of(path, LARGEST)
    lost = []
    if text and not text.endswith("\n"):
        text, _, torn = text.rpartition("\n")
        lost.append(f"{path}: its last line is torn: {torn[:40]!r}")
    delimiter = delimiter_of(text) if delimiter is None else delimiter
    rows = _rows(path, text, delimiter)
    first = next(rows, (1, []))[1]
    if not first:
        return Grid(path, (), {}, [], delimiter, tuple(lost))
    header = _header(path, first)
    fitting = [(line, row) for line, row in rows if row != first]
    kept = [(line, row) for line, row in fitting if len(row) == len(header)]
    if left_out := len(fitting) - len(kept):
        lost.append(f"{path}: {left_out} of {len(fitting)} rows don't have {len(header)} cells")
    return Grid(path, header, *_columns(path, iter(kept), header), delimiter, tuple(lost))


def delimiter_of(text: str) -> str:
    """What separates the names in the first line of a text: the most frequent of `DELIMITERS`."""
    line = _first_line(text)
    bare = "".join(line.split('"')[::2])  # what stands outside quotes
    return max(DELIMITERS, key=lambda mark: (bare.count(mark), -DELIMITERS.index(mark)))


def header_of(raw: bytes) -> tuple[str, ...]:
    """Names in the first line of a file's first bytes, in small letters; none if it has none."""
    line = _first_line(raw.decode("utf-8-sig", errors="replace"))
    try:
        row = next(csv.reader([line], delimiter=delimiter_of(line)), [])
    except csv.Error:
        return ()
    return tuple(name.strip().lower() for name in row)


def _first_line(text: str) -> str:
    return re.split(r"[\r\n]", text.lstrip("\r\n"), maxsplit=1)[0]


def _columns(
    path: Path, rows: Iterator[Row], header: Sequence[str]
) -> tuple[dict[str, list[str]], list[int]]:
    """Name -> cells, and the line of each row; some rows at a time, since millions take memory.

    Raises SourceError at the first row that isn't as long as the header.
    """
    columns: dict[str, list[str]] = {name: [] for name in header}
    lines: list[int] = []
    while some := list(itertools.islice(rows, 1_000)):
        numbers, texts = zip(*some, strict=True)
        if {len(header)} != set(map(len, texts)):
            line, row = next((line, row) for line, row in some if len(row) != len(header))
            what = f"expected {len(header)} cells as in the header, got {len(row)}"
            raise SourceError(f"{path}:{line}: {what}")
        lines += numbers
        for name, cells in zip(header, zip(*texts, strict=True), strict=True):
            columns[name] += map(intern, cells) if len(set(cells)) < len(cells) / 2 else cells
    return columns, lines


def _rows(path: Path, text: str, delimiter: str) -> Iterator[Row]:
    """The line on which it ends, and the cells of each row that isn't blank."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    cells = 0
    try:
        for row in reader:
            cells += len(row)
            if cells > MOST_CELLS:
                raise SourceError(f"{path}: more than {MOST_CELLS:,} cells")
            if any(row):
                yield reader.line_num, row
    except csv.Error as error:
        raise SourceError(f"{path}:{reader.line_num}: not a table of text: {error}") from None


def _header(path: Path, row: list[str]) -> tuple[str, ...]:
    header = tuple(name.strip() for name in row)
    if not header:
        raise SourceError(f"{path}: expected a header and rows, got an empty file")
    if len(header) > MOST_COLUMNS:
        raise SourceError(f"{path}: {len(header):,} columns, where {MOST_COLUMNS:,} can be read")
    for number, name in enumerate(header):
        if name in header[:number]:
            first = header.index(name) + 1
            raise SourceError(f"{path}:1: columns {first} and {number + 1} are both named {name!r}")
    return header
