"""Failed cases as a table: each setting's wrong images, and what a variation changes."""

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
        baseline: the setting that the others are compared with; without predictions of it
            nothing is fixed or broken.

    Raises:
        RecordError: if the runs weren't all tested on the same images.
    """
    by_setting = outcomes(records)
    changes = all_changes(by_setting, baseline)
    suspected = suspicions(by_setting)
    parts = [_rows(of, changes.get(name), suspected) for name, of in by_setting.items()]
    return joined("failures", parts)


def _rows(
    outcome: Outcomes, changes: Changes | None, suspected: Suspicions | None
) -> dict[str, Any]:
    nothing = np.zeros_like(outcome.wrong)
    change = np.full(len(nothing), "") if changes is None else changes.verdicts
    rows = np.flatnonzero((outcome.wrong > 0) | (change != ""))
    wrong, seeds = outcome.wrong[rows], len(outcome.seeds)
    low, high = wilson(wrong, seeds)
    failed, unknown = wrong > 0, np.full(len(rows), np.nan)
    return {
        "setting": categorical(np.zeros_like(rows), [outcome.setting]),
        "image": outcome.index[rows],
        "true": categorical(outcome.labels[rows], outcome.classes),
        "predicted": categorical(
            np.where(failed, outcome.rival[rows], len(outcome.classes)), [*outcome.classes, ""]
        ),
        "kind": pd.Categorical(outcome.kinds[rows], KINDS),
        "wrong": wrong,
        "seeds": np.full_like(wrong, seeds),
        "wrong_low": low,
        "wrong_high": high,
        "true_probability": outcome.true_probability[rows],
        "predicted_probability": np.where(failed, outcome.rival_probability[rows], np.nan),
        "margin": outcome.margin[rows],
        "votes": _votes(outcome.votes[rows], outcome.classes),
        "change": pd.Categorical(change[rows], VERDICTS),
        "fixed": (nothing if changes is None else changes.fixed)[rows],
        "broken": (nothing if changes is None else changes.broken)[rows],
        "suspicion": suspected.score[rows] if suspected else unknown,
        "suspicion_rank": suspected.rank[rows] if suspected else unknown,
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
