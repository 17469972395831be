"""The effects of interventions as tidy tables; `paribus.tables` documents their columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from paribus.comparison.effects import Effect
from paribus.tables import COLUMNS

_TEXT = ("setting", "intervention", "topic", "class", "verdict")
_WHOLE = ("amount", "n_seeds")


def interventions(made: Sequence[Effect]) -> pd.DataFrame:
    """One row a setting and intervention."""
    return _frame("interventions", [_effect(effect) for effect in made])


def interventions_by_class(made: Sequence[Effect]) -> pd.DataFrame:
    """One row a setting, intervention and class."""
    rows = [_class(effect, n, name) for effect in made for n, name in enumerate(effect.classes)]
    return _frame("interventions_by_class", rows)


def _effect(effect: Effect) -> dict[str, Any]:
    c, new_pictures = effect.comparison, effect.comparison.new_pictures
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
        "change_low_new_pictures": new_pictures.low if new_pictures else None,
        "change_high_new_pictures": new_pictures.high if new_pictures else None,
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
    columns = list(COLUMNS[table])
    kinds = dict.fromkeys(columns, "float64")
    kinds |= {name: "object" for name in columns if name in _TEXT}
    kinds |= {name: "int64" for name in columns if name in _WHOLE}
    return pd.DataFrame(rows, columns=columns).astype(kinds)
