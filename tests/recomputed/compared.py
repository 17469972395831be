"""One comparison, from the values of two settings over the seeds, as docs/statistics.md has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from recomputed import numbers

Array = Any
PS = ("difference", "equivalence", "not worse", "not better")
TEST = {"difference": numbers.t_p, "ratio": numbers.t_p, "ranks": numbers.signed_ranks}


class Either:
    """One of two words, where both would be right."""

    def __init__(self, *words: str | None) -> None:
        self.words = words

    def __eq__(self, other: object) -> bool:
        return other in self.words

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True)
class Kind:
    """How a metric is compared; `most` is the largest difference there can be."""

    better: str
    compare: str = "difference"
    unit: str = ""
    most: float = np.inf
    margin: float = np.nan
    worst: float = np.nan  # what a failed run counts as; NaN for the worst rank


KINDS = {
    "test_accuracy": Kind("higher", most=1.0),
    "test_loss": Kind("lower", unit="nats"),
    "macro_f1": Kind("higher"),
    "balanced_accuracy": Kind("higher", most=1.0, worst=0.0),
    "top5_accuracy": Kind("higher", most=1.0, worst=0.0),
    "brier_score": Kind("lower"),
    "calibration_error": Kind("lower", most=1.0, worst=1.0),
    "macro_auc": Kind("higher"),
    "best_epoch": Kind("neither", "ranks", "epochs"),
    "best_val_loss": Kind("lower", unit="nats"),
    "epochs_to_loss": Kind("lower", "ranks", "epochs"),
    "roughness": Kind("lower", "ranks"),
    "generalization_gap": Kind("lower", unit="nats"),
    "train_cpu_seconds": Kind("lower", "ratio"),
    "background_learned": Kind("neither"),
    "background_reliance": Kind("neither"),
    "background_in_failures": Kind("neither"),
    "attribution_outside": Kind("neither", most=1.0),
}


def kind_of(metric: str) -> Kind:
    if metric.startswith("drop:"):
        return Kind("lower")
    if metric.startswith(("recall:", "precision:")):
        return Kind("higher", most=1.0)
    return Kind("higher") if metric.startswith("f1:") else KINDS[metric]


def family_of(metric: str) -> str:
    return metric.partition(":")[0]


def differences(kind: Kind, before: Array, after: Array) -> Array:
    """Over the seeds at which both have a value; of logarithms for a ratio."""
    known = ~np.isnan(before) & ~np.isnan(after)
    b, v = before[known], after[known]
    return numbers.paired(np.log(b), np.log(v)) if kind.compare == "ratio" else numbers.paired(b, v)


def alone(
    kind: Kind, before: Array, after: Array, failed: tuple[Array, Array], level: float = 0.95
) -> dict[str, Any]:
    """All of a comparison that needs no other one; p values of other tests begin with "_"."""
    d = differences(kind, before, after)
    return {
        "n_seeds": len(d),
        "missing": len(before) - len(d),
        "failed": sum(int(one.sum()) for one in failed),
        "compare": kind.compare,
        "unit": kind.unit or None,
        "margin": kind.margin,
        **_interval(kind, d, level),
        **_tests(kind, d, before, after, failed),
        **_new_seeds(kind, d, before, after, failed),
        "correlation": _correlation(before, after),
        "_sd": d.std(ddof=1),
    }


def _shown(kind: Kind, *values: float) -> list[float]:
    return [float(np.exp(v)) if kind.compare == "ratio" else float(v) for v in values]


def _interval(kind: Kind, d: Array, level: float) -> dict[str, Any]:
    if kind.compare == "ranks":
        center, low, high, level = numbers.shift_interval(d, level)
    else:
        center, (low, high) = d.mean(), numbers.mean_interval(d, level)
    if np.ptp(d) == 0:
        low = high = np.nan
    low, high = np.clip([low, high], -kind.most, kind.most)
    names = ("estimate", "low", "high")
    row: dict[str, Any] = dict(zip(names, _shown(kind, center, low, high), strict=True))
    return row | {"level": level, "_estimate": float(center)}


def _margin(kind: Kind) -> float:
    return float(np.log1p(kind.margin)) if kind.compare == "ratio" else kind.margin


def _tests(
    kind: Kind, d: Array, before: Array, after: Array, failed: tuple[Array, Array]
) -> dict[str, Any]:
    test, margin = TEST[kind.compare], _margin(kind)
    lost = at_worst(kind, before, after, failed)

    def counted(bound: float, side: str) -> float:
        return one_sided(kind, d, bound, side, lost)

    def p(of: Any) -> dict[str, float]:
        down, up = (
            float(of(d - at, side)) for at, side in ((margin, "less"), (-margin, "greater"))
        )
        upward = kind.better == "higher"
        return {
            "difference": float(of(d, "two-sided")),
            "equivalence": max(down, up) if margin > 0 else np.nan,
            "not worse": (up if upward else down) if margin > 0 else np.nan,
            "not better": (down if upward else up) if margin > 0 else np.nan,
        }

    row: dict[str, Any] = {"p": float(test(d, "two-sided")), "p_sign_flip": numbers.sign_flips(d)}
    row |= {"_plain": p(test), "_counted": None, "shape": _shape(kind, d)}
    row["_robust"] = p(numbers.robust_p) if row["shape"] else None
    if len(lost):
        above, below = counted(0, "greater"), counted(0, "less")
        row["_counted"] = dict.fromkeys(PS, np.nan) | {
            "difference": min(1.0, 2 * min(above, below)),
            "sign": below - above,
        }
        if margin > 0:
            up, down = counted(-margin, "greater"), counted(margin, "less")
            asks = (up, down) if kind.better == "higher" else (down, up)
            row["_counted"] |= dict(zip(("not worse", "not better"), asks, strict=True))
            row["_counted"]["equivalence"] = max(up, down)
    return row


def one_sided(kind: Kind, d: Array, bound: float, side: str, lost: Array) -> float:
    """P of the center being on this side of a bound: with the failed runs against it, too."""
    p = TEST[kind.compare](numbers.paired(np.full(len(d), bound), d), side)
    against = lost[lost < bound if side == "greater" else lost > bound]
    if np.isinf(against).any():
        far = 2 * np.abs(d - bound).max() + 1
        return max(p, numbers.signed_ranks(np.append(d - bound, np.sign(against) * far), side))
    if len(against):
        p = max(p, TEST[kind.compare](np.append(d, against) - bound, side))
    return p


def at_worst(kind: Kind, before: Array, after: Array, failed: tuple[Array, Array]) -> Array:
    """Differences of the seeds in which a run failed."""
    d: list[float] = []
    for b, v, b_failed, v_failed in zip(before, after, *failed, strict=True):
        if b_failed and v_failed:
            d.append(0.0)
        elif b_failed or v_failed:
            if not np.isnan(kind.worst):
                d.append(v - kind.worst if b_failed else kind.worst - b)
            else:
                sign = {"higher": [1], "lower": [-1], "neither": [1, -1]}[kind.better]
                d += [np.inf * s if b_failed else -np.inf * s for s in sign]
    return np.array(d, float)


def _new_seeds(
    kind: Kind, d: Array, before: Array, after: Array, failed: tuple[Array, Array]
) -> dict[str, Any]:
    row = dict.fromkeys(("predicted_low", "predicted_high", "predicted_level"), np.nan)
    n, spread, s = len(d), np.ptp(d) > 0, stats.sem(d)
    if kind.compare == "ranks" and spread:
        k = max(1, int(0.025 * (n + 1) + 1e-9))
        ends = np.sort(d)[k - 1], np.sort(d)[n - k]
        row = dict(zip(row, (*ends, 1 - 2 * k / (n + 1)), strict=True))
    elif spread:
        ends = stats.t.interval(0.95, n - 1, d.mean(), s * np.sqrt(n + 1))
        row = dict(
            zip(row, (*_shown(kind, *np.clip(ends, -kind.most, kind.most)), 0.95), strict=True)
        )
    signs = np.sign(d) * (-1 if kind.better == "lower" else 1)
    if kind.better != "neither":
        outcome = failed[0].astype(int) - failed[1]
        signs = np.append(signs, outcome[failed[0] | failed[1]])
    won = float((signs > 0).sum() + (signs == 0).sum() / 2)
    low, high = proportion_confint(won, len(signs), method="beta")
    row |= {"outperforms": won / len(signs)}
    row |= {"outperforms_low": low if won else 0.0}
    row |= {"outperforms_high": high if won < len(signs) else 1.0}
    return row | _probable(kind, d, any(one.any() for one in failed))


def _probable(kind: Kind, d: Array, any_failed: bool) -> dict[str, float]:
    names = ("probability_worse", "probability_equivalent", "probability_better")
    margin = _margin(kind)
    if not margin > 0 or kind.compare == "ranks" or np.ptp(d) == 0 or any_failed:
        return dict.fromkeys(names, np.nan)
    mean = stats.t(len(d) - 1, d.mean(), stats.sem(d))
    inside = float(mean.cdf(margin) - mean.cdf(-margin))
    ends = float(mean.cdf(-margin)), float(mean.sf(margin))
    below, above = ends if kind.better != "lower" else reversed(ends)
    return dict(zip(names, (below, inside, above), strict=True))


def _shape(kind: Kind, d: Array) -> str | Either | None:
    if kind.compare == "ranks" or np.ptp(d) == 0 or len(d) < 3:
        return None
    most = max(np.unique(d, return_counts=True)[1])
    if most >= 3 and 2 * most > len(d):
        return "clumpy"
    skewness, (low, high) = abs(float(stats.skew(d, bias=False))), numbers.usual_skewness(len(d))
    if low < skewness < high:
        return Either(None, "lopsided")  # no simulation tells
    return "lopsided" if skewness > high else None


def _correlation(before: Array, after: Array) -> float:
    known = ~np.isnan(before) & ~np.isnan(after)
    b, v = before[known], after[known]
    if len(b) < 3 or np.ptp(b) == 0 or np.ptp(v) == 0:
        return np.nan
    return float(stats.pearsonr(b, v).statistic)


# ---- together -----------------------------------------------------------------------------------


def together(rows: list[dict[str, Any]]) -> None:
    """Adjust the comparisons of a family, and give each its verdicts."""
    tests = {
        "_plain": [row["_plain"] for row in rows],
        "_counted": [row["_counted"] or row["_plain"] for row in rows],
        "_robust": [row["_robust"] if row["shape"] else row["_plain"] for row in rows],
    }
    by_test = {
        test: {name: numbers.holm([one[name] for one in each]) for name in PS}
        for test, each in tests.items()
    }
    for n, row in enumerate(rows):
        p = {test: {name: float(of[name][n]) for name in PS} for test, of in by_test.items()}
        _judge(row, p, row.get("_asked"))


def _judge(row: dict[str, Any], p: dict[str, dict[str, float]], asked: str | None) -> None:
    kind = row["_kind"]
    plain, robust = (
        verdict(kind, row["_estimate"], p[test], asked) for test in ("_plain", "_robust")
    )
    counted = None
    if row["_counted"]:
        counted = verdict(kind, row["_counted"]["sign"], p["_counted"], asked)
    whole = held(plain, counted, asked)
    row |= {
        "p_adjusted": p["_plain"]["difference"],
        "p_equivalence_adjusted": p["_plain"]["equivalence"],
        "p_one_sided_adjusted": p["_plain"][asked] if asked else np.nan,
        "p_counting_failed": p["_counted"]["difference"] if counted else np.nan,
        "verdict_of_finished": plain,
        "verdict": whole,
        "verdict_robust": held(robust, counted, asked) if row["shape"] else whole,
    }
    if isinstance(row["shape"], Either):
        row["verdict_robust"] = Either(whole, row["verdict_robust"])


def held(verdict: str, counted: str | None, asked: str | None) -> str:
    """What is left of a verdict with the failed runs counted."""
    if counted in (None, verdict) or verdict == "undecided":
        return verdict
    return asked if asked and counted == asked else "undecided"


def verdict(kind: Kind, estimate: float, p: dict[str, float], asked: str | None = None) -> str:
    if p["equivalence"] <= 0.05:
        return "equivalent"
    if p["difference"] <= 0.05 and estimate:
        if kind.better == "neither":
            return "higher" if estimate > 0 else "lower"
        return "better" if (estimate > 0) == (kind.better == "higher") else "worse"
    return asked if asked and p[asked] <= 0.05 else "undecided"


def plan(row: dict[str, Any], alpha: float) -> None:
    """The seeds needed; of ranks, `_rank_plan` knows what simulations must show."""
    row |= {"seeds_needed": np.nan, "power": np.nan}
    if row["verdict_of_finished"] != "undecided":
        return
    kind, sd, estimate = row["_kind"], row["_sd"], row["_estimate"]
    margin = _margin(kind)
    one_sided = int(np.ceil(-np.log2(alpha)))
    if sd == 0:
        if abs(estimate) < margin or estimate:
            row["seeds_needed"] = one_sided + (not abs(estimate) < margin)
            row["power"] = 1.0
        return
    seeds, power, goal = numbers.seeds_needed(estimate / sd, margin / sd, alpha)
    row |= {"seeds_needed": seeds, "power": power}
    if kind.compare == "ranks" and not np.isnan(seeds):
        row["_rank_plan"] = numbers.RankPlan(goal, estimate / sd, margin / sd, alpha, seeds)


def settled(expected: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """Expected comparisons with the plans of a table that were simulated, where these fit."""
    keys = ["variation", "metric"]
    expected, table = (frame.set_index(keys) for frame in (expected, table))
    plans = expected.get("_rank_plan", pd.Series(dtype=object)).dropna()
    for at, plan in plans.items():
        planned: Any = table.loc[[at]].iloc[0].reindex(["seeds_needed", "power"]).astype(float)
        if plan.fits(*planned):
            expected.loc[[at], ["seeds_needed", "power"]] = planned.to_numpy()
    return expected.reset_index()
