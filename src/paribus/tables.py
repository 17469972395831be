"""Records as tidy tables: one row each, every column documented in `COLUMNS`.

Settings and classes are categorical columns, so that a million rows stay small. Losses and
probabilities keep the 32 bits they were measured with.
"""

from __future__ import annotations

import gzip
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from paribus.evaluation import measures
from paribus.records import Floats, Integers, Record, RunFacts

#: Table -> what one row is.
ROWS: Mapping[str, str] = {
    "runs": "One row a run: a setting trained from one seed.",
    "epochs": "One row an epoch of a run. A failed run has rows up to where it failed.",
    "steps": "One row a training step (one batch) of a run; compressed, as it is long.",
    "per_class": "One row a class of a finished run, on the test pictures after the last epoch.",
    "confusion": "One row a pair of classes of a finished run, pairs that never occur included.",
    "comparisons": (
        "One row a variation and measure: the variation against the baseline over paired seeds. "
        "A number that the seeds can't give is an empty cell, and `notes` says why."
    ),
    "claims": "One row a claim of the study, in its order.",
}

_SETTING = "The setting's name; the baseline is one of them."
_SEED = "The seed that fixes the run's random streams; equal seeds are paired across settings."
_CLASS = "The class, by name."

#: Table -> column -> what it holds, with its unit.
COLUMNS: Mapping[str, Mapping[str, str]] = {
    "runs": {
        "setting": _SETTING,
        "seed": _SEED,
        "status": "`finished`, or `failed` where the run ended before its last epoch.",
        "test_accuracy": (
            "Share of test pictures classified correctly after the last epoch, 0 to 1."
        ),
        "test_loss": "Mean cross entropy over the test pictures after the last epoch, in nats.",
        "macro_f1": "Mean F1 score over all classes after the last epoch, 0 to 1.",
        "best_epoch": "The epoch of lowest validation loss, from 1; the first where several tie.",
        "best_val_loss": "Validation loss at `best_epoch`, in nats.",
        "best_test_accuracy": (
            "Share of test pictures classified correctly at `best_epoch`, 0 to 1."
        ),
        "best_test_loss": "Mean cross entropy over the test pictures at `best_epoch`, in nats.",
        "final_train_loss": (
            "Training loss of the last epoch, in nats: the mean over its pictures while training."
        ),
        "final_val_loss": "Validation loss after the last epoch, in nats.",
        "final_val_accuracy": "Share of the validation pictures classified correctly then, 0 to 1.",
        "train_seconds": "Seconds spent in training steps; validation and tests not counted.",
        "train_cpu_seconds": (
            "The processor's share of `train_seconds`, which other programs don't lengthen; "
            "comparisons of training time use it."
        ),
        "message": "Why a failed run ended; empty for a finished one.",
    },
    "epochs": {
        "setting": _SETTING,
        "seed": _SEED,
        "epoch": "The epoch, from 1.",
        "train_loss": "Mean cross entropy over the epoch's pictures while training, in nats.",
        "val_loss": "Mean cross entropy over the validation pictures after the epoch, in nats.",
        "val_accuracy": "Share of the validation pictures classified correctly after it, 0 to 1.",
        "learning_rate": "The learning rate used during the epoch.",
    },
    "steps": {
        "setting": _SETTING,
        "seed": _SEED,
        "step": "The training step, from 1 and counted through all epochs.",
        "train_loss": "Mean cross entropy of the batch before the step, in nats.",
    },
    "per_class": {
        "setting": _SETTING,
        "seed": _SEED,
        "class": _CLASS,
        "precision": "Of the pictures called this class, the share that are of it, 0 to 1.",
        "recall": "Of the pictures of this class, the share called so, 0 to 1: its accuracy.",
        "f1": "Harmonic mean of precision and recall, 0 to 1.",
        "support": "Number of test pictures of this class.",
    },
    "confusion": {
        "setting": _SETTING,
        "seed": _SEED,
        "true": "The true class, by name.",
        "predicted": "The class that the network gave, by name.",
        "count": "Number of test pictures after the last epoch.",
    },
    "comparisons": {
        "variation": "The variation's name.",
        "measure": "What is compared, as a column of `runs` or `recall:` and a class.",
        "unit": "The unit of `estimate`; empty for a plain number and for a ratio.",
        "kind": (
            "`mean difference` (t test), `log ratio` (variation divided by baseline, t test on "
            "logarithms) or `rank` (Hodges-Lehmann difference, signed-rank test)."
        ),
        "n_seeds": "Seeds at which both have a value.",
        "missing": "Seeds left out because either has none.",
        "estimate": "Variation minus baseline, or variation divided by baseline.",
        "low": "Lower end of its interval, for new seeds on these test pictures.",
        "high": "Upper end of its interval, for new seeds on these test pictures.",
        "level": "The confidence of the interval.",
        "p": "P value of no difference.",
        "p_adjusted": "The same, adjusted over the comparisons made together, and the looks.",
        "p_sign_flip": "P value of no difference by the sign-flip test, not adjusted.",
        "p_equivalence_adjusted": "P value of a difference beyond the margin, adjusted likewise.",
        "margin": "Differences up to this size don't matter; for a ratio, as a share.",
        "verdict": (
            "`better`, `worse`, `equivalent` or `undecided`; `higher` or `lower` where neither "
            "way is better."
        ),
        "seeds_needed": (
            "Seeds in all that would decide an undecided comparison with a probability of 80 %; "
            "empty where none up to 1,000 would."
        ),
        "low_new_pictures": "As `low`, for new seeds and new test pictures; of accuracies only.",
        "high_new_pictures": "As `high`, for new seeds and new test pictures; of accuracies only.",
        "correlation": "Correlation of the paired values, from three seeds on.",
        "notes": "What must be said besides, in sentences.",
    },
    "claims": {
        "id": "The claim's id in the study.",
        "says": "The claim's sentence.",
        "verdict": "`supported`, `refuted` or `undecided`.",
        "estimate": (
            "Of the statement that decides the claim: the one most surely false if it is refuted, "
            "else the one least surely true. A share, a ratio, or in the measure's unit."
        ),
        "low": "Lower end of its interval.",
        "high": "Upper end of its interval.",
        "level": "The confidence of the interval.",
        "n_seeds": "Seeds behind it.",
        "p": "P value against the claim's contrary; against the claim itself if it is refuted.",
        "evidence": "The numbers, in sentences.",
        "figure": "The part of the report that shows them: `report.html#` and this.",
    },
}

#: What begins a formula, in its wide form too, as East Asian spreadsheets take it.
_SIGNS = "[=+\\-@\uff1d\uff0b\uff0d\uff20]"
#: Where a spreadsheet would begin one: at the front of a text, and behind what ends a line, or a
#: cell in countries whose numbers have commas.
_FIRST, _INNER = re.compile(rf"\s*{_SIGNS}|[\t\r\n]"), re.compile(rf"([;\t\r\n])(?={_SIGNS})")


def runs(records: Sequence[Record]) -> pd.DataFrame:
    """Every run with its measures; a failed one has its status, seconds and message only."""
    frame = pd.DataFrame([_run(record) for record in records], columns=list(COLUMNS["runs"]))
    return frame.astype({"setting": "category", "best_epoch": "Int64"})


def epochs(records: Sequence[Record]) -> pd.DataFrame:
    """Losses, validation accuracy and learning rate of every epoch."""
    return _joined("epochs", [_epochs(record) for record in records])


def steps(records: Sequence[Record]) -> pd.DataFrame:
    """The training loss of every step."""
    return _joined("steps", [_steps(record) for record in records])


def per_class(records: Sequence[Record]) -> pd.DataFrame:
    """Precision, recall, F1 and support of every class in every finished run."""
    return _joined("per_class", [_per_class(record) for record in records if record.predictions])


def confusion(records: Sequence[Record]) -> pd.DataFrame:
    """Count of every pair of true and predicted class in every finished run."""
    return _joined("confusion", [_confusion(record) for record in records if record.predictions])


def confusion_of(record: Record) -> Integers:
    """The confusion matrix (classes, classes) of a finished run after its last epoch."""
    assert record.predictions is not None, "a failed run has no predictions"
    predictions = record.predictions
    classes = len(record.facts.data.classes)
    return measures.confusion(predictions.labels, predictions.last.argmax(axis=1), classes)


def to_csv(frame: pd.DataFrame) -> bytes:
    """A table as RFC 4180 has it, in UTF-8, every number exact when read back.

    Text that a spreadsheet would run as a formula gets a single quote before it.
    """
    text = {
        str(name): _guarded(column)
        for name, column in frame.items()
        if not pd.api.types.is_numeric_dtype(column.dtype)
    }
    written: str = frame.assign(**text).to_csv(index=False, lineterminator="\r\n")
    return written.encode()


def to_csv_gz(frame: pd.DataFrame) -> bytes:
    """`to_csv` compressed, without a date, so that equal tables give equal bytes."""
    packed = io.BytesIO()
    # The last three levels take three times as long for a hundredth of the size.
    with gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=packed, mtime=0) as file:
        file.write(to_csv(frame))
    return packed.getvalue()


def tables_page() -> str:
    """The page docs/tables.md: every table and column, from `ROWS` and `COLUMNS`."""
    parts = [
        "# Tables",
        "`paribus run` and `paribus report` write these under `tables/`. They are CSV as RFC 4180 "
        "has it, in UTF-8, one row each; an empty cell is a number that isn't there. Text that "
        "begins with `=`, `+`, `-`, `@`, their wide forms, a tab or a line break has a single "
        "quote before it, and so have these signs within a text behind `;`, a tab or a line break, "
        "so that a spreadsheet doesn't run it as a formula. Numbers are never changed.",
        "Generated by `make docs`.",
    ]
    for table, columns in COLUMNS.items():
        rows = [f"| `{name}` | {meaning} |" for name, meaning in columns.items()]
        parts += [f"## {_file(table)}", ROWS[table]]
        parts += ["\n".join(["| column | meaning |", "| --- | --- |", *rows])]
    return "\n\n".join(parts) + "\n"


def _file(table: str) -> str:
    return f"{table}.csv.gz" if table == "steps" else f"{table}.csv"


def _run(record: Record) -> dict[str, Any]:
    facts = record.facts
    row = {
        "setting": facts.setting,
        "seed": facts.seed,
        "status": facts.status,
        "train_seconds": facts.train_seconds,
        "train_cpu_seconds": facts.train_cpu_seconds,
        "message": facts.failure.message if facts.failure else "",
    }
    return row | (_measured(record) if record.predictions else {})


def _measured(record: Record) -> dict[str, float | int]:
    """The measures that only a finished run has."""
    assert record.predictions is not None and record.facts.best_epoch is not None
    curves, predictions = record.curves, record.predictions
    matrix = confusion_of(record)
    best = predictions.best.argmax(axis=1)
    return {
        "test_accuracy": measures.accuracy(matrix),
        "test_loss": measures.log_loss(predictions.last, predictions.labels),
        "macro_f1": measures.macro_average(measures.class_figures(matrix)).f1,
        "best_epoch": record.facts.best_epoch,
        "best_val_loss": float(curves.val_loss[record.facts.best_epoch - 1]),
        "best_test_accuracy": float((best == predictions.labels).mean()),
        "best_test_loss": measures.log_loss(predictions.best, predictions.labels),
        "final_train_loss": float(curves.train_loss[-1]),
        "final_val_loss": float(curves.val_loss[-1]),
        "final_val_accuracy": float(curves.val_accuracy[-1]),
    }


def _epochs(record: Record) -> dict[str, Any]:
    curves = record.curves
    # A run may fail between its training and its validation: the epoch then has no latter.
    epochs = len(curves.train_loss)
    return _key(record.facts, epochs) | {
        "epoch": np.arange(1, epochs + 1),
        "train_loss": curves.train_loss,
        "val_loss": _padded(curves.val_loss, epochs),
        "val_accuracy": _padded(curves.val_accuracy, epochs),
        "learning_rate": curves.learning_rate[:epochs],
    }


def _steps(record: Record) -> dict[str, Any]:
    loss = record.curves.step_loss
    numbers = np.arange(1, len(loss) + 1)
    return _key(record.facts, len(loss)) | {"step": numbers, "train_loss": loss}


def _per_class(record: Record) -> dict[str, Any]:
    figures = measures.class_figures(confusion_of(record))
    names = record.facts.data.classes
    return _key(record.facts, len(names)) | {
        "class": _names(np.arange(len(names)), names),
        **vars(figures),
    }


def _confusion(record: Record) -> dict[str, Any]:
    names = record.facts.data.classes
    true, predicted = np.indices((len(names), len(names))).reshape(2, -1)
    return _key(record.facts, len(true)) | {
        "true": _names(true, names),
        "predicted": _names(predicted, names),
        "count": confusion_of(record).ravel(),
    }


def _key(facts: RunFacts, rows: int) -> dict[str, Any]:
    setting = _names(np.zeros(rows, np.int64), [facts.setting])
    return {"setting": setting, "seed": np.full(rows, facts.seed)}


def _names(numbers: Integers, names: Sequence[str]) -> pd.Categorical[str]:
    return pd.Categorical.from_codes(numbers, pd.Index(names))


def _joined(table: str, parts: Iterable[dict[str, Any]]) -> pd.DataFrame:
    """The runs' rows one after another; columns of names stay categorical."""
    frames = [pd.DataFrame(part) for part in parts]
    columns = COLUMNS[table]
    joined = {name: _joined_column([frame[name] for frame in frames]) for name in columns if frames}
    return pd.DataFrame(joined, columns=list(columns))


def _joined_column(parts: list[pd.Series[Any]]) -> pd.Series[Any]:
    if isinstance(parts[0].dtype, pd.CategoricalDtype):
        return pd.Series(pd.api.types.union_categoricals(parts))
    return pd.concat(parts, ignore_index=True)


def _padded(values: Floats, length: int) -> Floats:
    return np.pad(values, (0, length - len(values)), constant_values=np.nan)


def _guarded(column: pd.Series[Any]) -> pd.Series[Any]:
    # Of a column of names, `map` looks at each name once, however many rows there are.
    return column.map(lambda text: _guard(text) if isinstance(text, str) else text)


def _guard(text: str) -> str:
    """A single quote before what would run."""
    text = _INNER.sub(r"\1'", text)
    return f"'{text}" if _FIRST.match(text) else text
