"""Runs that only their tool's own library reads: recognized, and answered with what to export."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from paribus.errors import SourceError
from paribus.io.reading import is_folder
from paribus.sources.files import is_file
from paribus.sources.run import FoundRun, Reader

_TABLE = "then `paribus compare runs.csv`"


def _refusing(what: str, instead: str) -> Callable[[Path], Sequence[FoundRun]]:
    def read(path: Path) -> NoReturn:
        raise SourceError(f"{path}: {what}. Export a table of runs instead: {instead}, {_TABLE}")

    return read


def _folder(*names: str) -> Callable[[Path], bool]:
    return lambda path: path.name in names and is_folder(path)


#: Archives are named after their runs.
_COMET = re.compile(r"[0-9a-z]{32}(-\w+)?\.zip")
_CLEARML = re.compile(r"offline-[0-9a-f]{32}(\.zip)?")


def _is_comet(path: Path) -> bool:
    return _folder(".cometml-runs")(path) or bool(_COMET.fullmatch(path.name) and is_file(path))


def _is_clearml(path: Path) -> bool:
    return _folder(".clearml")(path) or bool(_CLEARML.fullmatch(path.name))


AIM = Reader(
    "Aim",
    _folder(".aim"),
    _refusing(
        "Aim keeps its runs in RocksDB, which only its library reads",
        "`aim.Repo(path).query_metrics('True')`, each run's `metric.dataframe()`, joined and saved "
        "by `to_csv('runs.csv')` with columns setting, seed, metric, value, step",
    ),
)
COMET = Reader(
    "Comet's offline archives",
    _is_comet,
    _refusing(
        "Comet's offline archives are meant for its server",
        "upload them by `comet upload`, and save `comet_ml.API().get_metrics_df(keys, metrics)` "
        "by `to_csv('runs.csv')`",
    ),
)
NEPTUNE = Reader(
    "Neptune's offline runs",
    _folder(".neptune"),
    _refusing(
        "Neptune's offline runs are queues of operations for its server",
        "`neptune sync`, and save `project.fetch_runs_table().to_pandas()` by `to_csv('runs.csv')`",
    ),
)
CLEARML = Reader(
    "ClearML's offline sessions",
    _is_clearml,
    _refusing(
        "ClearML's offline sessions are meant for its server",
        "`Task.import_offline_session`, and save `task.get_reported_scalars()` of each task as "
        "rows of setting, seed, metric, value, step in runs.csv",
    ),
)
POLYAXON = Reader(
    "Polyaxon",
    _folder(".polyaxon"),
    _refusing(
        "Polyaxon's runs lie on its server, and this folder has its settings",
        "save what `RunClient().list()` gives with each run's inputs and outputs as runs.csv",
    ),
)

READERS = (AIM, CLEARML, COMET, NEPTUNE, POLYAXON)
