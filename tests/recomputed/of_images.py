"""The failed images, by counting from the raw predictions."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
from statsmodels.stats.proportion import proportion_confint

from recomputed.raw import Folder

Array = Any


def failures(folder: Folder) -> pd.DataFrame:
    doubts = _doubts(folder)
    rows = [
        _row(folder, setting, number) | {key: values[number] for key, values in doubts.items()}
        for setting in folder.settings
        for number in range(len(folder.labels))
    ]
    frame = pd.DataFrame(rows)
    return frame[(frame["wrong"] > 0) | frame["change"].notna()]


def _row(folder: Folder, setting: str, number: int) -> dict[str, Any]:
    runs, label = folder.of(setting), int(folder.labels[number])
    given = [int(run.predicted[number]) for run in runs]
    mean = np.mean([np.exp(run.logs[number]) for run in runs], axis=0)
    votes = sorted(Counter(given).items(), key=lambda vote: (-vote[1], vote[0]))
    wrong = [(-count, -mean[at], at) for at, count in votes if at != label]
    rival = min(wrong)[2] if wrong else None
    low, high = proportion_confint(sum(one != label for one in given), len(given), method="wilson")
    kind = "systematic" if len(wrong) and label not in given else "seed-dependent"
    return {
        "setting": setting,
        "image": runs[0].shown["index"][number],
        "file": folder.file_names.get(str(runs[0].shown["index"][number])),
        "true": folder.classes[label],
        "predicted": None if rival is None else folder.classes[rival],
        "kind": kind if wrong else "right",
        "wrong": sum(one != label for one in given),
        "seeds": len(given),
        "wrong_low": low,
        "wrong_high": high,
        "true_probability": mean[label],
        "predicted_probability": np.nan if rival is None else mean[rival],
        "margin": np.log(mean[label] / np.delete(mean, label).max()),
        "votes": ", ".join(f"{folder.classes[at]}: {count}" for at, count in votes),
        **_change(folder, setting, number),
    }


def _change(folder: Folder, setting: str, number: int) -> dict[str, Any]:
    label = folder.labels[number]
    before, after = (
        {run.seed: bool(run.predicted[number] != label) for run in folder.of(name)}
        for name in (folder.baseline, setting)
    )
    both = [seed for seed in before if seed in after]
    half, change = len(both) / 2, None
    b, a = sum(before[seed] for seed in both), sum(after[seed] for seed in both)
    if b > half > a:
        change = "fixed"
    if b < half < a:
        change = "broken"
    return {
        "change": change,
        "fixed": sum(before[seed] and not after[seed] for seed in both),
        "broken": sum(after[seed] and not before[seed] for seed in both),
    }


def _doubts(folder: Folder) -> dict[str, Array]:
    """Confident learning over all settings: suspicion and adjusted margin, each with its rank."""
    labels = folder.labels
    means = [
        np.mean([np.exp(run.logs) for run in folder.of(name)], axis=0) for name in folder.settings
    ]
    p = np.mean(means, axis=0)
    thresholds = np.array([p[labels == k, k].mean() for k in range(p.shape[1])])
    hits = np.eye(p.shape[1])[labels] > 0
    q, m = p / thresholds, p - thresholds
    other = np.where(hits, -np.inf, q).max(axis=1)
    suspicion = other / (other + q[hits])
    margin = np.where(hits, -np.inf, m).max(axis=1) - m[hits]
    return {
        "suspicion": suspicion,
        "suspicion_rank": pd.Series(np.log(other / q[hits])).rank(ascending=False),
        "adjusted_margin": margin,
        "adjusted_margin_rank": pd.Series(margin).rank(ascending=False),
    }
