"""What is known of a study's failed cases: outcomes, and explanations over the seeds."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from paribus.failures.label_errors import Suspicions, suspicions
from paribus.failures.outcomes import Changes, Outcomes, all_changes
from paribus.names import safe_classes, shown
from paribus.records.analyses import read_explanations
from paribus.records.types import Explanations, Floats, Integers, Record

#: So many training images are shown beside a failure.
NEIGHBORS = 5


@dataclass(frozen=True)
class Neighbor:
    """A training image near a test image in the last hidden layer, by its number in its source.

    `seeds` says in how many runs it is among the nearest.
    """

    index: int
    label: int
    seeds: int


@dataclass(frozen=True)
class Explained:
    """Why a setting's networks answer as they do; arrays are means over its `seeds` runs.

    Attributes:
        images: (m,) each test image's number in its source.
        targets: (m,) the class whose log probability the maps explain.
        gradients, occlusion: (m, height, width) as in `paribus.records.types.Explanations`.
        neighbors: for each image, at most `NEIGHBORS`, those near in most runs first.
    """

    seeds: int
    images: Integers
    targets: Integers
    gradients: Floats
    occlusion: Floats
    neighbors: tuple[tuple[Neighbor, ...], ...]

    @cached_property
    def places(self) -> Mapping[int, int]:
        """From a test image's number to its place in the arrays."""
        return {number: place for place, number in enumerate(self.images.tolist())}


def read_explained(out: Path, records: Sequence[Record]) -> dict[str, Explained]:
    """The explanations of each setting that has any, put together over its seeds.

    Runs that were analyzed for other images than most, as when seeds were added since, are
    left out; `Explained.seeds` says how many are in.
    """
    kept: defaultdict[str, defaultdict[tuple[Any, ...], list[Explanations]]]
    kept = defaultdict(lambda: defaultdict(list))
    for record in records:
        if explanations := read_explanations(out, record):
            about = (
                explanations.images.tobytes(),
                explanations.targets.tobytes(),
                explanations.gradients.shape,
            )
            kept[record.facts.setting][about].append(explanations)
    return {name: explained(max(groups.values(), key=len)) for name, groups in kept.items()}


def explained(runs: Sequence[Explanations]) -> Explained:
    """Put the runs of a setting together.

    Args:
        runs: of the same images and targets; at least one.
    """
    first = runs[0]
    return Explained(
        seeds=len(runs),
        images=first.images,
        targets=first.targets,
        gradients=np.mean([run.gradients for run in runs], axis=0, dtype=np.float32),
        occlusion=np.mean([run.occlusion for run in runs], axis=0, dtype=np.float32),
        neighbors=tuple(_neighbors(runs, row) for row in range(len(first.images))),
    )


def _neighbors(runs: Sequence[Explanations], row: int) -> tuple[Neighbor, ...]:
    """Those near in most runs; of several the nearest on average, then the lowest number."""
    ranks: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
    for run in runs:
        pairs = zip(run.nearest[row].tolist(), run.nearest_labels[row].tolist(), strict=True)
        for rank, pair in enumerate(pairs):
            ranks[pair].append(rank)
    best = sorted(ranks.items(), key=lambda item: (-len(item[1]), fmean(item[1]), item[0]))
    return tuple(Neighbor(*pair, len(ranks_of)) for pair, ranks_of in best[:NEIGHBORS])


@dataclass(frozen=True, eq=False)
class Failures:
    """What is known of a study's failed cases.

    Attributes:
        outcomes: of each setting with known predictions, all of the same test images.
        explained: of the settings whose networks were explained; others are missing.
        telling: numbers of the test images that are kept, the most telling first.
        files: a test image's number -> its path below the folder of the images, where it has one.
    """

    baseline: str
    outcomes: Mapping[str, Outcomes]
    explained: Mapping[str, Explained]
    telling: Integers
    files: Mapping[int, str] = field(default_factory=dict)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The classes' names, safe to show; none without predictions."""
        return next((safe_classes(outcome.classes) for outcome in self.outcomes.values()), ())

    @cached_property
    def rows(self) -> Mapping[int, int]:
        """From a test image's number to its place in the outcomes' arrays."""
        index = next((outcome.index for outcome in self.outcomes.values()), np.zeros(0, np.int64))
        return {number: row for row, number in enumerate(index.tolist())}

    @cached_property
    def changes(self) -> Mapping[str, Changes]:
        """Each variation against the baseline."""
        return all_changes(self.outcomes, self.baseline)

    @cached_property
    def suspicions(self) -> Suspicions | None:
        """How likely each test image's label is to be wrong; None without probabilities."""
        return suspicions(self.outcomes)

    @cached_property
    def wrong(self) -> Integers:
        """(n,) how many runs get each test image wrong, of all settings."""
        return np.asarray(sum(outcome.wrong for outcome in self.outcomes.values()))

    def file(self, index: int) -> str:
        """A test image's file, safe to show; "" where it has none."""
        return shown(self.files.get(index, ""))

    def explanation(self, setting: str, index: int) -> tuple[Explained, int] | None:
        """A setting's explanations and a test image's place in them, where there is one."""
        explained = self.explained.get(setting)
        if explained is None or index not in explained.places:
            return None
        return explained, explained.places[index]
