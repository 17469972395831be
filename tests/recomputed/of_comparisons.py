"""tables/comparisons.csv, from the raw files."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats
from sklearn import metrics as sk

from recomputed import numbers
from recomputed.compared import Kind, alone, family_of, kind_of, plan, together
from recomputed.of_images_added import ADDED, right
from recomputed.of_runs import measured, target_loss
from recomputed.raw import Folder, Run

Array = Any


class Values:
    """Every metric of every run over the seeds, NaN where there is none."""

    def __init__(self, folder: Folder) -> None:
        self.folder, self.seeds = folder, range(folder.study["seeds"])
        target = target_loss(folder)
        self.by_run = {
            key: measured(run, target) | by_class(run) | causes(run)
            for key, run in folder.runs.items()
            if run.finished
        }
        self.names = list(dict.fromkeys(name for of in self.by_run.values() for name in of))
        self.failed = {
            name: np.array([self._failed(name, seed) for seed in self.seeds])
            for name in folder.settings
        }

    def of(self, setting: str, metric: str) -> Array:
        found = (self.by_run.get((setting, seed), {}).get(metric) for seed in self.seeds)
        return np.array([np.nan if value is None else value for value in found], float)

    def kind(self, metric: str) -> Kind:
        """As the study has it: its margin, and what a failed run counts as."""
        kind = kind_of(metric)
        if metric == self.folder.study["primary"]:
            kind = replace(kind, margin=self.folder.study["margin"])
        if metric in ("test_accuracy", "balanced_accuracy") or metric.startswith("recall:"):
            kind = replace(kind, worst=1 / len(self.folder.classes))
        if metric == "top5_accuracy":
            kind = replace(kind, worst=5 / len(self.folder.classes))
        margin = self.folder.study["metrics"].get(metric, {}).get("margin")
        return kind if margin is None else replace(kind, margin=margin)

    def added(self, setting: str, metric: str, shown: Array) -> dict[int, Array]:
        """Seed -> what each of the images shown adds, of the seeds that have the metric."""
        member = metric.startswith("recall:")
        of = right if member else ADDED[metric][0]
        known = ~np.isnan(self.of(setting, metric))
        return {r.seed: of(r)[shown] for r in self.folder.of(setting) if known[r.seed]}

    def _failed(self, setting: str, seed: int) -> bool:
        run = self.folder.runs.get((setting, seed))
        return run is not None and not run.finished


def by_class(run: Run) -> dict[str, float]:
    labels = range(len(run.classes))
    figures = sk.precision_recall_fscore_support(
        run.labels, run.predicted, labels=labels, zero_division=0
    )
    names = ("precision", "recall", "f1")
    return {
        f"{figure}:{name}": float(values[k])
        for figure, values in zip(names, figures, strict=False)
        for k, name in enumerate(run.classes)
    }


def causes(run: Run) -> dict[str, float]:
    """What a network looks at; nothing where it wasn't analyzed."""
    if not run.analysis:
        return {}
    truth, wrong, classes = run.labels, run.predicted != run.labels, len(run.classes)
    around, center = (run.changed[f"{n}-blanked-50-mean"] for n in ("center", "surroundings"))
    outside = run.analysis["outside"].astype(float)
    accuracy = sk.accuracy_score(truth, run.predicted)
    return {
        f"drop:{name}": accuracy - sk.accuracy_score(truth, given)
        for name, given in run.changed.items()
    } | {
        "background_learned": agreement(truth, around, classes),
        "background_reliance": agreement(run.predicted, around, classes)
        - agreement(run.predicted, center, classes),
        "background_in_failures": agreement(run.predicted[wrong], around[wrong], classes)
        - agreement(run.predicted[wrong], center[wrong], classes),
        "attribution_outside": float(outside[np.isfinite(outside)].mean()),
    }


def agreement(one: Array, other: Array, classes: int) -> float:
    """The share of images with one answer, minus that by chance: the numerator of kappa."""
    if not len(one):
        return np.nan
    table = sk.confusion_matrix(one, other, labels=range(classes)) / len(one)
    return float(np.trace(table) - table.sum(axis=0) @ table.sum(axis=1))


def comparisons(values: Values) -> pd.DataFrame:
    rows = [
        _row(values, variation, metric)
        for variation in values.folder.variations
        for metric in values.names
        if is_compared(metric) and not np.isnan(values.of(variation, metric)).all()
    ]
    families: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        families[family_of(row["metric"])].append(row)
    for family in families.values():
        together(family)
        for row in family:
            plan(row, 0.05 / len(family))
    mcnemar = _failing(values)
    return pd.DataFrame([row | {"p_failing": mcnemar[row["variation"]]} for row in rows])


def is_compared(metric: str) -> bool:
    only_shown = {"best_test_accuracy", "best_test_loss", "final_val_loss", "final_val_accuracy"}
    return metric not in only_shown | {"final_train_loss"} and family_of(metric) not in (
        "precision",
        "f1",
    )


def _row(values: Values, variation: str, metric: str) -> dict[str, Any]:
    kind, baseline = values.kind(metric), values.folder.baseline
    before, after = (values.of(name, metric) for name in (baseline, variation))
    failed = values.failed[baseline], values.failed[variation]
    row: dict[str, Any] = {"variation": variation, "metric": metric, "_kind": kind}
    row |= alone(kind, before, after, failed) | {"paired": True}
    row |= {"_asked": _asked(values, variation, metric)}
    return row | _images(values, variation, metric, (row["low"], row["high"]))


def _images(
    values: Values, variation: str, metric: str, these: tuple[float, float]
) -> dict[str, Any]:
    """For new images, the interval for these ones being given."""
    names = ("low_new_images", "high_new_images", "truncated_new_images")
    member = metric.startswith("recall:") and metric.partition(":")[2]
    if not member and metric not in ADDED:
        return dict.fromkeys(names, np.nan) | {"truncated_new_images": None}
    labels = values.folder.labels
    shown = labels == values.folder.classes.index(member) if member else np.ones(len(labels), bool)
    before, after = (
        values.added(name, metric, shown) for name in (values.folder.baseline, variation)
    )
    table = np.array([after[seed] - before[seed] for seed in before if seed in after])
    most = 1.0 if member else ADDED[metric][1]
    found = numbers.new_images(table, None if member else labels, most=most)
    return dict(zip(names, numbers.at_least(found, *these), strict=True))


def _asked(values: Values, variation: str, metric: str) -> str | None:
    for claim in values.folder.study["claims"]:
        test = claim["test"]
        about = test.get("setting"), test.get("against"), test.get("metric")
        one_sided = test.get("expect") in ("not_worse", "not_better") and not test["margin"]
        if about == (variation, values.folder.baseline, metric) and one_sided:
            return str(test["expect"]).replace("_", " ")
    return None


def _failing(values: Values) -> dict[str, float]:
    """McNemar's exact p by variation, adjusted; NaN where no run failed."""
    before = values.failed[values.folder.baseline]
    p, none = [], []
    for name in values.folder.variations:
        after = values.failed[name]
        only = int((before & ~after).sum()), int((after & ~before).sum())
        p.append(stats.binomtest(only[0], sum(only)).pvalue if sum(only) else 1.0)
        none.append(not (before | after).any())
    adjusted = np.where(none, np.nan, numbers.holm(p))
    return dict(zip(values.folder.variations, adjusted.tolist(), strict=True))
