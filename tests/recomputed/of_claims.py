"""tables/claims.csv, from the values of the runs, as docs/statistics.md has it.

A claim is a list of statements, each with p for it and against it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from recomputed import numbers
from recomputed.compared import Kind, differences, one_sided
from recomputed.of_comparisons import Values
from recomputed.of_images_added import ADDED

Array = Any
#: Anchors of the report, by metric; others stand with the comparison.
FIGURES = dict.fromkeys(
    ("best_epoch", "best_val_loss", "epochs_to_loss", "roughness", "generalization_gap"), "loss"
)
FIGURES |= dict.fromkeys(("recall",), "recall") | dict.fromkeys(("precision", "f1"), "report")
FIGURES |= dict.fromkeys(("drop", "background_learned", "background_reliance"), "causes")
FIGURES |= dict.fromkeys(("background_in_failures", "attribution_outside"), "causes")


@dataclass
class Statement:
    """Its interval as readers see it, and one p value each for it and against it."""

    center: tuple[float, float, float, float]
    support: float
    refute: float
    n: int
    verdict: str = ""


def claims(values: Values) -> pd.DataFrame:
    return pd.DataFrame([_row(values, claim) for claim in values.folder.study["claims"]])


def _row(values: Values, claim: dict[str, Any]) -> dict[str, Any]:
    test = claim["test"]
    statements = _statements(values, test)
    for statement, p in zip(
        statements, numbers.holm([one.refute for one in statements]).tolist(), strict=True
    ):
        statement.refute = p
        statement.verdict = "supported" if statement.support <= 0.05 else "undecided"
        statement.verdict = "refuted" if p <= 0.05 else statement.verdict
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
        "failed": sum(int(values.failed[name].sum()) for name in _settings(values, test)),
        "p": deciding.refute if verdict == "refuted" else deciding.support,
        "figure": FIGURES.get(test["metric"].partition(":")[0], "comparison"),
    }


def _settings(values: Values, test: dict[str, Any]) -> list[str]:
    if "setting" in test:
        return [test["setting"], test["against"]]
    if "best" in test and test["settings"] == "all":
        return values.folder.settings
    return list(test.get("within") or test.get("order") or test["settings"])


def _statements(values: Values, test: dict[str, Any]) -> list[Statement]:
    if "within" in test:
        metric = test["metric"]
        return [_value(values, name, metric, *ends) for name, ends in test["within"].items()]
    if "order" in test:
        columns = {name: values.of(name, test["metric"]) for name in test["order"]}
        return [_above(columns[one], columns[other]) for one, other in pairwise(test["order"])]
    return [_difference(values, test)] if "setting" in test else _ranking(values, test)


def _ranking(values: Values, test: dict[str, Any]) -> list[Statement]:
    made = []
    for setting in _settings(values, test):
        of = {k: values.of(setting, f"{test['metric']}:{k}") for k in values.folder.classes}
        for best, named in ((True, test["best"]), (False, test["worst"])):
            pairs = [(one, other) for one in named or () for other in of if other not in named]
            ordered = pairs if best else [pair[::-1] for pair in pairs]
            made += [_above(of[one], of[other], most=1.0 if test["metric"] != "f1" else np.inf) for one, other in ordered]
    return made


def _above(upper: Array, lower: Array, most: float = np.inf) -> Statement:
    d = differences(Kind("higher"), lower, upper)
    p, (low, high) = numbers.t_p(d), numbers.mean_interval(d)
    if np.ptp(d) == 0:
        low = high = np.nan
    center = (float(d.mean()), max(low, -most), min(high, most), 0.95)
    return Statement(center, p if d.mean() > 0 else 1.0, p if d.mean() < 0 else 1.0, len(d))


def _difference(values: Values, test: dict[str, Any]) -> Statement:
    """Of one setting against another."""
    kind, metric = values.kind(test["metric"]), test["metric"]
    before, after = (values.of(test[name], metric) for name in ("against", "setting"))
    d = differences(kind, before, after)
    no_failures = np.zeros(0)
    censored = [_censored(values, test[name], metric) for name in ("setting", "against")]
    known = (
        lambda at: one_sided(kind, d, at, "greater", no_failures),
        lambda at: one_sided(kind, d, at, "less", no_failures),
    )
    above = (lambda at: 1.0) if censored[1] else known[0]
    below = (lambda at: 1.0) if censored[0] else known[1]
    center = _center(kind, d)
    if "between" in test:
        low, high = np.log(test["between"]) if kind.compare == "ratio" else test["between"]
        return Statement(center, *_inside(above, below, low, high), len(d))
    margin = test["margin"] or kind.margin
    margin = np.log1p(margin) if kind.compare == "ratio" else margin
    expect = test["expect"]
    if expect == "equivalent":
        return Statement(center, *_inside(above, below, -margin, margin), len(d))
    up = expect.removeprefix("not_") in ("higher", "better" if kind.better == "higher" else "worse")
    if expect.startswith("not_"):
        both = (below(margin), 2 * above(margin)) if up else (above(-margin), 2 * below(-margin))
        return Statement(center, both[0], min(1.0, both[1]), len(d))
    by = test["by"] or 0.0
    bound = by if up else -by
    bound = np.log1p(bound) if kind.compare == "ratio" else bound
    p = [min(1.0, 2 * of(bound)) for of in (known if up else known[::-1])]
    return Statement(center, *p, len(d))


def _inside(
    above: Callable[[float], float], below: Callable[[float], float], low: float, high: float
) -> tuple[float, float]:
    return max(above(low), below(high)), min(1.0, 2 * min(below(low), above(high)))


def _censored(values: Values, setting: str, metric: str) -> bool:
    """Whether a training ended too early to know more than "at least"."""
    last = values.folder.study["epochs"] + (metric == "epochs_to_loss")
    return metric in ("best_epoch", "epochs_to_loss") and bool(
        (values.of(setting, metric) == last).any()
    )


def _center(kind: Kind, d: Array) -> tuple[float, float, float, float]:
    level, center, (low, high) = 0.95, d.mean(), numbers.mean_interval(d)
    if kind.compare == "ranks":
        center, low, high, level = numbers.shift_interval(d)
    if np.ptp(d) == 0:
        low, high, level = np.nan, np.nan, 0.95
    if kind.compare == "ratio":
        center, low, high = np.exp([center, low, high])
    else:
        low, high = np.clip([low, high], -kind.most, kind.most)
    return float(center), float(low), float(high), level


def _value(values: Values, setting: str, metric: str, low: float, high: float) -> Statement:
    """Of one setting's mean; of what goes beyond chance for new images, too."""
    d = values.of(setting, metric)
    d = d[~np.isnan(d)]
    ends, known = numbers.mean_interval(d), Kind("higher")
    p = {
        (side, at): one_sided(known, d, at, side, np.zeros(0))
        for side in ("greater", "less")
        for at in (low, high)
    }
    if metric.startswith("background_"):
        shown = np.ones(len(values.folder.labels), bool)
        table = np.array(list(values.added(setting, metric, shown).values()))
        new = numbers.new_images(table, values.folder.labels)[:2]
        ends = min(ends[0], new[0]), max(ends[1], new[1])
        for side, at in p:
            p[side, at] = max(p[side, at], numbers.new_images_p(table, values.folder.labels, at, side))
    if np.ptp(d) == 0:
        ends = np.nan, np.nan
    if _censored(values, setting, metric):
        p["less", low] = p["less", high] = 1.0
    most = (ADDED.get(metric) or (None, np.inf))[1]
    center = (float(d.mean()), *np.clip(ends, 0 if most == 1 else -most, most).tolist(), 0.95)
    both = _inside(lambda at: p["greater", at], lambda at: p["less", at], low, high)
    return Statement(center, *both, len(d))
