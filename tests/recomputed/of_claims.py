"""tables/claims.csv, from the values of the runs, as docs/statistics.md has it.

A claim is a list of statements, each with p for it and against it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from recomputed import numbers
from recomputed.compared import Kind, at_worst, differences, kind_of, one_sided
from recomputed.of_comparisons import Values

Array = Any
#: Anchors of the report, by metric; others stand with the comparison.
FIGURES = dict.fromkeys(
    ("best_epoch", "best_val_loss", "epochs_to_loss", "roughness", "generalization_gap"), "loss"
)
FIGURES |= dict.fromkeys(("recall",), "confusion") | dict.fromkeys(("precision", "f1"), "report")
FIGURES |= dict.fromkeys(("drop", "background_learned", "background_reliance"), "causes")
FIGURES |= dict.fromkeys(("background_in_failures", "attribution_outside"), "causes")


@dataclass
class Statement:
    """Its interval as readers see it, and one p value each for it and against it."""

    center: tuple[float, float, float, float]
    support: float
    refute: float
    n: int
    failed: bool = False  # it is about a setting with failed runs, and not about two settings
    verdict: str = ""


def claims(values: Values, level: float = 0.95) -> pd.DataFrame:
    """Each claim by its deciding statement; `level` is that of intervals of differences."""
    return pd.DataFrame([_row(values, claim, level) for claim in values.folder.study["claims"]])


def _row(values: Values, claim: dict[str, Any], at: float) -> dict[str, Any]:
    test = claim["test"]
    statements = _statements(values, test, at)
    failed = sum(int(values.failed[name].sum()) for name in _settings(values, test))
    for statement, p in zip(
        statements, numbers.holm([one.refute for one in statements]).tolist(), strict=True
    ):
        statement.refute = p
        statement.verdict = "supported" if statement.support <= 0.05 else "undecided"
        statement.verdict = "refuted" if p <= 0.05 else statement.verdict
        if statement.failed:
            statement.verdict = "undecided"
    verdicts = {one.verdict for one in statements}
    verdict = next(v for v in ("refuted", "undecided", "supported") if v in verdicts)
    alike = [one for one in statements if one.verdict == verdict]
    deciding = max(alike, key=lambda one: one.support)
    if verdict == "refuted":
        deciding = min(alike, key=lambda one: one.refute)
    estimate, low, high, level = deciding.center
    return {
        "id": claim["id"],
        "verdict": verdict,
        "estimate": estimate,
        "low": low,
        "high": high,
        "level": level,
        "n_seeds": deciding.n,
        "failed": failed,
        "p": deciding.refute if verdict == "refuted" else deciding.support,
        "figure": FIGURES.get(test["metric"].partition(":")[0], "comparison"),
    }


def _settings(values: Values, test: dict[str, Any]) -> list[str]:
    if "setting" in test:
        return [test["setting"], test["against"]]
    if "best" in test and test["settings"] == "all":
        return values.folder.settings
    return list(test.get("within") or test.get("order") or test["settings"])


def _statements(values: Values, test: dict[str, Any], at: float) -> list[Statement]:
    if "within" in test:
        metric = test["metric"]
        return [_value(values, name, metric, *ends) for name, ends in test["within"].items()]
    if "order" in test:
        table = np.stack([values.of(name, test["metric"]) for name in test["order"]])
        failed = any(values.failed[name].any() for name in test["order"])
        whole, most = table[:, ~np.isnan(table).any(axis=0)], kind_of(test["metric"]).most
        return [_above(one, other, most, failed) for one, other in pairwise(whole)]
    return [_difference(values, test, at)] if "setting" in test else _ranking(values, test)


def _ranking(values: Values, test: dict[str, Any]) -> list[Statement]:
    made = []
    for setting in _settings(values, test):
        of = {k: values.of(setting, f"{test['metric']}:{k}") for k in values.folder.classes}
        for best, named in ((True, test["best"]), (False, test["worst"])):
            pairs = [(one, other) for one in named or () for other in of if other not in named]
            ordered = pairs if best else [pair[::-1] for pair in pairs]
            most, failed = kind_of(test["metric"] + ":").most, bool(values.failed[setting].any())
            made += [_above(of[one], of[other], most, failed) for one, other in ordered]
    return made


def _above(upper: Array, lower: Array, most: float, failed: bool) -> Statement:
    d = differences(Kind("higher"), lower, upper)
    p, (low, high) = numbers.t_p(d), numbers.mean_interval(d)
    if np.ptp(d) == 0:
        low = high = np.nan
    center = (float(d.mean()), max(low, -most), min(high, most), 0.95)
    both = (p if d.mean() > 0 else 1.0), (p if d.mean() < 0 else 1.0)
    return Statement(center, *both, len(d), failed)


@dataclass
class Sides:
    """One-sided p values of where a center lies, failed runs counted against what is shown."""

    kind: Kind
    d: Array
    at_worst: Array
    may_be_smaller: bool = False
    may_be_larger: bool = False

    def above(self, bound: float) -> float:
        p = one_sided(self.kind, self.d, bound, "greater", self.at_worst)
        return 1.0 if self.may_be_smaller else p

    def below(self, bound: float) -> float:
        p = one_sided(self.kind, self.d, bound, "less", self.at_worst)
        return 1.0 if self.may_be_larger else p


def _difference(values: Values, test: dict[str, Any], level: float) -> Statement:
    """Of one setting against another."""
    kind, metric, names = (
        values.kind(test["metric"]),
        test["metric"],
        (test["against"], test["setting"]),
    )
    before, after = (values.of(name, metric) for name in names)
    failed = values.failed[names[0]], values.failed[names[1]]
    d = differences(kind, before, after)
    sides = Sides(kind, d, at_worst(kind, before, after, failed))
    if test.get("expect") not in ("better", "worse", "higher", "lower"):
        sides.may_be_smaller, sides.may_be_larger = (_censored(values, n, metric) for n in names)
    return Statement(_center(kind, d, level), *_of_two(sides, test), len(d))


def _of_two(sides: Sides, test: dict[str, Any]) -> tuple[float, float]:
    kind = sides.kind
    scaled = np.log if kind.compare == "ratio" else np.asarray
    if "between" in test:
        return _inside(sides, *map(float, scaled(test["between"])))
    expect, margin = test["expect"], test["margin"] or kind.margin
    whole = 1.0 if kind.compare == "ratio" else 0.0  # a margin and `by` are shares of a ratio
    if expect == "equivalent":
        return _inside(sides, -float(scaled(whole + margin)), float(scaled(whole + margin)))
    up = expect.removeprefix("not_") in ("higher", "better" if kind.better == "higher" else "worse")
    if expect.startswith("not_"):
        bound = float(scaled(whole + margin))
        if up:
            return sides.below(bound), min(1.0, 2 * sides.above(bound))
        return sides.above(-bound), min(1.0, 2 * sides.below(-bound))
    bound = float(scaled(whole + (test["by"] or 0.0) * (1 if up else -1)))
    p = [min(1.0, 2 * of(bound)) for of in (sides.above, sides.below)]
    return (p[0], p[1]) if up else (p[1], p[0])


def _inside(sides: Sides, low: float, high: float) -> tuple[float, float]:
    inside = max(sides.above(low), sides.below(high))
    return inside, min(1.0, 2 * min(sides.below(low), sides.above(high)))


def _censored(values: Values, setting: str, metric: str) -> bool:
    """Whether a training ended too early to know more than "at least"."""
    last = values.folder.study["epochs"] + (metric == "epochs_to_loss")
    return metric in ("best_epoch", "epochs_to_loss") and bool(
        (values.of(setting, metric) == last).any()
    )


def _center(kind: Kind, d: Array, wanted: float) -> tuple[float, float, float, float]:
    level, center, (low, high) = wanted, d.mean(), numbers.mean_interval(d, wanted)
    if kind.compare == "ranks":
        center, low, high, level = numbers.shift_interval(d, wanted)
    if np.ptp(d) == 0:
        low, high, level = np.nan, np.nan, wanted
    if kind.compare == "ratio":
        center, low, high = np.exp([center, low, high])
    else:
        low, high = np.clip([low, high], -kind.most, kind.most)
    return float(center), float(low), float(high), level


@dataclass
class OfImages(Sides):
    """The same of a setting's mean that new images must show, too."""

    table: Array = None
    labels: Array = None

    def above(self, bound: float) -> float:
        new = numbers.new_images_p(self.table, self.labels, bound, "greater")
        return max(super().above(bound), new)

    def below(self, bound: float) -> float:
        new = numbers.new_images_p(self.table, self.labels, bound, "less")
        return max(super().below(bound), new)


def _value(values: Values, setting: str, metric: str, low: float, high: float) -> Statement:
    """Of one setting's mean; of what goes beyond chance for new images, too."""
    d = values.of(setting, metric)
    d = d[~np.isnan(d)]
    ends, sides = numbers.mean_interval(d), Sides(Kind("higher"), d, np.zeros(0))
    if metric.startswith("background_"):
        labels = values.folder.labels
        added = values.added(setting, metric, np.ones(len(labels), bool))
        table = np.array(list(added.values()))
        new = numbers.new_images(table, labels)
        ends = min(ends[0], new[0]), max(ends[1], new[1])
        sides = OfImages(**vars(sides), table=table, labels=labels)
    sides.may_be_larger = _censored(values, setting, metric)
    if np.ptp(d) == 0:
        ends = np.nan, np.nan
    most = kind_of(metric).most
    shown = np.clip(ends, 0 if most == 1 else -most, most).tolist()
    failed = bool(values.failed[setting].any())
    return Statement((float(d.mean()), *shown, 0.95), *_inside(sides, low, high), len(d), failed)
