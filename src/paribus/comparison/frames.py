"""Comparisons and claims as tidy tables; `paribus.tables` documents their columns."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from paribus.comparison.claims import ClaimVerdict
from paribus.comparison.compare import Comparison
from paribus.tables import COLUMNS

_TEXT = ("variation", "measure", "unit", "kind", "notes", "id", "says", "evidence", "figure")
#: What a column holds, if not numbers that can be missing.
_TYPES = {
    **dict.fromkeys((*_TEXT, "verdict"), "object"),
    **{"n_seeds": "int64", "missing": "int64", "seeds_needed": "Int64"},
}


def comparisons(made: Sequence[Comparison]) -> pd.DataFrame:
    """One row a variation and measure."""
    return _frame("comparisons", [_comparison(one) for one in made])


def claims(verdicts: Sequence[ClaimVerdict]) -> pd.DataFrame:
    """One row a claim."""
    return _frame("claims", [_claim(one) for one in verdicts])


def _comparison(c: Comparison) -> dict[str, Any]:
    new_pictures = c.new_pictures
    return {
        "variation": c.variation,
        "measure": c.measure.name,
        "unit": "" if c.measure.kind == "log ratio" else c.measure.unit,
        "kind": c.measure.kind,
        "margin": c.measure.margin,
        "seeds_needed": c.seeds_needed.seeds if c.seeds_needed else None,
        "low_new_pictures": new_pictures.low if new_pictures else math.nan,
        "high_new_pictures": new_pictures.high if new_pictures else math.nan,
        "notes": " ".join(c.notes),
        **{
            name: getattr(c, name)
            for name in (
                "n_seeds", "missing", "estimate", "low", "high", "level", "p", "p_adjusted",
                "p_sign_flip", "p_equivalence_adjusted", "verdict", "correlation",
            )
        },
    }  # fmt: skip


def _claim(c: ClaimVerdict) -> dict[str, Any]:
    interval = c.interval
    return {
        "id": c.claim.id,
        "says": c.claim.says,
        "verdict": c.verdict,
        "estimate": interval.estimate if interval else None,
        "low": interval.low if interval else None,
        "high": interval.high if interval else None,
        "level": interval.level if interval else None,
        "n_seeds": c.n_seeds,
        "p": c.p,
        "evidence": c.evidence,
        "figure": c.figure,
    }


def _frame(table: str, rows: list[dict[str, Any]]) -> pd.DataFrame:
    """The rows, with every column of the table in its type even where it is empty."""
    frame = pd.DataFrame(rows, columns=list(COLUMNS[table]))
    return frame.astype({name: _TYPES.get(name, "float64") for name in COLUMNS[table]})
