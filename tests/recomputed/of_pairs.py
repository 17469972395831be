"""tables/pairs.csv, from the raw files: all pairs of settings by every flip of whole seeds."""

from __future__ import annotations

from itertools import combinations, product
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from recomputed.of_comparisons import Values

Array = Any
COLUMNS = (
    *("first", "second", "metric", "n_seeds", "estimate", "low", "high", "level", "p_adjusted"),
    "verdict",
)


def pairs(values: Values) -> pd.DataFrame:
    """None below six seeds."""
    metric, settings = values.folder.study["primary"], list(values.folder.settings)
    table = np.array([values.of(name, metric) for name in settings])
    table = table[:, ~np.isnan(table).any(axis=0)]
    if table.shape[1] < 6:
        return pd.DataFrame(columns=COLUMNS)
    both = list(combinations(range(len(settings)), 2))
    d = np.array([table[first] - table[second] for first, second in both]).round(12)
    flips = np.array([*product((1, -1), repeat=d.shape[1])])
    observed = largest(d[None])[0]
    half = quantile(d, flips) * stats.sem(d, axis=1)
    p = step_down(observed, np.array([largest((d * flip)[None])[0] for flip in flips]))
    rows = [
        {
            "first": settings[first],
            "second": settings[second],
            "metric": metric,
            "n_seeds": d.shape[1],
            "estimate": mean,
            "low": max(mean - h, -1.0),
            "high": min(mean + h, 1.0),
            "level": 0.95,
            "p_adjusted": each,
            "verdict": "undecided" if each > 0.05 else "better" if mean > 0 else "worse",
        }
        for (first, second), mean, h, each in zip(both, d.mean(axis=1), half, p, strict=True)
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def largest(d: Array) -> Array:
    """|t| of each pair."""
    return np.abs(stats.ttest_1samp(d, 0, axis=-1).statistic)


def quantile(d: Array, flips: Array) -> float:
    """That of the largest |t| of all pairs under flips of the differences less their means."""
    centered = d - d.mean(axis=1, keepdims=True)
    t = np.array([largest((centered * flip)[None])[0].max() for flip in flips])
    return float(np.quantile(t, 0.95, method="inverted_cdf"))


def step_down(observed: Array, flipped: Array) -> Array:
    p = np.empty(len(observed))
    order = np.argsort(-observed)
    for k, at in enumerate(order):
        reached = flipped[:, order[k:]].max(axis=1) >= observed[at] * (1 - 1e-9)
        p[at] = max(reached.mean(), p[order[k - 1]] if k else 0.0)
    return p
