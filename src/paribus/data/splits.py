"""Which pictures are for training, validation and test: stratified, and the same for every run."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from paribus.errors import DataError
from paribus.records import Integers
from paribus.streams import stream

Share = int | float


@dataclass(frozen=True)
class Splits:
    """Numbers of pictures, ascending; no picture stands in two of them."""

    training: Integers
    validation: Integers
    test: Integers


def split(
    labels: Integers,
    part: npt.NDArray[np.str_],
    validation: Share,
    test: Share,
    classes: tuple[str, ...],
    validation_from: str = "train",
) -> Splits:
    """Split pictures class by class; parts that the source itself has stay as they are.

    Args:
        labels, part: (n,) as in `Pictures`.
        validation, test: pictures of each class (int) or a share of each class (float), used
            only for a part that the source lacks.
        validation_from: the part that validation is taken out of.

    Raises:
        DataError: if a class has too few pictures.
    """
    owner = np.where(part == "", "train", part)
    if not (owner == "test").any():
        owner = _move(owner, labels, "train", "test", test, classes)
    if not (owner == "validation").any():
        owner = _move(owner, labels, validation_from, "validation", validation, classes)
    _demand_every_class(owner, labels, classes)
    return Splits(*(np.flatnonzero(owner == name) for name in ("train", "validation", "test")))


def _move(
    owner: npt.NDArray[np.str_],
    labels: Integers,
    source: str,
    target: str,
    amount: Share,
    classes: tuple[str, ...],
) -> npt.NDArray[np.str_]:
    """Move `amount` of each class from one part to another, drawn from the split's own stream."""
    owner = owner.astype("<U10")
    for label, name in enumerate(classes):
        there = np.flatnonzero((owner == source) & (labels == label))
        # Half a picture goes up: a share of a small class is never none.
        count = amount if isinstance(amount, int) else max(1, math.floor(amount * len(there) + 0.5))
        if count >= len(there):
            raise DataError(
                f"class {name!r}: {count} of its pictures are wanted for {target}, but {source} "
                f"has {len(there)} and must keep one. Add pictures or ask for fewer."
            )
        # The split belongs to the study, not to a run: it has seed 0 whatever the run's seed.
        chosen = stream(0, "split", target, label).permutation(there)[:count]
        owner[chosen] = target
    return owner


def _demand_every_class(
    owner: npt.NDArray[np.str_], labels: Integers, classes: tuple[str, ...]
) -> None:
    for name in ("train", "validation", "test"):
        counts = np.bincount(labels[owner == name], minlength=len(classes))
        missing = [classes[k] for k in np.flatnonzero(counts == 0)]
        if missing:
            raise DataError(
                f"{name}: every class needs a picture; none came of {', '.join(missing)}"
            )
