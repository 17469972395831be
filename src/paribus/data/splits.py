"""The training, validation and test images: stratified, by a random stream of their own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from paribus.errors import DataError
from paribus.records.types import Integers
from paribus.stream import stream
from paribus.study.data import PerClass

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
    group: Integers | None = None,
    seed: int = 0,
) -> Splits:
    """Draw the parts that the source lacks, class by class.

    A missing test part gets `test` of each class; a missing validation part gets `validation`
    of each class from `validation_from`. A share refers to the class's images in the part that
    it is drawn from. Groups of images go into a part as a whole, so that the numbers are met
    only nearly.

    Args:
        labels: (n,) each image's class.
        part: (n,) "train", "validation", "test", or "" where the source doesn't say.
        classes: names, for messages.
        group: (n,) the group of each image, where images of a group must stay together.
        seed: 0 unless a study draws the parts anew for each of its seeds.

    Raises:
        DataError: if a class is left without an image in one of the parts.
    """
    given = np.where(part == "", "train", part)
    draws = _draws(given, validation, test, validation_from)
    shuffled = stream(seed, "split").permutation(len(labels))
    result = given.astype("<U10")  # room for "validation"
    for source in (p for p in PARTS if p not in draws):
        wanted = {to: number for to, (drawn_from, number) in draws.items() if drawn_from == source}
        pools = [
            shuffled[(labels[shuffled] == label) & (given[shuffled] == source)]
            for label in range(len(classes))
        ]
        counts = [_counts(wanted, pool) for pool in pools]
        for name, pool, drawn in zip(classes, pools, counts, strict=True):
            _require_enough(name, source, len(pool), drawn)
        if group is None:
            for pool, drawn in zip(pools, counts, strict=True):
                _draw(result, pool, drawn)
        elif wanted:
            order = stream(seed, "split", "groups").permutation(len(labels))
            _draw_groups(result, pools, counts, group, order, source, classes)
    return Splits(*(np.flatnonzero(result == p) for p in PARTS))


def _counts(wanted: Mapping[str, PerClass], pool: Integers) -> dict[str, int]:
    """Part -> how many of the images in a class's pool it gets."""
    return {
        to: number if isinstance(number, int) else max(1, round(number * len(pool)))
        for to, number in wanted.items()
    }


def _draw(result: npt.NDArray[np.str_], pool: Integers, counts: Mapping[str, int]) -> None:
    for to, count in counts.items():
        result[pool[:count]] = to
        pool = pool[count:]


def _draw_groups(
    result: npt.NDArray[np.str_],
    pools: Sequence[Integers],
    counts: Sequence[Mapping[str, int]],
    group: Integers,
    order: Integers,
    source: str,
    classes: Sequence[str],
) -> None:
    """Give each group as a whole to the part that lacks most of its classes, the largest first.

    Raises:
        DataError: a part is left without an image of a class.
    """
    parts = (source, *counts[0])
    drawn = np.array([[of[to] for of in counts] for to in parts[1:]])  # (parts, classes)
    sizes = np.array([len(pool) for pool in pools])
    wanted = np.vstack([sizes - drawn.sum(axis=0), drawn])
    pool = np.concatenate(pools)
    names, number = np.unique(group[pool], return_inverse=True)
    held = np.zeros((len(names), len(pools)), np.int64)  # images of each class in each group
    np.add.at(held, (number, np.repeat(np.arange(len(pools)), sizes)), 1)
    shuffled = order[order < len(names)]
    got = np.zeros_like(wanted)
    place = np.empty(len(names), np.int64)
    for one in shuffled[np.argsort(-held[shuffled].sum(axis=1), kind="stable")]:
        place[one] = ((1 - got / wanted) @ held[one]).argmax()
        got[place[one]] += held[one]
    if not got.all():
        part, label = np.argwhere(got == 0)[0]
        raise DataError(
            f"class {classes[label]!r}: expected images of enough groups for every part, got none "
            f"left for {parts[part]}. Add groups, or give the parts as folders."
        )
    result[pool] = np.array(parts)[place[number]]


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
