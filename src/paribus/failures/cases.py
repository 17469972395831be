"""Failed cases in order: which to show, and which are the most telling in some respect.

Rankings are rows: places in the (n,) arrays of `Outcomes`, the first in rank first. Of equals
the image of the lower number in its source comes first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from paribus.failures.outcomes import Changes, Flags, Outcomes, Probabilities, outcomes
from paribus.records.images import original_name, seen_name
from paribus.records.types import Integers, Record
from paribus.stats.intervals import Mean, means

#: More classes than this, and only those of lowest recall are shown.
MOST_CLASSES = 12


@dataclass(frozen=True)
class Case:
    """A test image that a setting gets wrong.

    Attributes:
        setting: the setting's name.
        index: the image's number in its source.
        true, predicted: the true class, and the wrong one that most seeds give, by name.
        true_probability, predicted_probability: given to the two, mean over all seeds.
        wrong: in how many of the `seeds` finished runs the image is named wrongly.
        height, width: of the image as the network saw it, in pixels.
        data: fingerprint of the data set that the network saw.
    """

    setting: str
    index: int
    true: str
    predicted: str
    true_probability: float
    predicted_probability: float
    wrong: int
    seeds: int
    height: int
    width: int
    data: str

    @property
    def original(self) -> str:
        """The file, in `images/`, of the image as its source has it."""
        return original_name(self.index)

    @property
    def seen(self) -> str:
        """The file, in `images/`, of the image as the network saw it."""
        return seen_name(self.data, self.index)


@dataclass(frozen=True)
class Confusion:
    """A class taken for another: how many of its test images, over a setting's seeds."""

    true: str
    predicted: str
    images: Mean


def shown_cases(records: Sequence[Record]) -> tuple[Case, ...]:
    """For each setting and true class, the case of `worst_of_classes`.

    Settings come in the order of `records`, and classes in their own.

    Raises:
        RecordError: if the runs weren't all tested on the same images.
    """
    found = outcomes(records).values()
    return tuple(_case(its, row) for its in found for row in worst_of_classes(its).tolist())


def worst_of_classes(its: Outcomes) -> Integers:
    """For each class, the image that is wrong in most seeds.

    Of several, the one with the highest mean probability for its wrong class. A class without
    a wrong image has none; of more than `MOST_CLASSES`, those of lowest recall are taken.
    """
    ranked = _failures(its, -its.rival_probability, -its.wrong)
    # `unique` finds the first of each class, and puts the classes in their order.
    classes, first = np.unique(its.labels[ranked], return_index=True)
    return ranked[first[np.isin(classes, _shown_classes(its))]]


def most_confident(its: Outcomes) -> Integers:
    """The failures whose wrong class is the most probable, mean over the seeds."""
    return _failures(its, -its.rival_probability)


def nearest_boundary(its: Outcomes) -> Integers:
    """The failures whose true class is nearly as probable as the likeliest other one."""
    return _failures(its, np.abs(its.margin))


def most_fixed(its: Outcomes, changes: Changes) -> Integers:
    """The images that the variation fixes in most paired seeds; then those it breaks least."""
    return _ranked(its, changes.fixed > 0, changes.broken, -changes.fixed)


def most_broken(its: Outcomes, changes: Changes) -> Integers:
    """The images that the variation breaks in most paired seeds; then those it fixes least."""
    return _ranked(its, changes.broken > 0, changes.fixed, -changes.broken)


def confusions(its: Outcomes) -> tuple[Confusion, ...]:
    """Every pair of classes that a seed confuses, the most frequent first."""
    classes = len(its.classes)
    cells = its.labels * classes + its.predicted
    counts = np.stack([np.bincount(row, minlength=classes**2) for row in cells])
    wrong = np.flatnonzero(counts.any(axis=0) & ~np.eye(classes, dtype=bool).ravel())
    frequent = wrong[np.argsort(-counts[:, wrong].sum(axis=0), kind="stable")]
    return tuple(
        Confusion(its.classes[cell // classes], its.classes[cell % classes], mean)
        for cell, mean in zip(frequent.tolist(), means(counts[:, frequent]), strict=True)
    )


def examples(its: Outcomes) -> Integers:
    """For each pair of confused classes, the most frequent first, its best example.

    That is the image that most seeds take for this very class, and of those the one for
    which the class is the most probable. An image may stand for several pairs.
    """
    votes = its.votes.copy()
    votes[np.arange(len(votes)), its.labels] = 0
    rows, given = votes.nonzero()
    times, probability = votes[rows, given], its.probability[rows, given]
    cells = its.labels[rows] * len(its.classes) + given
    best = np.lexsort((its.index[rows], -probability, -times, cells))
    found, first = np.unique(cells[best], return_index=True)
    frequency = np.bincount(cells, weights=times)[found]
    return np.asarray(rows[best][first[np.argsort(-frequency, kind="stable")]])


def _failures(its: Outcomes, *keys: Integers | Probabilities) -> Integers:
    return _ranked(its, its.wrong > 0, *keys)


def _ranked(its: Outcomes, which: Flags, *keys: Integers | Probabilities) -> Integers:
    """The rows `which`, the last key counting first, as in `numpy.lexsort`."""
    order = np.lexsort((its.index, *keys))
    return np.asarray(order[which[order]])


def _shown_classes(its: Outcomes) -> Integers:
    """The classes to show: those of most wrong answers an image if there are many."""
    support = np.bincount(its.labels)
    mistakes = np.bincount(its.labels, weights=its.wrong) / np.maximum(support, 1)
    return np.argsort(-mistakes, kind="stable")[:MOST_CLASSES]


def _case(its: Outcomes, row: int) -> Case:
    _, height, width = its.shape or (0, 0, 0)
    return Case(
        setting=its.setting,
        index=int(its.index[row]),
        true=its.classes[its.labels[row]],
        predicted=its.classes[its.rival[row]],
        true_probability=float(its.true_probability[row]),
        predicted_probability=float(its.rival_probability[row]),
        wrong=int(its.wrong[row]),
        seeds=len(its.seeds),
        height=height,
        width=width,
        data=its.data,
    )
