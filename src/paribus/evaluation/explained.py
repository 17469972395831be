"""Explanations of single runs, put together over the seeds of a setting."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from paribus.records import Explanations, Floats, Integers

#: So many training pictures are shown beside a failure.
NEIGHBOURS = 5


@dataclass(frozen=True)
class Neighbour:
    """A training picture near a test picture in the last hidden layer.

    Attributes:
        index: its number in its source.
        label: its class.
        seeds: in how many runs it is among the nearest.
    """

    index: int
    label: int
    seeds: int


@dataclass(frozen=True)
class Explained:
    """Why a setting's networks answer as they do; arrays are means over its `seeds` runs.

    Attributes:
        pictures: (m,) each test picture's number in its source.
        targets: (m,) the class whose log probability the maps explain.
        gradients, occlusion: (m, height, width) as in `paribus.records.Explanations`.
        neighbours: for each picture, at most `NEIGHBOURS`, those near in most runs first.
    """

    seeds: int
    pictures: Integers
    targets: Integers
    gradients: Floats
    occlusion: Floats
    neighbours: tuple[tuple[Neighbour, ...], ...]


def explained(runs: Sequence[Explanations]) -> Explained:
    """Put the runs of a setting together.

    Args:
        runs: of the same pictures and targets; at least one.
    """
    first = runs[0]
    return Explained(
        seeds=len(runs),
        pictures=first.pictures,
        targets=first.targets,
        gradients=np.mean([run.gradients for run in runs], axis=0, dtype=np.float32),
        occlusion=np.mean([run.occlusion for run in runs], axis=0, dtype=np.float32),
        neighbours=tuple(_neighbours(runs, row) for row in range(len(first.pictures))),
    )


def _neighbours(runs: Sequence[Explanations], row: int) -> tuple[Neighbour, ...]:
    """Those near in most runs; of several the nearest on average, then the lowest number."""
    ranks: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
    for run in runs:
        pairs = zip(run.nearest[row].tolist(), run.nearest_labels[row].tolist(), strict=True)
        for rank, pair in enumerate(pairs):
            ranks[pair].append(rank)
    best = sorted(ranks.items(), key=lambda its: (-len(its[1]), np.mean(its[1]), its[0]))
    return tuple(Neighbour(*pair, len(found)) for pair, found in best[:NEIGHBOURS])
