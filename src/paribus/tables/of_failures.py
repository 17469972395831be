"""Failed cases as a table: each setting's wrong images, what a variation changes, and a choice."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from paribus.errors import ChoiceError, RecordError
from paribus.failures.label_errors import Suspicions, suspicions
from paribus.failures.outcomes import KINDS, VERDICTS, Changes, Outcomes, all_changes, outcomes
from paribus.names import shown
from paribus.records.types import Integers, Record
from paribus.stats.proportions import wilson
from paribus.study.faults import nearest
from paribus.tables.frames import Names, joined

FailureKind = Literal["systematic", "seed-dependent", "one-seed", "fixed", "broken"]
Order = Literal["wrong", "confidence", "boundary", "suspicion", "fixed", "broken"]

#: The orders that need probabilities, each with its column.
_BY_PROBABILITY: Mapping[str, str] = {
    "confidence": "predicted_probability",
    "boundary": "margin",
    "suspicion": "suspicion_rank",
}


def failures(
    records: Sequence[Record], baseline: str, files: Mapping[int, str] = {}
) -> pd.DataFrame:
    """Every setting's failures, setting by setting and in the order of the test images.

    Without predictions of the baseline nothing is fixed or broken.

    Args:
        files: an image's number -> its file, as far as they are known.

    Raises:
        RecordError: if the runs weren't all tested on the same images.
    """
    by_setting = outcomes(records)
    changes = all_changes(by_setting, baseline)
    suspected = suspicions(by_setting)
    parts = [_rows(of, changes.get(name), suspected, files) for name, of in by_setting.items()]
    return joined("failures", parts)


def _rows(
    outcome: Outcomes,
    changes: Changes | None,
    suspected: Suspicions | None,
    files: Mapping[int, str],
) -> dict[str, Any]:
    nothing = np.zeros_like(outcome.wrong)
    change = changes.verdicts if changes else np.full(len(nothing), "")
    rows = np.flatnonzero((outcome.wrong > 0) | (change != ""))
    wrong, seeds = outcome.wrong[rows], len(outcome.seeds)
    low, high = wilson(wrong, seeds)
    failed, unknown = wrong > 0, np.full(len(rows), np.nan)
    return {
        "setting": Names(np.zeros_like(rows), [outcome.setting]),
        "image": outcome.index[rows],
        "file": [files.get(number, "") for number in outcome.index[rows].tolist()],
        "true": Names(outcome.labels[rows], outcome.classes),
        "predicted": Names(
            np.where(failed, outcome.rival[rows], len(outcome.classes)), [*outcome.classes, ""]
        ),
        "kind": _numbered(outcome.kinds[rows], KINDS),
        "wrong": wrong,
        "seeds": np.full_like(wrong, seeds),
        "wrong_low": low,
        "wrong_high": high,
        "true_probability": outcome.true_probability[rows],
        "predicted_probability": np.where(failed, outcome.rival_probability[rows], np.nan),
        "margin": outcome.margin[rows],
        "votes": _votes(outcome.votes[rows], outcome.classes),
        "change": _numbered(change[rows], VERDICTS),
        "fixed": (changes.fixed if changes else nothing)[rows],
        "broken": (changes.broken if changes else nothing)[rows],
        "suspicion": suspected.score[rows] if suspected else unknown,
        "suspicion_rank": suspected.rank[rows] if suspected else unknown,
        "adjusted_margin": suspected.margin[rows] if suspected else unknown,
        "adjusted_margin_rank": suspected.margin_rank[rows] if suspected else unknown,
    }


def _numbered(words: npt.NDArray[np.str_], names: Sequence[str]) -> Names:
    """Words as a column of names; one that isn't among them is none."""
    number = {name: n for n, name in enumerate(names)}
    return Names(np.array([number.get(word, -1) for word in words.tolist()], np.int64), names)


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


def chosen_failures(
    records: Sequence[Record],
    baseline: str,
    files: Mapping[int, str] = {},
    *,
    setting: str | None = None,
    true: str | None = None,
    predicted: str | None = None,
    kind: FailureKind | None = None,
    sort: Order = "wrong",
) -> pd.DataFrame:
    """The rows of `failures` that are asked for; what is None doesn't restrict them.

    Args:
        files: as `failures` has them.
        true: the true class.
        predicted: a class that at least one seed of the setting gives, not just the most
            frequent one.
        kind: as in the column `kind`, or `change` for "fixed" and "broken".
        sort: what comes first: "wrong" in most seeds, then with the most "confidence"; nearest
            to the "boundary"; highest "suspicion"; "fixed" or "broken" in most paired seeds.

    Raises:
        ChoiceError: a setting or class that there isn't, where the message names the valid ones;
            or an order by probabilities that no run has.
        RecordError: no run of the setting has predictions, or the runs weren't all tested on the
            same images.
    """
    _demand("trained setting", setting, dict.fromkeys(record.facts.setting for record in records))
    classes = dict.fromkeys(name for record in records for name in record.classes)
    for name in (true, predicted):
        _demand("class", name, classes)
    by_setting = outcomes(records)
    if setting is not None and setting not in by_setting:
        raise RecordError(
            f"{setting}: expected a run with predictions for the test images, got none; without "
            "them nothing is known of failures"
        )
    frame = failures(records, baseline, files)
    if frame.empty:
        return frame  # no row tells what its columns hold
    column = _BY_PROBABILITY.get(sort)
    if column and frame[column].isna().all():
        raise ChoiceError(
            f"expected probabilities to sort by {sort}, got predicted classes alone; sort by "
            "wrong, fixed or broken"
        )
    for column, value in (("setting", setting), ("true", true)):
        if value is not None:
            frame = frame[frame[column] == value]
    if kind is not None:
        frame = frame[frame["change" if kind in ("fixed", "broken") else "kind"] == kind]
    if predicted is not None:
        frame = frame[_given(by_setting, frame, predicted)]
    return frame.iloc[np.lexsort(_keys(frame, sort))].reset_index(drop=True)


def _given(
    by_setting: Mapping[str, Outcomes], frame: pd.DataFrame, name: str
) -> npt.NDArray[np.bool_]:
    """Of each row, whether a seed of its setting takes its image for the class."""
    given = np.zeros(len(frame), bool)
    for setting, outcome in by_setting.items():
        rows = np.flatnonzero(frame["setting"] == setting)
        images = outcome.rows(frame["image"].to_numpy()[rows])
        given[rows] = outcome.votes[images, outcome.classes.index(name)] > 0
    return given


def _keys(frame: pd.DataFrame, sort: Order) -> list[npt.NDArray[np.float64]]:
    """For `numpy.lexsort`: the last counts first, and rows stay in their order where all tie."""
    column = {name: frame[name].to_numpy(float) for name in frame.select_dtypes("number")}
    confidence = -np.nan_to_num(column["predicted_probability"])
    match sort:
        case "wrong":
            return [confidence, -column["wrong"] / column["seeds"]]
        case "confidence":
            return [confidence]
        case "boundary":
            return [np.abs(column["margin"])]
        case "suspicion":
            return [column["suspicion_rank"]]
        case "fixed":
            return [column["broken"], -column["fixed"]]
        case "broken":
            return [column["fixed"], -column["broken"]]


def _demand(what: str, name: str | None, valid: Iterable[str]) -> None:
    if name is not None and name not in valid:
        names = [shown(name) for name in valid]
        raise ChoiceError(f"no {what} is called {shown(name)!r}{nearest(shown(name), names)}")
