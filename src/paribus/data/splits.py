"""Which images train, which validate, which test: stratified, the same for every seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from paribus.errors import DataError
from paribus.streams import stream
from paribus.study.config import PerClass

#: As a source names them, in the order of `Splits`.
PARTS = ("train", "validation", "test")

Index = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Splits:
    """Three parts of the images by number, each ascending; no image is in two."""

    training: Index
    validation: Index
    test: Index


def split(
    labels: npt.NDArray[np.int64],
    part: npt.NDArray[np.str_],
    validation: PerClass,
    test: PerClass | None,
    *,
    classes: Sequence[str],
    validation_from: Literal["train", "test"] = "train",
) -> Splits:
    """Complete the parts that the source gives to three, class by class.

    A source without a test part has `test` of each class drawn for it; without a validation
    part, `validation` of each class are taken out of `validation_from`. A share counts from
    the class's images in the part that it is drawn from. The drawing has a stream of its
    own that depends on no seed: every run of every setting sees the same parts.

    Args:
        labels: (n,) each image's class.
        part: (n,) "train", "validation", "test", or "" where the source doesn't say.
        classes: their names.

    Raises:
        DataError: if a class is left without an image in one of the parts.
    """
    given = np.where(part == "", "train", part)
    draws = _draws(given, validation, test, validation_from)
    shuffled = stream(0, "split").permutation(len(labels))
    result = given.astype("<U10")  # room for "validation"
    for label, name in enumerate(classes):
        for source in (p for p in PARTS if p not in draws):
            pool = shuffled[(labels[shuffled] == label) & (given[shuffled] == source)]
            counts = {to: _count(n, len(pool)) for to, (frm, n) in draws.items() if frm == source}
            _require_enough(name, source, len(pool), counts)
            for to, count in counts.items():
                result[pool[:count]] = to
                pool = pool[count:]
    return Splits(*(np.flatnonzero(result == p) for p in PARTS))


def _draws(
    given: npt.NDArray[np.str_], validation: PerClass, test: PerClass | None, validation_from: str
) -> dict[str, tuple[str, PerClass]]:
    """The parts that the source lacks: from which part to draw them, and how much."""
    draws: dict[str, tuple[str, PerClass]] = {}
    if "test" not in given and test is not None:
        draws["test"] = ("train", test)
    if "validation" not in given:
        draws["validation"] = (validation_from, validation)
    return draws


def _count(wanted: PerClass, pool: int) -> int:
    return wanted if isinstance(wanted, int) else max(1, round(wanted * pool))


def _require_enough(name: str, source: str, came: int, counts: dict[str, int]) -> None:
    needed = sum(counts.values()) + 1
    if came >= needed:
        return
    words = f"class {name!r}: {came} {source} images came, at least {needed} are needed"
    if counts:
        shares = ", ".join(f"{count} for {to}" for to, count in counts.items())
        lower = " and ".join(f"data.{to}" for to in counts)
        raise DataError(f"{words} ({shares}, 1 to be left). Add images, or lower {lower}.")
    raise DataError(f"{words}. Add images of the class.")
