"""Lightning's CSVLogger: `lightning_logs/version_N/` with `metrics.csv` and `hparams.yaml`.

Metrics are written when the run has done some steps, so one that crashed early has only its
hyperparameters. It doesn't say how a run ended.
"""

from collections.abc import Sequence
from pathlib import Path

from paribus.io.reading import is_folder, names_in
from paribus.sources.configs import config_at
from paribus.sources.curves import curves
from paribus.sources.files import beginning, is_file, name_of, there
from paribus.sources.grid import header_of, read_log
from paribus.sources.run import FoundRun, Points, Reader
from paribus.sources.table import OF_TABLES

METRICS, HPARAMS = "metrics.csv", "hparams.yaml"


def read(folder: Path) -> Sequence[FoundRun]:
    """The run in a folder `version_N`."""
    config, lost = config_at(folder / HPARAMS)
    there_is = is_file(folder / METRICS)
    metrics, lost_metrics = _metrics(folder / METRICS) if there_is else ({}, ())
    crashed = f"{folder / METRICS}: isn't there: the run crashed before it wrote any metrics"
    files = there((folder / METRICS, folder / HPARAMS))
    return [
        FoundRun(
            name_of(folder),
            config=config,
            metrics=metrics,
            files=files,
            lost=(*lost, *lost_metrics),
            notes=() if there_is else (crashed,),
        )
    ]


def _metrics(path: Path) -> tuple[dict[str, Points], tuple[str, ...]]:
    grid = read_log(path)
    axis = "step" if "step" in grid.header else "epoch"
    if axis not in grid.header:
        return {}, (*grid.lost, f"{path}: has no column step or epoch")
    return curves(grid, axis, "step" if axis == "step" else "epoch", leave_out=("epoch",))


def recognizes(folder: Path) -> bool:
    """Whether it has metrics by step, or hyperparameters alone; TensorBoard's has its events."""
    if not is_folder(folder):
        return False
    if is_file(folder / METRICS):
        header = header_of(beginning(folder / METRICS))
        by_step = "step" in header and OF_TABLES.isdisjoint(header)
        return by_step or (not header and is_file(folder / HPARAMS))
    events = "events.out.tfevents"
    alone = not any(name.startswith(events) for name in names_in(folder))
    return is_file(folder / HPARAMS) and alone


READER = Reader("Lightning's CSVLogger", recognizes, read)
