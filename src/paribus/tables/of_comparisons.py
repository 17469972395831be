"""Comparisons, claims and interventions as tidy tables; `paribus.tables` documents them."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import pandas as pd

from paribus.claims.judge import ClaimVerdict
from paribus.comparison.compare import Comparison
from paribus.comparison.effects import Effect
from paribus.comparison.pairs import SettingPairs
from paribus.narrative.claims import evidence
from paribus.narrative.comparisons import notes
from paribus.tables.columns import COLUMNS

_TEXT = (
    *("variation", "metric", "unit", "compare", "notes", "id", "says", "evidence", "figure"),
    *("setting", "intervention", "topic", "class", "verdict", "verdict_of_finished", "shape"),
    *("verdict_robust", "planned", "first", "second"),
)
_WHOLE = ("n_seeds", "missing", "failed", "amount")
#: What a column holds, if not numbers that can be missing.
_TYPES = {
    **dict.fromkeys(_TEXT, "object"),
    **dict.fromkeys(_WHOLE, "int64"),
    "seeds_needed": "Int64",
    "truncated_new_images": "boolean",
    "change_truncated_new_images": "boolean",
    "paired": "bool",
}


def comparisons(
    made: Sequence[Comparison], planned: Callable[[Comparison], str] = lambda c: ""
) -> pd.DataFrame:
    """One row a variation and metric; `planned` says how each stands to the plan."""
    same = (
        *("variation", "n_seeds", "missing", "estimate", "low", "high", "level", "p"),
        *("p_adjusted", "p_sign_flip", "p_equivalence_adjusted", "verdict", "correlation"),
    )
    rows = [
        {name: getattr(c, name) for name in same}
        | {
            "failed": sum(of.failed for of in c.failed),
            "metric": c.metric.name,
            "unit": "" if c.metric.compare == "ratio" else c.metric.unit,
            "compare": c.metric.compare,
            "margin": c.metric.margin,
            "seeds_needed": c.seeds_needed.seeds if c.seeds_needed else None,
            **_failing(c),
            **_new_seeds(c),
            **_other_tests(c),
            "low_new_images": c.new_images.low if c.new_images else None,
            "high_new_images": c.new_images.high if c.new_images else None,
            "truncated_new_images": c.new_images.truncated if c.new_images else None,
            "paired": c.paired,
            "planned": planned(c),
            "notes": " ".join(notes(c)),
        }
        for c in made
    ]
    return _frame("comparisons", rows)


def _failing(c: Comparison) -> dict[str, Any]:
    return {
        "p_failing": c.failing.p_adjusted if c.failing else None,
        "p_counting_failed": c.counted.p_adjusted.difference if c.counted else None,
        "verdict_of_finished": c.overruled or c.verdict,
    }


def _new_seeds(c: Comparison) -> dict[str, Any]:
    predicted, winning, practical = c.prediction, c.outperforming, c.practical
    lower_is_better = c.metric.higher_is_better is False
    ends = (practical.below, practical.above) if practical else (None, None)
    worse, better = reversed(ends) if lower_is_better else ends
    return {
        "predicted_low": predicted.low if predicted else None,
        "predicted_high": predicted.high if predicted else None,
        "predicted_level": predicted.level if predicted else None,
        "outperforms": winning.share if winning else None,
        "outperforms_low": winning.low if winning else None,
        "outperforms_high": winning.high if winning else None,
        "probability_worse": worse,
        "probability_equivalent": practical.inside if practical else None,
        "probability_better": better,
    }


def _other_tests(c: Comparison) -> dict[str, Any]:
    needed = c.seeds_needed
    return {
        "p_one_sided_adjusted": c.p_asked_adjusted,
        "power": needed.power if needed else None,
        "shape": c.shape or "",
        "verdict_robust": c.robust.verdict if c.robust else c.verdict,
    }


def pairs(made: SettingPairs) -> pd.DataFrame:
    """One row a pair of settings."""
    rows = [
        asdict(pair) | {"metric": made.metric.name, "n_seeds": made.n_seeds, "level": made.level}
        for pair in made.pairs
    ]
    return _frame("pairs", rows)


def claims(
    verdicts: Sequence[ClaimVerdict], planned: Callable[[ClaimVerdict], str] = lambda c: ""
) -> pd.DataFrame:
    """One row a claim; `planned` says how each stands to the plan."""
    interval = ("estimate", "low", "high", "level")
    rows = [
        {
            "id": c.claim.id,
            "says": c.claim.says,
            "verdict": c.verdict,
            **{name: getattr(c.interval, name, None) for name in interval},
            "n_seeds": c.n_seeds,
            "failed": sum(of.failed for of in c.failed),
            "p": c.p,
            "planned": planned(c),
            "evidence": evidence(c),
            "figure": c.figure,
        }
        for c in verdicts
    ]
    return _frame("claims", rows)


def interventions(made: Sequence[Effect]) -> pd.DataFrame:
    """One row per setting and intervention."""
    return _frame("interventions", [_effect(effect) for effect in made])


def interventions_by_class(made: Sequence[Effect]) -> pd.DataFrame:
    """One row per setting, intervention and class."""
    rows = [_class(effect, n, name) for effect in made for n, name in enumerate(effect.classes)]
    return _frame("interventions_by_class", rows)


def _effect(effect: Effect) -> dict[str, Any]:
    c, new_images = effect.comparison, effect.comparison.new_images
    return {
        "setting": effect.setting,
        "intervention": effect.intervention.name,
        "topic": effect.intervention.topic,
        "amount": effect.intervention.amount,
        "n_seeds": effect.n_seeds,
        "accuracy": float(effect.accuracy.estimate),
        "low": float(effect.accuracy.low),
        "high": float(effect.accuracy.high),
        "chance": effect.chance,
        "p_chance": float(effect.above_chance.p),
        "change": c.estimate,
        "change_low": c.low,
        "change_high": c.high,
        "change_low_new_images": new_images.low if new_images else None,
        "change_high_new_images": new_images.high if new_images else None,
        "change_truncated_new_images": new_images.truncated if new_images else None,
        "p": c.p,
        "p_adjusted": c.p_adjusted,
        "verdict": c.verdict,
    }


def _class(effect: Effect, n: int, name: str) -> dict[str, Any]:
    recall, change = effect.recall, effect.class_change
    return {
        "setting": effect.setting,
        "intervention": effect.intervention.name,
        "class": name,
        "n_seeds": effect.n_seeds,
        "recall": recall.estimate[n],
        "low": recall.low[n],
        "high": recall.high[n],
        "chance": effect.class_chance[n],
        "p_chance": effect.class_above_chance.p[n],
        "change": change.estimate[n],
        "change_low": change.low[n],
        "change_high": change.high[n],
        "p_change": change.p[n],
    }


def _frame(table: str, rows: list[dict[str, Any]]) -> pd.DataFrame:
    """The rows, with every column of the table in its type even where it is empty."""
    frame = pd.DataFrame(rows, columns=list(COLUMNS[table]))
    return frame.astype({name: _TYPES.get(name, "float64") for name in COLUMNS[table]})
