"""Keras' CSVLogger, and any log by epoch like it: one run in a file whose first column is `epoch`.

`NA` stands where nothing was logged; a run that crashed in its first epoch leaves 0 bytes.
Arrays stand as text, and are lost. It doesn't say how a run ended.
"""

from collections.abc import Sequence
from pathlib import Path

from paribus.io.reading import names_in
from paribus.sources.curves import curves
from paribus.sources.files import beginning, is_file, name_of
from paribus.sources.grid import header_of, read_log
from paribus.sources.run import FoundRun, Reader
from paribus.sources.table import OF_TABLES

#: So many names are looked at for logs beside an empty one.
MOST = 1_000

_KINDS = (".csv", ".tsv", ".log", ".txt")


def read(path: Path) -> Sequence[FoundRun]:
    """The run that a file is the log of."""
    grid = read_log(path)
    if not grid.header:
        notes = (f"{path}: is empty: the run crashed before its first epoch ended",)
        return [FoundRun(name_of(path), files=(path,), lost=grid.lost, notes=notes)]
    metrics, lost = curves(grid, grid.header[0], "epoch")
    return [FoundRun(name_of(path), metrics=metrics, files=(path,), lost=lost)]


def recognizes(path: Path) -> bool:
    """Whether it begins with `epoch` and says of no run which it is, or is an empty CSV file."""
    if path.suffix.lower() not in _KINDS or not is_file(path):
        return False
    header = header_of(beginning(path))
    if not header and _is_empty(path):
        return path.suffix.lower() == ".csv" or path.name == "training.log"
    return len(header) > 1 and header[0] == "epoch" and OF_TABLES.isdisjoint(header)


def tells_of_runs(path: Path) -> bool:
    """Whether it has epochs; or, if it is empty, other logs lie beside it, or where it lies."""
    if not _is_empty(path):
        return True
    beside = (path.with_name(name) for name in names_in(path.parent)[:MOST])
    above = path.parent.parent
    alike = (above / name / path.name for name in names_in(above)[:MOST])
    return any(recognizes(place) and not _is_empty(place) for place in (*beside, *alike))


def _is_empty(path: Path) -> bool:
    try:
        return path.stat().st_size == 0
    except OSError:
        return False


READER = Reader("Keras' CSVLogger", recognizes, read, tells_of_runs)
