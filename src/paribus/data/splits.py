"""The training, validation and test images: stratified, the same for every seed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from paribus.errors import DataError
from paribus.records.types import Integers
from paribus.streams import stream
from paribus.study.config import PerClass

#: The names of the parts, in the order of `Splits`.
PARTS = ("train", "validation", "test")


@dataclass(frozen=True)
class Splits:
    """Image numbers of three disjoint parts, each ascending."""

    training: Integers
    validation: Integers
    test: Integers


def split(
    labels: Integers,
    part: npt.NDArray[np.str_],
    validation: PerClass,
    test: PerClass | None,
    *,
    classes: Sequence[str],
    validation_from: Literal["train", "test"] = "train",
) -> Splits:
    """Draw the parts that the source lacks, class by class.

    A missing test part gets `test` of each class; a missing validation part gets `validation`
    of each class from `validation_from`. A share refers to the class's images in the part that
    it is drawn from. The drawing depends on no seed: all runs see the same parts.

    Args:
        labels: (n,) each image's class.
        part: (n,) "train", "validation", "test", or "" where the source doesn't say.
        classes: names, for messages.

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
            counts = {
                to: wanted if isinstance(wanted, int) else max(1, round(wanted * len(pool)))
                for to, (drawn_from, wanted) in draws.items()
                if drawn_from == source
            }
            _require_enough(name, source, len(pool), counts)
            for to, count in counts.items():
                result[pool[:count]] = to
                pool = pool[count:]
    return Splits(*(np.flatnonzero(result == p) for p in PARTS))


def _draws(
    given: npt.NDArray[np.str_], validation: PerClass, test: PerClass | None, validation_from: str
) -> dict[str, tuple[str, PerClass]]:
    """The parts that the source lacks, with the part to draw them from and how much."""
    draws: dict[str, tuple[str, PerClass]] = {}
    if "test" not in given and test is not None:
        draws["test"] = ("train", test)
    if "validation" not in given:
        draws["validation"] = (validation_from, validation)
    return draws


def _require_enough(name: str, source: str, images: int, counts: dict[str, int]) -> None:
    needed = sum(counts.values()) + 1
    if images >= needed:
        return
    shares, advice = "", "Add images of the class."
    if counts:
        drawn = ", ".join(f"{count} for {to}" for to, count in counts.items())
        shares = f" ({drawn}, 1 for {source})"
        advice = f"Add images, or lower {' and '.join(f'data.{to}' for to in counts)}."
    raise DataError(
        f"class {name!r}: expected at least {needed} {source} images{shares}, got {images}. "
        f"{advice}"
    )
