"""Failed cases as a table: each setting's wrong images, and what a variation changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from paribus.failures.label_errors import Suspicions, suspicions
from paribus.failures.outcomes import (
    KINDS,
    VERDICTS,
    Changes,
    Outcomes,
    all_changes,
    outcomes,
)
from paribus.records.types import Integers, Record
from paribus.stats.proportions import wilson
from paribus.tables.frames import categorical, joined


def failures(records: Sequence[Record], baseline: str) -> pd.DataFrame:
    """Every setting's failures, setting by setting and in the order of the test images.

    Args:
        baseline: the setting that the others are compared with; without a finished run of it
            nothing is fixed or broken.

    Raises:
        RecordError: if the runs weren't all tested on the same images.
    """
    found = outcomes(records)
    changes = all_changes(found, baseline)
    suspected = suspicions(found) if found else None
    parts = [_rows(its, changes.get(name), suspected) for name, its in found.items() if suspected]
    return joined("failures", parts)


def _rows(its: Outcomes, changes: Changes | None, suspected: Suspicions) -> dict[str, Any]:
    nothing = np.zeros_like(its.wrong)
    change = np.full(len(nothing), "") if changes is None else changes.verdicts
    rows = np.flatnonzero((its.wrong > 0) | (change != ""))
    wrong, seeds = its.wrong[rows], len(its.seeds)
    low, high = wilson(wrong, seeds)
    failed = wrong > 0
    return {
        "setting": categorical(np.zeros_like(rows), [its.setting]),
        "image": its.index[rows],
        "true": categorical(its.labels[rows], its.classes),
        "predicted": categorical(
            np.where(failed, its.rival[rows], len(its.classes)), [*its.classes, ""]
        ),
        "kind": pd.Categorical(its.kinds[rows], KINDS),
        "wrong": wrong,
        "seeds": np.full_like(wrong, seeds),
        "wrong_low": low,
        "wrong_high": high,
        "true_probability": its.true_probability[rows],
        "predicted_probability": np.where(failed, its.rival_probability[rows], np.nan),
        "margin": its.margin[rows],
        "votes": _votes(its.votes[rows], its.classes),
        "change": pd.Categorical(change[rows], VERDICTS),
        "fixed": (nothing if changes is None else changes.fixed)[rows],
        "broken": (nothing if changes is None else changes.broken)[rows],
        "suspicion": suspected.score[rows],
        "suspicion_rank": suspected.rank[rows],
    }


def _votes(votes: Integers, classes: Sequence[str]) -> list[str]:
    """Each row of (n, classes) in words, as "cat: 6, deer: 3, dog: 1"; equals in their order."""
    rows, given = votes.nonzero()
    counts = votes[rows, given]
    order = np.lexsort((given, -counts, rows))
    words = [
        f"{classes[number]}: {count}"
        for number, count in zip(given[order].tolist(), counts[order].tolist(), strict=True)
    ]
    ends = np.cumsum((votes > 0).sum(axis=1)).tolist()
    return [", ".join(words[start:end]) for start, end in zip([0, *ends], ends, strict=False)]
