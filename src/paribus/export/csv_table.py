"""The long table that people keep of runs: a row per value."""

import csv
import io
from collections.abc import Iterable, Iterator
from pathlib import Path

from paribus.export.runs import ExportedRun
from paribus.export.target import Target
from paribus.io.disk import write_file
from paribus.tables.frames import protect

COLUMNS = ("setting", "seed", "metric", "value", "step", "status")


def write(study: str, runs: Iterable[ExportedRun], folder: Path) -> None:
    """Write `runs.csv`, in UTF-8 as RFC 4180 has it, every number exact when read back.

    Texts that a spreadsheet would run get a single quote before them, as in `tables/`.
    """
    text = io.StringIO(newline="")
    table = csv.writer(text, lineterminator="\r\n")
    table.writerow(COLUMNS)
    for run in runs:
        table.writerows(_rows(run))
    written = text.getvalue()
    encoding = "ascii" if written.isascii() else "utf-8-sig"
    write_file(folder / "runs.csv", written.encode(encoding))


def _rows(run: ExportedRun) -> Iterator[tuple[str | int | float, ...]]:
    """The values of a run; a run without any has one row, so that it isn't lost."""
    begin, end = (protect(run.setting), run.seed), (run.status,)
    if not run.metrics and not run.curves:
        yield (*begin, "", "", "", *end)
    for name, value in run.metrics.items():
        yield (*begin, name, value, "", *end)
    for name, curve in run.curves.items():
        for place, value in zip(curve.at.tolist(), curve.values.tolist(), strict=True):
            whole = int(place) if place.is_integer() else place
            yield (*begin, name, value, whole, *end)


def allowed(name: str) -> str:
    """A name that no spreadsheet runs, without the spaces that readers of tables remove."""
    return protect(name.strip()) or "unnamed"


TARGET = Target("a CSV table", write, allowed=allowed, whole_places=False)
