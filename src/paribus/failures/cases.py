"""Failed cases in order: which to show, and which are the most telling in some respect.

Rankings are rows: places in the (n,) arrays of `Outcomes`, the first in rank first. Of equals
the image of the lower number in its source comes first.
"""

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from paribus.failures.label_errors import suspicions
from paribus.failures.outcomes import (
    Changes,
    Flags,
    Outcomes,
    Probabilities,
    all_changes,
    outcomes,
)
from paribus.records.images import original_name, seen_name
from paribus.records.types import Integers, Record
from paribus.stats.intervals import Interval, means

#: More classes than this, and only those of lowest recall are shown.
MOST_CLASSES = 12

#: So many images are kept at most,
MOST = 240
#: and fewer of many settings: each has explanations of its own for every image,
MOST_EXPLANATIONS = 1_200
#: but never fewer than these.
FEWEST = 24


@dataclass(frozen=True)
class Case:
    """A test image that a setting gets wrong.

    Attributes:
        index: the image's number in its source.
        true, predicted: the true class, and the wrong one that most seeds give, by name.
        true_probability, predicted_probability: given to the two, mean over all seeds; NaN where
            no probabilities are known.
        wrong: in how many of the `seeds` finished runs the image is named wrongly.
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
    data: str

    @property
    def has_probabilities(self) -> bool:
        """Whether the runs' probabilities are known."""
        return not math.isnan(self.true_probability)

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
    images: Interval


def shown_cases(records: Sequence[Record]) -> tuple[Case, ...]:
    """For each setting and true class, in their orders, the case of `worst_of_classes`.

    Raises:
        RecordError: if the runs weren't all tested on the same images.
    """
    return tuple(
        _case(outcome, row)
        for outcome in outcomes(records).values()
        for row in worst_of_classes(outcome).tolist()
    )


def changed_cases(
    by_setting: Mapping[str, Outcomes],
    changes: Changes,
    baseline: str,
    kept: Iterable[int],
    most: int,
) -> tuple[list[Case], list[Case]]:
    """The images that a variation fixes and those that it breaks, by its verdicts on them.

    At most so many of each that are among the `kept` ones, those first that change in most seeds:
    the fixed ones as the baseline failed on them, the broken ones as the variation does.
    """
    before, after = by_setting[baseline], by_setting[changes.variation]
    shown = np.isin(before.index, list(kept))

    def chosen(verdict: str, ranked: Integers, of: Outcomes) -> list[Case]:
        rows = ranked[(shown & (changes.verdicts == verdict))[ranked]]
        return [_case(of, row) for row in rows[:most].tolist()]

    return (
        chosen("fixed", most_fixed(before, changes), before),
        chosen("broken", most_broken(after, changes), after),
    )


def worst_of_classes(outcome: Outcomes) -> Integers:
    """For each class, the image that is wrong in most seeds.

    Of several, the one with the highest mean probability for its wrong class. A class without
    a wrong image has none; of more than `MOST_CLASSES`, those of lowest recall are taken.
    """
    ranked = _ranked(outcome, outcome.wrong > 0, -outcome.rival_probability, -outcome.wrong)
    # `unique` finds the first of each class, and puts the classes in their order.
    classes, first = np.unique(outcome.labels[ranked], return_index=True)
    return ranked[first[np.isin(classes, _shown_classes(outcome))]]


def most_confident(outcome: Outcomes) -> Integers:
    """The failures whose wrong class is the most probable, mean over the seeds."""
    return _ranked(outcome, outcome.wrong > 0, -outcome.rival_probability)


def nearest_boundary(outcome: Outcomes) -> Integers:
    """The failures whose true class is nearly as probable as the likeliest other one."""
    return _ranked(outcome, outcome.wrong > 0, np.abs(outcome.margin))


def most_fixed(outcome: Outcomes, changes: Changes) -> Integers:
    """The images that the variation fixes in most paired seeds; then those it breaks least."""
    return _ranked(outcome, changes.fixed > 0, changes.broken, -changes.fixed)


def most_broken(outcome: Outcomes, changes: Changes) -> Integers:
    """The images that the variation breaks in most paired seeds; then those it fixes least."""
    return _ranked(outcome, changes.broken > 0, changes.fixed, -changes.broken)


def confusions(outcome: Outcomes) -> tuple[Confusion, ...]:
    """Every pair of classes that a seed confuses, the most frequent first."""
    classes = len(outcome.classes)
    cells = outcome.labels * classes + outcome.predicted
    counts = np.stack([np.bincount(row, minlength=classes**2) for row in cells])
    wrong = np.flatnonzero(counts.any(axis=0) & ~np.eye(classes, dtype=bool).ravel())
    frequent = wrong[np.argsort(-counts[:, wrong].sum(axis=0), kind="stable")]
    return tuple(
        Confusion(outcome.classes[cell // classes], outcome.classes[cell % classes], mean)
        for cell, mean in zip(frequent.tolist(), means(counts[:, frequent]), strict=True)
    )


def examples(outcome: Outcomes) -> Integers:
    """For each pair of confused classes, the most frequent first, its best example.

    That is the image that most seeds take for this very class, and of those the one for
    which the class is the most probable. An image may stand for several pairs.
    """
    votes = outcome.votes.copy()
    votes[np.arange(len(votes)), outcome.labels] = 0
    rows, given = votes.nonzero()
    times, probability = votes[rows, given], outcome.probability[rows, given]
    cells = outcome.labels[rows] * len(outcome.classes) + given
    best = np.lexsort((outcome.index[rows], -probability, -times, cells))
    pairs, first = np.unique(cells[best], return_index=True)
    frequency = np.bincount(cells, weights=times)[pairs]
    return np.asarray(rows[best][first[np.argsort(-frequency, kind="stable")]])


def _ranked(outcome: Outcomes, which: Flags, *keys: Integers | Probabilities) -> Integers:
    """The rows `which`, the last key counting first, as in `numpy.lexsort`."""
    order = np.lexsort((outcome.index, *keys))
    return np.asarray(order[which[order]])


def _shown_classes(outcome: Outcomes) -> Integers:
    """The classes to show: those of most wrong answers an image if there are many."""
    support = np.bincount(outcome.labels)
    mistakes = np.bincount(outcome.labels, weights=outcome.wrong) / np.maximum(support, 1)
    return np.argsort(-mistakes, kind="stable")[:MOST_CLASSES]


def _case(outcome: Outcomes, row: int) -> Case:
    return Case(
        setting=outcome.setting,
        index=int(outcome.index[row]),
        true=outcome.classes[outcome.labels[row]],
        predicted=outcome.classes[outcome.rival[row]],
        true_probability=float(outcome.true_probability[row]),
        predicted_probability=float(outcome.rival_probability[row]),
        wrong=int(outcome.wrong[row]),
        seeds=len(outcome.seeds),
        data=outcome.data,
    )


def telling_images(by_setting: Mapping[str, Outcomes], baseline: str, most: int = MOST) -> Integers:
    """Numbers, in the source, of the test images worth keeping, the most telling first.

    First each setting's worst image of every class, all of them. Then in turn: the likeliest
    label errors; each setting's best examples of its most frequent confusions, its most
    confident errors and those nearest to the boundary; what each variation fixes and breaks.
    The same outcomes give the same images.

    Args:
        by_setting: the outcomes of each setting, of the same images; may be empty.
        most: images at most, but for the worst of every class.
    """
    if not by_setting:
        return np.zeros(0, np.int64)
    index = next(iter(by_setting.values())).index
    worst = list(_in_turn([worst_of_classes(outcome) for outcome in by_setting.values()]))
    wanted = max(len(worst), min(most, max(FEWEST, MOST_EXPLANATIONS // len(by_setting))))
    others = _in_turn(_rankings(by_setting, baseline), taken=worst)
    return index[worst + list(itertools.islice(others, wanted - len(worst)))]


def _rankings(by_setting: Mapping[str, Outcomes], baseline: str) -> list[Integers]:
    """The rows in every order that tells something; some of these need probabilities."""
    sure = [outcome for outcome in by_setting.values() if outcome.has_probabilities]
    changes = all_changes(by_setting, baseline)
    return [
        _suspicious(by_setting),
        *(examples(outcome) for outcome in by_setting.values()),
        *map(most_confident, sure),
        *map(nearest_boundary, sure),
        *(most_fixed(by_setting[name], changed) for name, changed in changes.items()),
        *(most_broken(by_setting[name], changed) for name, changed in changes.items()),
    ]


def _suspicious(by_setting: Mapping[str, Outcomes]) -> Integers:
    """The rows whose label is more suspicious than not; the first few even if they aren't."""
    suspected = suspicions(by_setting)
    if suspected is None:
        return np.zeros(0, np.int64)
    return np.argsort(suspected.rank)[: max(FEWEST, np.count_nonzero(suspected.score > 0.5))]


def _in_turn(rankings: Sequence[Integers], taken: Iterable[int] = ()) -> Iterator[int]:
    """A row of each ranking in turn, each time its first that isn't taken yet."""
    seen = set(taken)
    waiting = [iter(ranking.tolist()) for ranking in rankings]
    while waiting:
        for ranking in list(waiting):
            row = next((row for row in ranking if row not in seen), None)
            if row is None:
                waiting.remove(ranking)
            else:
                seen.add(row)
                yield row
