"""What each test image adds to a metric, by other formulas than Paribus's."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from scipy import stats

from recomputed.of_runs import calibration, calibration_groups
from recomputed.raw import Run

Array = Any
#: Derivatives by a complex step have no rounding error.
STEP = 1e-30


def right(run: Run) -> Array:
    return np.asarray(run.predicted == run.labels, float)


def balanced(run: Run) -> Array:
    support = np.bincount(run.labels, minlength=len(run.classes))
    return right(run) * len(run.labels) / (support > 0).sum() / support[run.labels]


def top5(run: Run) -> Array:
    order = np.argsort(-run.logs, axis=1, kind="stable")[:, :5]
    return np.asarray((order == run.labels[:, None]).any(axis=1), float)


def brier(run: Run) -> Array:
    hits = np.eye(len(run.classes))[run.labels]
    return ((np.exp(run.logs) - hits) ** 2).sum(axis=1)


@cache
def calibration_error(run: Run) -> Array:
    """Mean plus influence; what is taken off for chance is held fixed."""
    groups, n = calibration_groups(run), len(run.labels)
    gap = np.exp(run.logs.max(axis=1)) - right(run)
    corrected = [error for _, error in calibration(run)]
    plain = [abs(gap[group].mean()) for group in groups]

    def error(w: Array) -> Array:
        total: Array = 0.0
        for group, of, uncorrected in zip(groups, corrected, plain, strict=True):
            weight = w[:, group].sum(axis=1)
            d = (w[:, group] @ gap[group]) / weight
            sign = np.where(d.real >= 0, 1, -1)
            total = total + weight / w.sum(axis=1) * (sign * d + of - uncorrected)
        return total

    return influence(error, n)


@cache
def area(run: Run) -> Array:
    """Placement values by mid-ranks among all and among their own (Sun and Xu 2014)."""
    n, parts, areas = len(run.labels), [], []
    for k in range(len(run.classes)):
        own, score = run.labels == k, run.logs[:, k]
        a, b = own.sum(), (~own).sum()
        place, everyone = np.empty(n), stats.rankdata(score)
        place[own] = (everyone[own] - stats.rankdata(score[own])) / b
        place[~own] = 1 - (everyone[~own] - stats.rankdata(score[~own])) / a
        areas.append(place[own].mean())
        parts.append(n * (place - areas[-1]) / np.where(own, a, b))
    return np.mean(areas) + np.mean(parts, axis=0)


def beyond(one: Array, other: Array, classes: int) -> Array:
    """Agreement of two answers beyond chance: mean plus influence of each image."""
    left, right_ = np.eye(classes)[one], np.eye(classes)[other]
    same = np.asarray(one == other, float)

    def kappa(w: Array) -> Array:
        share = w / w.sum(axis=1, keepdims=True)
        return share @ same - ((share @ left) * (share @ right_)).sum(axis=1)

    return influence(kappa, len(one))


def influence(of: Callable[[Array], Array], n: int) -> Array:
    """A metric and n times its derivative by each image's weight; `of` takes (m, n) weights."""
    value = of(np.ones((1, n)))[0]
    return value + n * of(np.ones((n, n)) + 1j * STEP * np.eye(n)).imag / STEP


@cache
def background_learned(run: Run) -> Array:
    return beyond(run.labels, run.changed["center-blanked-50-mean"], len(run.classes))


@cache
def background_reliance(run: Run) -> Array:
    return _reliance(run, np.ones(len(run.labels), bool))


@cache
def background_in_failures(run: Run) -> Array:
    wrong = run.predicted != run.labels
    of_wrong = _reliance(run, wrong)
    values = np.full(len(wrong), of_wrong.mean())
    values[wrong] += (of_wrong - of_wrong.mean()) / wrong.mean()
    return values


def _reliance(run: Run, shown: Array) -> Array:
    around, center = (
        beyond(
            run.predicted[shown], run.changed[f"{part}-blanked-50-mean"][shown], len(run.classes)
        )
        for part in ("center", "surroundings")
    )
    return around - center


#: Metric -> what each image adds, and the furthest that two settings can be apart.
ADDED: dict[str, tuple[Callable[[Run], Array], float]] = {
    "test_accuracy": (right, 1.0),
    "balanced_accuracy": (balanced, 1.0),
    "top5_accuracy": (top5, 1.0),
    "brier_score": (brier, np.inf),
    "calibration_error": (calibration_error, 1.0),
    "macro_auc": (area, np.inf),
    "background_learned": (background_learned, np.inf),
    "background_reliance": (background_reliance, np.inf),
    "background_in_failures": (background_in_failures, np.inf),
}
