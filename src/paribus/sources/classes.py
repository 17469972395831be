"""Predictions as they must be: examples told apart, classes that are known, rows of sum 1."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import numpy.typing as npt

from paribus.errors import SourceError
from paribus.sources.run import FoundPredictions

#: Classes of a run.
MOST_CLASSES = 50_000

#: Rows of probabilities may be so far from a sum of 1, as those of half precision are.
OFF = 0.01

#: Texts, in small letters, that say that nothing is there. A class may be called "none".
_NOTHING = frozenset(("", "nan", "na", "n/a", "<na>", "null"))
_WHOLE = re.compile(r"([-+]?[0-9]+)(\.0+)?")


def predictions_of(
    ids: Sequence[str],
    labels: Sequence[str],
    predicted: Sequence[str],
    declared: Sequence[str] | None,
    probabilities: npt.NDArray[np.float64] | None,
    paths: Sequence[str],
    at: Callable[[int], str],
) -> FoundPredictions:
    """The predictions for n examples; `at` gives a row's place, which messages begin with.

    `declared` are the classes in the order of the columns of `probabilities`, (n, classes).

    Raises:
        SourceError: something is missing, stands twice, is no probability or of no class.
    """
    if (count := len({*labels, *predicted, *(declared or ())})) > MOST_CLASSES:
        raise SourceError(f"{at(0)}: {count:,} classes, at most {MOST_CLASSES:,} can be read")
    for what, texts in (("id", ids), ("label", labels), ("prediction", predicted)):
        _require_all(what, texts, at)
    _require_different(ids, at)
    labels, predicted, classes = _named(labels, predicted, declared)
    if declared is not None:
        for what, texts in (("label", labels), ("prediction", predicted)):
            _require_known(what, texts, classes, at)
    if probabilities is not None:
        _require_probabilities(probabilities, at)
    return FoundPredictions(
        tuple(ids), tuple(labels), tuple(predicted), classes, probabilities, tuple(paths)
    )


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """Classes in the order of their numbers if all are whole numbers, else of the alphabet."""
    different = sorted(set(names))
    if all(map(_WHOLE.fullmatch, different)):
        different.sort(key=float)
    return tuple(different)


def softmax(logits: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """(n, classes) probabilities from logits; finite ones give rows of sum 1."""
    with np.errstate(over="ignore"):  # of two that are far apart, one is 0
        powers: npt.NDArray[np.float64] = np.exp(logits - logits.max(axis=1, keepdims=True))
    powers /= powers.sum(axis=1, keepdims=True)
    return powers


def _named(
    labels: Sequence[str], predicted: Sequence[str], declared: Sequence[str] | None
) -> tuple[list[str], list[str], tuple[str, ...]]:
    """Labels and predictions by the names of their classes, and all of these.

    Where all are whole numbers, 3.0 is 3: a column with a gap somewhere is one of real numbers.
    """
    names = {*labels, *predicted}
    known = {name: name for name in names}
    if all(map(_WHOLE.fullmatch, names | {*(declared or ())})):
        known = {name: name.partition(".")[0] for name in names}
    classes = in_order(known.values()) if declared is None else tuple(declared)
    return [known[label] for label in labels], [known[name] for name in predicted], classes


def _require_all(what: str, texts: Sequence[str], at: Callable[[int], str]) -> None:
    if nothing := {text for text in set(texts) if text.strip().lower() in _NOTHING}:
        row = next(row for row, text in enumerate(texts) if text in nothing)
        raise SourceError(f"{at(row)}: no {what} (got {texts[row]!r})")


def _require_different(ids: Sequence[str], at: Callable[[int], str]) -> None:
    if len(set(ids)) == len(ids):
        return
    first: dict[str, int] = {}
    for row, name in enumerate(ids):
        if first.setdefault(name, row) != row:
            where = f"{at(row)}: id {name!r} also stands at {at(first[name])}"
            advice = "give each run its own file, or columns `setting` and `seed`"
            raise SourceError(f"{where}; {advice}")


def _require_known(
    what: str, texts: Sequence[str], classes: Sequence[str], at: Callable[[int], str]
) -> None:
    if unknown := set(texts) - set(classes):
        row = next(row for row, text in enumerate(texts) if text in unknown)
        names = ", ".join(classes[:10]) + ", ..." * (len(classes) > 10)
        raise SourceError(f"{at(row)}: {what} {texts[row]!r} is none of the classes ({names})")


def _require_probabilities(values: npt.NDArray[np.float64], at: Callable[[int], str]) -> None:
    # Any NaN is the least and the greatest of its row, and isn't within.
    within = (values.min(axis=1) >= -OFF) & (values.max(axis=1) <= 1 + OFF)
    with np.errstate(over="ignore", invalid="ignore"):
        sums: npt.NDArray[np.float64] = values.sum(axis=1)
    wrong = ~within | (np.abs(sums - 1) > OFF)
    if wrong.any():
        row = int(np.argmax(wrong))
        what = f"sum to {sums[row]:.6g}, not to 1"
        if not within[row]:
            value = next(value for value in values[row] if not -OFF <= value <= 1 + OFF)
            what = f"have {value:.6g}, which is none"
        raise SourceError(f"{at(row)}: the probabilities {what}")
