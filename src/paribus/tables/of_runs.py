"""What each run's record says, as tables.

Losses and probabilities keep the 32 bits they were measured with.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from paribus.metrics import classification as metrics
from paribus.records.types import Floats, Integers, Record, RunFacts
from paribus.tables.columns import COLUMNS
from paribus.tables.frames import categorical, joined


def runs(records: Sequence[Record]) -> pd.DataFrame:
    """Every run with its metrics; a failed one has its status, seconds and message only."""
    frame = pd.DataFrame([_run(record) for record in records], columns=list(COLUMNS["runs"]))
    return frame.astype({"setting": "category", "best_epoch": "Int64"})


def epochs(records: Sequence[Record]) -> pd.DataFrame:
    """Losses, validation accuracy and learning rate of every epoch."""
    return joined("epochs", [_epochs(record) for record in records])


def steps(records: Sequence[Record]) -> pd.DataFrame:
    """The training loss of every step."""
    return joined("steps", [_steps(record) for record in records])


def per_class(records: Sequence[Record]) -> pd.DataFrame:
    """Precision, recall, F1 and support of every class in every finished run."""
    return joined("per_class", [_per_class(record) for record in records if record.predictions])


def confusion(records: Sequence[Record]) -> pd.DataFrame:
    """Count of every pair of true and predicted class in every finished run."""
    return joined("confusion", [_confusion(record) for record in records if record.predictions])


def confusion_of(record: Record) -> Integers:
    """The confusion matrix (classes, classes) of a finished run after its last epoch."""
    assert record.predictions is not None, "a failed run has no predictions"
    predictions = record.predictions
    classes = len(record.facts.data.classes)
    return metrics.confusion(predictions.labels, predictions.last.argmax(axis=1), classes)


def _run(record: Record) -> dict[str, Any]:
    facts = record.facts
    row = {
        "setting": facts.setting,
        "seed": facts.seed,
        "status": facts.status,
        "engine": facts.environment.engine_name,
        "train_seconds": facts.train_seconds,
        "train_cpu_seconds": facts.train_cpu_seconds,
        "message": facts.failure.message if facts.failure else "",
    }
    return row | (_measured(record) if record.predictions else {})


def _measured(record: Record) -> dict[str, float | int]:
    """The metrics that only a finished run has."""
    assert record.predictions is not None and record.facts.best_epoch is not None
    curves, predictions = record.curves, record.predictions
    matrix = confusion_of(record)
    best = predictions.best.argmax(axis=1)
    return {
        "test_accuracy": metrics.accuracy(matrix),
        "test_loss": metrics.log_loss(predictions.last, predictions.labels),
        "macro_f1": metrics.macro_average(metrics.class_figures(matrix)).f1,
        "best_epoch": record.facts.best_epoch,
        "best_val_loss": float(curves.values("val_loss")[record.facts.best_epoch - 1]),
        "best_test_accuracy": float((best == predictions.labels).mean()),
        "best_test_loss": metrics.log_loss(predictions.best, predictions.labels),
        "final_train_loss": float(curves.values("train_loss")[-1]),
        "final_val_loss": float(curves.values("val_loss")[-1]),
        "final_val_accuracy": float(curves.values("val_accuracy")[-1]),
    }


def _epochs(record: Record) -> dict[str, Any]:
    curves = record.curves
    # A run may fail between its training and its validation: the epoch then has no latter.
    epochs = len(curves.values("train_loss"))
    return _key(record.facts, epochs) | {
        "epoch": np.arange(1, epochs + 1),
        "train_loss": curves.values("train_loss"),
        "val_loss": _padded(curves.values("val_loss"), epochs),
        "val_accuracy": _padded(curves.values("val_accuracy"), epochs),
        "learning_rate": curves.values("learning_rate")[:epochs],
    }


def _steps(record: Record) -> dict[str, Any]:
    loss = record.curves.values("step_loss")
    numbers = np.arange(1, len(loss) + 1)
    return _key(record.facts, len(loss)) | {"step": numbers, "train_loss": loss}


def _per_class(record: Record) -> dict[str, Any]:
    figures = metrics.class_figures(confusion_of(record))
    classes = record.facts.data.classes
    return _key(record.facts, len(classes)) | {
        "class": categorical(np.arange(len(classes)), classes),
        **vars(figures),
    }


def _confusion(record: Record) -> dict[str, Any]:
    classes = record.facts.data.classes
    true, predicted = np.indices((len(classes), len(classes))).reshape(2, -1)
    return _key(record.facts, len(true)) | {
        "true": categorical(true, classes),
        "predicted": categorical(predicted, classes),
        "count": confusion_of(record).ravel(),
    }


def _key(facts: RunFacts, rows: int) -> dict[str, Any]:
    setting = categorical(np.zeros(rows, np.int64), [facts.setting])
    return {"setting": setting, "seed": np.full(rows, facts.seed)}


def _padded(values: Floats, length: int) -> Floats:
    return np.pad(values, (0, length - len(values)), constant_values=np.nan)
