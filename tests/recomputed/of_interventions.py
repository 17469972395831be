"""What changed test images do, from the raw predictions."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats
from sklearn import metrics as sk

from recomputed import numbers
from recomputed.compared import Kind, alone, together
from recomputed.of_comparisons import Values, agreement
from recomputed.raw import Run

Array = Any
TOPICS = {"center": "background", "surroundings": "background", "gray": "color"}
TOPICS |= {"shift": "position", "blur": "resolution", "shuffle": "texture"}


def interventions(values: Values) -> pd.DataFrame:
    rows = []
    for setting in values.folder.settings:
        runs = [run for run in values.folder.of(setting) if run.analysis]
        ours = [_effect(values, runs, name) for name in runs[0].changed] if runs else []
        together(ours)
        adjusted = numbers.holm([row["p_chance"] for row in ours]) if ours else []
        rows += [row | {"p_chance": p} for row, p in zip(ours, adjusted, strict=True)]
    return pd.DataFrame(rows)


def by_class(values: Values) -> pd.DataFrame:
    parts = []
    for setting in values.folder.settings:
        runs = [run for run in values.folder.of(setting) if run.analysis]
        rows = [
            _class(runs, name, k, of)
            for name in runs[0].changed
            for k, of in enumerate(runs[0].classes)
        ]
        frame = pd.DataFrame(rows)
        parts.append(
            frame.assign(**{p: numbers.holm(frame[p].tolist()) for p in ("p_chance", "p_change")})
        )
    return pd.concat(parts, ignore_index=True)


def _amount(name: str) -> int:
    return next((int(part) for part in name.split("-") if part.isdigit()), 100)


def _effect(values: Values, runs: list[Run], name: str) -> dict[str, Any]:
    labels, classes = runs[0].labels, len(runs[0].classes)
    plain = np.array([run.predicted == labels for run in runs], float)
    right = np.array([run.changed[name] == labels for run in runs], float)
    kind = Kind("higher", most=1.0, margin=values.folder.study["margin"])
    nobody = np.zeros(len(runs), bool)
    row = alone(kind, plain.mean(axis=1), right.mean(axis=1), (nobody, nobody))
    chance = [_by_chance(labels, run.changed[name], classes) for run in runs]
    above = np.array([agreement(labels, run.changed[name], classes) for run in runs])
    new = numbers.new_images(right - plain, labels, most=1.0)
    new = numbers.at_least(new, row["low"], row["high"])
    low, high = _shares(right.mean(axis=1))
    return {
        "setting": runs[0].setting,
        "intervention": name,
        "topic": TOPICS[name.partition("-")[0]],
        "amount": _amount(name),
        "accuracy": right.mean(),
        "chance": np.mean(chance),
        "change": row["estimate"],
        "change_low": row["low"],
        "change_high": row["high"],
        "change_low_new_images": new[0],
        "change_high_new_images": new[1],
        "change_truncated_new_images": new[2],
        "p_chance": max(numbers.t_p(above.round(12)), permuted(runs, name)),
        **{k: v for k, v in row.items() if k in ("n_seeds", "p", "shape") or k.startswith("_")},
        "low": low,
        "high": high,
        "_kind": kind,
    }


def _by_chance(labels: Array, given: Array, classes: int) -> float:
    table = sk.confusion_matrix(labels, given, labels=range(classes)) / len(labels)
    return float(table.sum(axis=0) @ table.sum(axis=1))


def _shares(values: Array, least: float = 0.0) -> tuple[float, float]:
    if np.ptp(values.round(12)) == 0:
        return np.nan, np.nan
    low, high = np.clip(numbers.mean_interval(values), least, 1)
    return float(low), float(high)


@cache
def _votes(runs: tuple[Run, ...], name: str) -> tuple[Array, Array]:
    """(images, classes) shares of the seeds that give each class, and of the labels; centered."""
    classes = len(runs[0].classes)
    given = np.mean([np.eye(classes)[run.changed[name]] for run in runs], axis=0)
    true = np.eye(classes)[runs[0].labels]
    return given - given.mean(axis=0), true - true.mean(axis=0)


def permuted(runs: list[Run], name: str) -> float:
    """P of permuted labels; the variance over all pairs of images, not of classes."""
    given, true = _votes(tuple(runs), name)
    variance = ((given @ true.T) ** 2).sum() / (len(true) - 1)
    total = abs((given * true).sum())
    return float(2 * stats.norm.sf(total / np.sqrt(variance))) if variance > 1e-12 else 1.0


def permuted_of_class(runs: list[Run], name: str, k: int) -> float:
    """The same of a class: sqrt(images - 1) times the correlation of votes and labels."""
    given, true = (each[:, k] for each in _votes(tuple(runs), name))
    if np.ptp(given) < 1e-12:
        return 1.0
    r = np.corrcoef(given, true)[0, 1]
    return float(2 * stats.norm.sf(abs(r) * np.sqrt(len(true) - 1)))


def _class(runs: list[Run], name: str, k: int, of: str) -> dict[str, Any]:
    own = runs[0].labels == k
    recall = np.array([(run.changed[name][own] == k).mean() for run in runs])
    before = np.array([(run.predicted[own] == k).mean() for run in runs])
    given = np.array([(run.changed[name] == k).mean() for run in runs])
    above, change = (recall - given).round(12), (recall - before).round(12)
    low, high = _shares(recall)
    change_low, change_high = _shares(change, -1)
    return {
        "setting": runs[0].setting,
        "intervention": name,
        "class": of,
        "n_seeds": len(runs),
        "recall": recall.mean(),
        "low": low,
        "high": high,
        "chance": given.mean(),
        "p_chance": max(numbers.t_p(above), permuted_of_class(runs, name, k)),
        "change": change.mean(),
        "change_low": change_low,
        "change_high": change_high,
        "p_change": numbers.t_p(change),
    }
