"""Which test images tell most: those that are kept with their images and explanations."""

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
    worst = list(_in_turn([failures.worst_of_classes(outcome) for outcome in by_setting.values()]))
    wanted = max(len(worst), min(most, max(FEWEST, MOST_EXPLANATIONS // len(by_setting))))
    others = _in_turn(_rankings(by_setting, baseline), taken=worst)
    return index[worst + list(itertools.islice(others, wanted - len(worst)))]


def _rankings(by_setting: Mapping[str, Outcomes], baseline: str) -> list[Integers]:
    """The rows in every order that tells something; some of these need probabilities."""
    sure = [outcome for outcome in by_setting.values() if outcome.has_probabilities]
    changes = all_changes(by_setting, baseline)
    return [
        _suspicious(by_setting),
        *(failures.examples(outcome) for outcome in by_setting.values()),
        *map(failures.most_confident, sure),
        *map(failures.nearest_boundary, sure),
        *(failures.most_fixed(by_setting[name], changed) for name, changed in changes.items()),
        *(failures.most_broken(by_setting[name], changed) for name, changed in changes.items()),
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
