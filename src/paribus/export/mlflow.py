"""MLflow's database, written by MLflow."""

import logging
import os
import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from paribus.errors import ExportError
from paribus.export.runs import ExportedRun
from paribus.export.target import Target

#: Of what MLflow takes (mlflow/utils/validation.py): characters of a name, which leave room for a
#: number behind it, and of a parameter; metrics and parameters at once.
_LONGEST_NAME, _LONGEST_VALUE, _METRICS, _PARAMS = 240, 6_000, 1_000, 100
_NO_LETTER = re.compile(r"[^/\w.\- :]")

#: Nothing but numbers and texts is exported; a server that shows them has its own place for files.
_NO_FILES = "mlflow-artifacts:/"


def write(study: str, runs: Iterable[ExportedRun], folder: Path) -> None:
    """Write `mlflow.db`: an experiment of the study's name with a run for each of its runs.

    Raises:
        ExportError: MLflow can't name a database below this folder.
    """
    if {"?", "%"} & set(str(folder)):
        raise ExportError(f"{folder}: MLflow can't open a database below a folder with ? or %")
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # as it is read at the first import
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    with _quietly():
        # The client would make a folder for files in the current one.
        store = SqlAlchemyStore(f"sqlite:///{folder / 'mlflow.db'}", _NO_FILES)
        known = store.get_experiment_by_name(study)  # MLflow has one called Default
        experiment = known.experiment_id if known else store.create_experiment(study, _NO_FILES)
        for run in runs:
            _log(store, experiment, run)
        store.engine.dispose()


def _log(store: Any, experiment: str, run: ExportedRun) -> None:
    from mlflow.entities import Metric, Param, RunStatus, RunTag

    ended = round(1000 * (run.ended or 0))  # a run without dates is of 1970
    started = round(1000 * run.started) if run.started else ended
    tags = [RunTag("mlflow.source.name", "paribus export")]
    if run.message:
        tags.append(RunTag("mlflow.note.content", run.message[:_LONGEST_VALUE]))
    run_id = store.create_run(experiment, "paribus", started, tags, run.title).info.run_id
    params = [Param(name, str(value)) for name, value in run.parameters.items()]
    for some in _parts(params, _PARAMS):
        store.log_batch(run_id, metrics=[], params=some, tags=[])
    metrics = [Metric(name, value, ended, int(place)) for name, place, value in run.values()]
    for values in _parts(metrics, _METRICS):
        store.log_batch(run_id, metrics=values, params=[], tags=[])
    status = RunStatus.FINISHED if run.status == "finished" else RunStatus.FAILED
    store.update_run_info(run_id, status, ended, None)


def _parts(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    return (items[begin : begin + size] for begin in range(0, len(items), size))


@contextmanager
def _quietly() -> Iterator[None]:
    """Without the messages on every table that MLflow makes."""
    before = logging.root.manager.disable
    logging.disable(max(before, logging.INFO))
    try:
        yield
    finally:
        logging.disable(before)


def allowed(name: str) -> str:
    """A name of letters, digits and `_-./: ` that is a path of its own."""
    plain = _NO_LETTER.sub("_", name)[:_LONGEST_NAME]
    is_path = posixpath.normpath(plain) == plain and not plain.startswith(("/", ".."))
    return plain if is_path and plain != "." else plain.replace("/", "_").replace(".", "_") or "_"


TARGET = Target(
    "MLflow",
    write,
    library="mlflow",
    allowed=allowed,
    longest=_LONGEST_VALUE,
    look="mlflow ui --backend-store-uri sqlite:///{folder}/mlflow.db",
)
