"""What each run's record says, as tables.

Losses and probabilities keep the 32 bits they were measured with.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from paribus.comparison.values import target_loss
from paribus.metrics import classification
from paribus.metrics.dynamics import Epoch
from paribus.metrics.metric import Metric
from paribus.metrics.registry import CAUSES, METRICS
from paribus.metrics.run import RunData
from paribus.records.types import Floats, Integers, Record, RunFacts
from paribus.study.metrics import study_metrics
from paribus.study.spec import Study
from paribus.tables.columns import COLUMNS
from paribus.tables.frames import categorical, joined


def runs(study: Study, records: Sequence[Record]) -> pd.DataFrame:
    """Every run with its metrics, the study's own after the built-in ones."""
    target = target_loss(study, records)
    metrics = {**METRICS, **study_metrics(study.metrics, study.primary, study.margin, ())}
    shown = [m for m in metrics.values() if m.name not in CAUSES]
    rows = [_run(record, shown, target) for record in records]
    columns = list(dict.fromkeys([*COLUMNS["runs"], *(metric.name for metric in shown)]))
    whole = {m.name: "Int64" for m in METRICS.values() if m.censored}
    return pd.DataFrame(rows, columns=columns).astype({"setting": "category", **whole})


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
    return classification.confusion(predictions.labels, predictions.predicted, classes)


def _run(record: Record, metrics: Sequence[Metric], target: float | None) -> dict[str, Any]:
    facts = record.facts
    row = {
        "setting": facts.setting,
        "seed": facts.seed,
        "status": facts.status,
        "engine": facts.environment.engine_name,
        "train_seconds": facts.train_seconds,
        "message": facts.failure.message if facts.failure else "",
    }
    run = RunData(record, target)
    values = {metric.name: metric.of(run) for metric in metrics} if record.finished else {}
    # A failed run's time is known too.
    return (
        row
        | {"train_cpu_seconds": facts.train_cpu_seconds}
        | {
            name: value.value if isinstance(value, Epoch) else value
            for name, value in values.items()
        }
    )


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
    figures = classification.class_figures(confusion_of(record))
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
