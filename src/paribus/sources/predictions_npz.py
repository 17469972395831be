"""Predictions in NumPy's `.npz`: arrays `id`, `label`, `prediction`, `p` or `logits`, `classes`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from paribus.errors import SourceError
from paribus.sources.arrays import MOST_ELEMENTS, Archive, archive
from paribus.sources.classes import MOST_CLASSES, predictions_of, softmax
from paribus.sources.run import FoundPredictions

#: Names of arrays, and of a table's columns in small letters; the first that is there counts.
IDS = ("id", "ids", "index", "image")
LABELS = ("label", "labels", "true", "y_true", "target", "targets")
PREDICTED = ("prediction", "predictions", "pred", "preds", "predicted", "y_pred")
PATHS = ("path", "paths", "file", "files")
PROBABILITIES, LOGITS = ("p", "probs", "probabilities"), ("logits",)
CLASSES = ("classes", "class_names")

#: Examples of a file; as text, each takes some hundred bytes.
MOST = 500_000


def recognizes(path: Path) -> bool:
    """Whether it has labels, and what was predicted of them."""
    try:
        with archive(path) as found:
            told = (PREDICTED, PROBABILITIES, LOGITS)
            return bool(_first(found, LABELS)) and any(_first(found, names) for names in told)
    except (SourceError, OSError):
        return False


def read(path: Path) -> tuple[FoundPredictions, tuple[str, ...]]:
    """The predictions in a file, and what of them is lost.

    Where there are classes, labels and predictions that are whole numbers count them from 0.

    Raises:
        SourceError: it can't be read, or isn't an archive of predictions.
        ReadError: it can't be read now.
    """
    with archive(path) as found:
        ids = _texts(found, _needed(found, "id", IDS, PATHS))
        names = _first(found, CLASSES)
        given = None if names is None else _texts(found, names)
        label = _needed(found, "label", LABELS)
        labels = _of_classes(found, label, given)
        size = len(labels)
        values, lost = _probabilities(found, size)
        columns = None if values is None else _columns(path, values, given, labels)
        classes = given if given is not None else columns
        predicted = _predicted(found, values, classes, given)
        paths = _texts(found, name) if (name := _first(found, PATHS)) else []
    for what, texts in (("id", ids), ("prediction", predicted), ("path", paths or labels)):
        if len(texts) != size:
            raise SourceError(f"{path}: {size:,} labels, and {len(texts):,} of {what}")
    if not size:
        raise SourceError(f"{path}: has arrays and no predictions")
    if classes is not None and len(set(classes)) < len(classes):
        raise SourceError(f"{path}: two classes have one name")

    def at(row: int) -> str:
        return f"{path}: row {row} (from 0)"

    return predictions_of(ids, labels, predicted, classes, values, paths, at), lost


def _first(found: Archive, names: Sequence[str]) -> str | None:
    known = {name.lower(): name for name in reversed(found.names)}
    return next((known[name] for name in names if name in known), None)


def _needed(found: Archive, what: str, names: Sequence[str], others: Sequence[str] = ()) -> str:
    name = _first(found, (*names, *others))
    if name is None:
        there = ", ".join(found.names[:8]) or "none"
        known = ", ".join((*names, *others))
        raise SourceError(f"{found.path}: no array {what} ({known}); there are {there}")
    return name


def _texts(found: Archive, name: str) -> list[str]:
    """(n,) an array's values as text; whole numbers may be kept as real ones."""
    where = f"{found.path}: array {name!r}"
    header = found.header(name)
    if len(header.shape) != 1 or header.elements > MOST:
        what = f"expected one value an example, for at most {MOST:,}"
        raise SourceError(f"{where}: {what}; its shape is {header.shape}")
    values = found.read(name)
    if values.dtype.kind == "f":
        with np.errstate(invalid="ignore"):
            whole = np.isfinite(values) & (values == np.trunc(values))
        if not whole.all():
            row = int(np.argmin(whole))
            raise SourceError(f"{where}: row {row} (from 0) is {values[row]}, no whole number")
        return [str(int(value)) for value in values.tolist()]
    if values.dtype.kind == "S":
        try:
            values = np.char.decode(values, "utf-8")
        except UnicodeDecodeError:
            raise SourceError(f"{where}: text that isn't UTF-8") from None
    return _shared(values)


def _shared(values: npt.NDArray[Any]) -> list[str]:
    """Values as text, equal ones as one object."""
    known: dict[Any, str] = {}
    return [known.setdefault(value, str(value)) for value in values.tolist()]


def _of_classes(found: Archive, name: str, classes: Sequence[str] | None) -> list[str]:
    """An array's classes by name."""
    texts = _texts(found, name)
    if classes is None or found.header(name).dtype.kind in "US":
        return texts
    numbers = {str(number): each for number, each in enumerate(classes)}
    if unknown := set(texts) - set(numbers):
        row = next(row for row, text in enumerate(texts) if text in unknown)
        what = f"row {row} (from 0) is {texts[row]}, and there are {len(classes)} classes"
        raise SourceError(f"{found.path}: array {name!r}: {what}")
    return [numbers[text] for text in texts]


def _probabilities(
    found: Archive, size: int
) -> tuple[npt.NDArray[np.float64] | None, tuple[str, ...]]:
    """(n, classes), from logits if they were kept instead; None where there are none."""
    name = _first(found, (*PROBABILITIES, *LOGITS))
    if name is None:
        return None, ()
    header, where = found.header(name), f"{found.path}: array {name!r}"
    if header.elements > MOST_ELEMENTS and _first(found, PREDICTED):
        most = f"at most {MOST_ELEMENTS:,} can be read"
        return None, (f"{where} is left out: {header.elements:,} numbers; {most}",)
    if header.dtype.kind not in "fiu" or len(header.shape) != 2 or header.shape[0] != size:
        what = f"expected {size:,} rows of a number for each class"
        raise SourceError(f"{where}: {what}; it is {header.dtype} of shape {header.shape}")
    if not 0 < header.shape[1] <= MOST_CLASSES:
        what = f"has {header.shape[1]:,} classes; 1 to {MOST_CLASSES:,} can be read"
        raise SourceError(f"{where}: {what}")
    values = found.read(name).astype(np.float64)
    if name.lower() not in LOGITS:
        return values, ()
    if not np.isfinite(values).all():
        row = int(np.argmin(np.isfinite(values).all(axis=1)))
        raise SourceError(f"{where}: row {row} (from 0) isn't finite")
    return softmax(values), ()


def _columns(
    path: Path,
    values: npt.NDArray[np.float64],
    given: Sequence[str] | None,
    labels: Sequence[str],
) -> list[str]:
    """The classes that the columns of probabilities stand for: those given, or numbers from 0."""
    count = values.shape[1]
    numbers = list(map(str, range(count)))
    if given is None and not set(labels) <= set(numbers):
        what = f"nothing says which of the {count} columns of probabilities is which class"
        raise SourceError(f"{path}: {what}; add an array `classes` of their names")
    if given is not None and len(given) != count:
        raise SourceError(f"{path}: {len(given)} classes, and {count} columns of probabilities")
    return numbers if given is None else list(given)


def _predicted(
    found: Archive,
    values: npt.NDArray[np.float64] | None,
    classes: Sequence[str] | None,
    given: Sequence[str] | None,
) -> list[str]:
    """What was predicted, or else the likeliest class of each row."""
    name = _first(found, PREDICTED)
    if name is not None:
        return _of_classes(found, name, given)
    if values is None or classes is None:
        return _texts(found, _needed(found, "prediction", PREDICTED))
    return [classes[number] for number in values.argmax(axis=1).tolist()]
