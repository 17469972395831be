"""What each run's record says, as tables.

Losses and probabilities keep the 32 bits they were measured with.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from paribus.comparison.values import target_loss
from paribus.metrics import classification
from paribus.metrics.dynamics import Epoch
from paribus.metrics.metric import Metric, RunData
from paribus.metrics.registry import CAUSES, METRICS
from paribus.records.types import Axis, Environment, Integers, Record, RunFacts
from paribus.study.metrics import study_metrics
from paribus.study.spec import Question
from paribus.tables.columns import COLUMNS
from paribus.tables.frames import Names, joined

#: The series by epochs that Paribus's own loop leaves, in the order of their columns.
_BY_EPOCH = ("train_loss", "val_loss", "val_accuracy", "learning_rate")
_NO_PLACE = np.zeros(0, np.float32)


def runs(study: Question, records: Sequence[Record]) -> pd.DataFrame:
    """Every run with its metrics, the study's own after the built-in ones."""
    target = target_loss(study, records)
    known = METRICS if study.is_trained_here else {}
    metrics = {**known, **study_metrics(study, ())}
    shown = [m for m in metrics.values() if m.name not in CAUSES]
    rows = [_run(record, shown, target) for record in records]
    columns = list(dict.fromkeys([*COLUMNS["runs"], *(metric.name for metric in shown)]))
    if not study.is_trained_here:  # what only Paribus's own trainings have
        told = {name for row in rows for name, value in row.items() if not pd.isna(value)}
        columns = [name for name in columns if name not in METRICS or name in told]
    own = METRICS.values() if study.is_trained_here else ()
    whole = {m.name: "Int64" for m in own if m.censored}
    return pd.DataFrame(rows, columns=columns).astype({"setting": "category", **whole})


def epochs(records: Sequence[Record]) -> pd.DataFrame:
    """Losses, validation accuracy, learning rate and any other series by epochs."""
    return _followed("epochs", "epoch", records)


def steps(records: Sequence[Record]) -> pd.DataFrame:
    """The training loss of every step, and any other series by steps."""
    return _followed("steps", "step", records)


def per_class(records: Sequence[Record]) -> pd.DataFrame:
    """Precision, recall, F1 and support of every class in every run with predictions."""
    return joined("per_class", [_per_class(record) for record in records if record.predictions])


def confusion(records: Sequence[Record]) -> pd.DataFrame:
    """Count of every pair of true and predicted class in every run with predictions."""
    return joined("confusion", [_confusion(record) for record in records if record.predictions])


def confusion_of(record: Record) -> Integers:
    """The confusion matrix (classes, classes) of a run with predictions after its last epoch."""
    assert record.predictions is not None, "asked only of runs with predictions"
    predictions = record.predictions
    return classification.confusion(predictions.labels, predictions.predicted, len(record.classes))


def _run(record: Record, metrics: Sequence[Metric], target: float | None) -> dict[str, Any]:
    facts = record.facts
    row: dict[str, Any] = {
        "setting": facts.setting,
        "seed": facts.seed,
        "status": facts.status,
        "engine": facts.environment.engine_name if facts.environment != Environment() else "",
        "device": facts.environment.device_kind,
        "train_seconds": facts.train_seconds or math.nan,
        "train_cpu_seconds": facts.train_cpu_seconds or math.nan,  # of a failed run too
        "message": facts.failure.message if facts.failure else "",
    }
    run = RunData(record, target)
    for metric in metrics if record.finished else ():
        value = metric.of(run)
        row[metric.name] = value.value if isinstance(value, Epoch) else value
    return row


def _followed(table: str, axis: Axis, records: Sequence[Record]) -> pd.DataFrame:
    """Every series by steps or epochs, side by side: one row per place where a run has a value."""
    columns = _series_columns(axis, records)
    parts = [_places(record, axis, columns) for record in records]
    return joined(table, parts, columns.values())


def _series_columns(axis: Axis, records: Sequence[Record]) -> dict[str, str]:
    """Series -> its column. The batches' losses are called `train_loss`, as by epochs."""
    curves = [item for record in records for item in record.curves.series.items()]
    usual = ["step_loss"] if axis == "step" else _BY_EPOCH
    names = [*usual, *(name for name, series in curves if series.axis == axis)]
    columns = dict(zip(names, names, strict=True))
    if axis == "step" and "train_loss" not in columns:
        columns["step_loss"] = "train_loss"
    keys = ("setting", "seed", axis)
    return {name: f"{at} (series)" if at in keys else at for name, at in columns.items()}


def _places(record: Record, axis: Axis, columns: Mapping[str, str]) -> dict[str, Any]:
    known = {name: s for name, s in record.curves.series.items() if s.axis == axis}
    # A run may fail within an epoch, whose learning rate is already known.
    counting = [s.at for name, s in known.items() if name != "learning_rate"]
    at = np.unique(np.concatenate(counting or [s.at for s in known.values()] or [_NO_PLACE]))
    values = {column: np.full(len(at), np.nan, np.float32) for column in columns.values()}
    for name, series in known.items():
        places = np.searchsorted(at, series.at)
        shown = np.append(at, np.nan)[places] == series.at  # NaN is behind the last place
        values[columns[name]][places[shown]] = series.values[shown]
    whole = (at == np.round(at)).all() and np.abs(at).max(initial=0) < 1 << 53
    return {**_key(record.facts, len(at)), axis: at.astype(np.int64) if whole else at, **values}


def _per_class(record: Record) -> dict[str, Any]:
    names = Names(np.arange(len(record.classes)), record.classes)
    figures = classification.class_figures(confusion_of(record))
    return _key(record.facts, len(record.classes)) | {"class": names} | vars(figures)


def _confusion(record: Record) -> dict[str, Any]:
    classes = record.classes
    true, predicted = np.indices((len(classes), len(classes))).reshape(2, -1)
    return _key(record.facts, len(true)) | {
        "true": Names(true, classes),
        "predicted": Names(predicted, classes),
        "count": confusion_of(record).ravel(),
    }


def _key(facts: RunFacts, rows: int) -> dict[str, Any]:
    setting = Names(np.zeros(rows, np.int64), [facts.setting])
    return {"setting": setting, "seed": np.full(rows, facts.seed)}
