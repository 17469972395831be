"""Which test images tell most: those that are kept with their images and explanations."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from paribus.failures import cases as failures
from paribus.failures.label_errors import suspicions
from paribus.failures.outcomes import Outcomes, all_changes
from paribus.records.types import Integers

#: So many images are kept at most,
MOST = 240
#: and fewer of many settings: each has explanations of its own for every image,
MOST_EXPLANATIONS = 1_200
#: but never fewer than these.
FEWEST = 24


def telling_images(found: Mapping[str, Outcomes], baseline: str, most: int = MOST) -> Integers:
    """Numbers, in the source, of the test images worth keeping, the most telling first.

    First each setting's worst image of every class, all of them. Then in turn: the likeliest
    label errors; each setting's best examples of its most frequent confusions, its most
    confident errors and those nearest to the boundary; what each variation fixes and breaks.
    The same outcomes give the same images.

    Args:
        found: the outcomes of each setting, of the same images; may be empty.
        most: images at most, but for the worst of every class.
    """
    if not found:
        return np.zeros(0, np.int64)
    index = next(iter(found.values())).index
    worst = list(_in_turn([failures.worst_of_classes(its) for its in found.values()]))
    wanted = max(len(worst), min(most, max(FEWEST, MOST_EXPLANATIONS // len(found))))
    others = _in_turn(_rankings(found, baseline), taken=worst)
    return index[worst + list(itertools.islice(others, wanted - len(worst)))]


def _rankings(found: Mapping[str, Outcomes], baseline: str) -> list[Integers]:
    """The rows in every order that tells something."""
    changes = all_changes(found, baseline)
    return [
        _suspicious(found),
        *(failures.examples(its) for its in found.values()),
        *(failures.most_confident(its) for its in found.values()),
        *(failures.nearest_boundary(its) for its in found.values()),
        *(failures.most_fixed(found[name], its) for name, its in changes.items()),
        *(failures.most_broken(found[name], its) for name, its in changes.items()),
    ]


def _suspicious(found: Mapping[str, Outcomes]) -> Integers:
    """The rows whose label is more suspicious than not; the first few even if they aren't."""
    its = suspicions(found)
    return np.argsort(its.rank)[: max(FEWEST, np.count_nonzero(its.score > 0.5))]


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
