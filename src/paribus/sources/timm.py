"""timm's training script: a folder with `summary.csv`, by epoch, and `args.yaml`.

Accuracies (`eval_top1`) are in per cent and stay so. The column `lr` is the schedule; the
learning rate of the setting stands in the arguments. It doesn't say how a run ended.
"""

from collections.abc import Sequence
from pathlib import Path

from paribus.io.reading import names_in
from paribus.sources.configs import config_at
from paribus.sources.curves import curves
from paribus.sources.files import beginning, is_file, name_of, there
from paribus.sources.grid import header_of, read_log
from paribus.sources.run import FoundRun, Reader
from paribus.sources.table import OF_TABLES

SUMMARY, ARGS = "summary.csv", "args.yaml"


def read(folder: Path) -> Sequence[FoundRun]:
    """The run in a folder."""
    config, lost = config_at(folder / ARGS)
    files = there((folder / SUMMARY, folder / ARGS))
    if SUMMARY not in {file.name for file in files}:
        notes = (f"{folder / SUMMARY}: isn't there: the run crashed in its first epoch",)
        return [FoundRun(name_of(folder), config=config, files=files, lost=lost, notes=notes)]
    grid = read_log(folder / SUMMARY)
    metrics, lost_rows = curves(grid, grid.header[0], "epoch") if grid.header else ({}, grid.lost)
    title = str(config.get("experiment") or "")
    return [FoundRun(name_of(folder), title, "", "unknown", config, metrics, files=files,
                     lost=(*lost, *lost_rows))]  # fmt: skip


def recognizes(folder: Path) -> bool:
    """Whether it has a summary by epoch, or arguments and no log, as a run that crashed leaves."""
    if header := header_of(beginning(folder / SUMMARY)):
        return header[0] == "epoch" and OF_TABLES.isdisjoint(header)
    return is_file(folder / ARGS) and not any(map(_is_log, names_in(folder)))


def _is_log(name: str) -> bool:
    """Whether another tool that keeps `args.yaml` has logged, as Ultralytics does."""
    return name != SUMMARY and (name.endswith(".csv") or name.startswith("events.out.tfevents"))


READER = Reader("timm", recognizes, read)
