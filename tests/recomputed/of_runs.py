"""The tables of single runs, by scikit-learn and SciPy from the raw files."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats
from sklearn import metrics
from sklearn.isotonic import IsotonicRegression

from recomputed.raw import Folder, Run

Array = Any


def runs(folder: Folder) -> pd.DataFrame:
    rows = [_run(run, target_loss(folder)) for run in folder.runs.values()]
    return pd.DataFrame(rows)


def epochs(folder: Folder) -> pd.DataFrame:
    names = ("train_loss", "val_loss", "val_accuracy", "learning_rate")
    return _places(folder, "epoch", {f"epoch {name}": name for name in names})


def steps(folder: Folder) -> pd.DataFrame:
    return _places(folder, "step", {"step step_loss": "train_loss"})


def per_class(folder: Folder) -> pd.DataFrame:
    parts = []
    for run in _tested(folder):
        columns = ("precision", "recall", "f1", "support")
        figures = metrics.precision_recall_fscore_support(
            run.labels, run.predicted, labels=range(len(run.classes)), zero_division=0
        )
        parts.append(_of(run, {"class": run.classes} | dict(zip(columns, figures, strict=True))))
    return pd.concat(parts, ignore_index=True)


def confusion(folder: Folder) -> pd.DataFrame:
    parts = []
    for run in _tested(folder):
        names = range(len(run.classes))
        matrix = metrics.confusion_matrix(run.labels, run.predicted, labels=names)
        pairs = [(one, other) for one in run.classes for other in run.classes]
        true, predicted = zip(*pairs, strict=True)
        parts.append(_of(run, {"true": true, "predicted": predicted, "count": matrix.ravel()}))
    return pd.concat(parts, ignore_index=True)


def target_loss(folder: Folder) -> float:
    """Half-way down the fall of the baseline's mean training loss."""
    mean = np.mean([run.epochs("train_loss") for run in folder.of(folder.baseline)], axis=0)
    return float(mean[0] + mean.min()) / 2


@cache
def measured(run: Run, target: float) -> dict[str, float]:
    """Every number of a finished run that is a metric."""
    truth, probability = run.labels, np.exp(run.logs)
    best = run.shown["best"].astype(float)
    train, val, accuracy = map(run.epochs, ("train_loss", "val_loss", "val_accuracy"))
    reached = np.flatnonzero(train <= target)
    hits = np.eye(len(run.classes))[truth]
    of_five = np.nan
    if len(run.classes) > 5:
        names = range(len(run.classes))
        of_five = metrics.top_k_accuracy_score(truth, run.logs, k=5, labels=names)
    return {
        "test_accuracy": metrics.accuracy_score(truth, run.predicted),
        "best_test_accuracy": metrics.accuracy_score(truth, best.argmax(axis=1)),
        "test_loss": float(-run.logs[hits > 0].mean()),
        "best_test_loss": float(-best[hits > 0].mean()),
        "macro_f1": metrics.f1_score(truth, run.predicted, average="macro", zero_division=0),
        "balanced_accuracy": metrics.balanced_accuracy_score(truth, run.predicted),
        "top5_accuracy": of_five,
        "brier_score": float(((probability - hits) ** 2).sum(axis=1).mean()),
        "calibration_error": float(sum(share * error for share, error in calibration(run))),
        "macro_auc": float(np.mean([*map(metrics.roc_auc_score, hits.T, run.logs.T)])),
        "best_epoch": int(val.argmin()) + 1,
        "best_val_loss": float(val.min()),
        "final_val_loss": float(val[-1]),
        "final_val_accuracy": float(accuracy[-1]),
        "final_train_loss": float(train[-1]),
        "epochs_to_loss": int(reached[0]) + 1 if len(reached) else len(train) + 1,
        "roughness": roughness(val),
        "generalization_gap": float(val[-1] - train[-1]),
        "train_cpu_seconds": run.facts["train_cpu_seconds"],
    }


@cache
def calibration(run: Run) -> list[tuple[float, float]]:
    """The share of the images of each of 15 groups, and its distance corrected for chance."""
    groups = []
    for group in calibration_groups(run):
        right = run.predicted[group] == run.labels[group]
        d = abs(float(np.exp(run.logs[group].max(axis=1)).mean() - right.mean()))
        sigma = right.std() / np.sqrt(len(group))
        by_chance = float(stats.foldnorm(d / sigma, scale=sigma).mean()) if sigma else d
        groups.append((len(group) / len(run.labels), 2 * d - by_chance))
    return groups


def calibration_groups(run: Run) -> list[Array]:
    """The images by the probability of the class that is called, in 15 equal parts."""
    order = np.argsort(np.exp(run.logs.max(axis=1)), kind="stable")
    return np.array_split(order, 15)


def roughness(val_loss: Array) -> float:
    """Distance from the nearest falling curve up to the lowest loss, by the fall."""
    until = val_loss[: val_loss.argmin() + 1]
    if len(until) < 3:
        return float("nan")
    at = np.arange(len(until))
    fit = IsotonicRegression(increasing=False).fit_transform(at, until)
    return float(metrics.root_mean_squared_error(until, fit) / (until[0] - until[-1]))


def _run(run: Run, target: float) -> dict[str, Any]:
    facts = run.facts
    failure = facts["failure"] or {}
    row = {
        "setting": run.setting,
        "seed": run.seed,
        "status": facts["status"],
        "engine": (facts["environment"]["engine"] or {"name": "torch"})["name"],
        "device": (facts["environment"].get("device") or {"kind": "cpu"})["kind"],
        "train_seconds": facts["train_seconds"],
        "train_cpu_seconds": facts["train_cpu_seconds"],
        "message": failure.get("message"),
    }
    return row | (measured(run, target) if run.finished else {})


def _tested(folder: Folder) -> list[Run]:
    return [run for run in folder.runs.values() if run.finished]


def _of(run: Run, columns: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame({"setting": run.setting, "seed": run.seed} | columns)


def _places(folder: Folder, axis: str, columns: dict[str, str]) -> pd.DataFrame:
    """A row per place at which a series has a value; the learning rate alone makes none."""
    parts = []
    for run in folder.runs.values():
        known = {name: run.curves[key] for key, name in columns.items() if key in run.curves}
        longest = max(len(one) for name, one in known.items() if name != "learning_rate")
        at = pd.RangeIndex(1, longest + 1)
        series = {
            name: pd.Series(one[:longest]).set_axis(at[: len(one)]) for name, one in known.items()
        }
        parts.append(
            _of(run, {axis: at} | {k: v.reindex(at).to_numpy() for k, v in series.items()})
        )
    return pd.concat(parts, ignore_index=True)


Recomputed = Callable[[Folder], pd.DataFrame]
