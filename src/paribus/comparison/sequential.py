"""Seeds added until a comparison is decided: what the looks so far have shown.

`follow_looks` replays the looks from the values of the runs there are. The pipeline asks it
which variations need more seeds; the report asks it, later and from records alone, for the
path. Both get the same answer, because the looks are fixed in the study.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from paribus.comparison.compare import Comparison, adjusted, compare_metric
from paribus.metrics.registry import Metric
from paribus.stats.looks import check_looks, nominal_level

EARLY_STOP = (
    "Stopped at a look: the p value, the interval and the verdict allow for all the looks, but "
    "an estimate at an early stop lies, on average, too far from 0."
)


@dataclass(frozen=True)
class SeedPath:
    """One variation over the looks.

    Attributes:
        path: the comparison at each look reached, up to the one that decided it.
        next_look: so many seeds it needs next; None if it is decided or the budget is spent.
    """

    path: tuple[Comparison, ...]
    next_look: int | None

    @property
    def decided(self) -> bool:
        """Whether a look has ended in a verdict other than `undecided`."""
        return bool(self.path) and self.path[-1].verdict != "undecided"


def follow_looks(
    baseline: npt.ArrayLike,
    variations: Mapping[str, npt.ArrayLike],
    metric: Metric,
    looks: Sequence[int],
) -> dict[str, SeedPath]:
    """Replay the looks of a study that adds seeds until each variation is decided.

    At each look, every variation that is still undecided and has its seeds is compared; p
    values are made sequential (`overall_level`) and adjusted over all variations by Holm,
    those decided earlier counting with the p value they had then. A verdict stands once
    given. Intervals have confidence 1 - nominal level, so that all looks of a comparison
    hold together with 95 % (repeated confidence intervals, Jennison and Turnbull 1989).

    Args:
        baseline: (n,) values of the seeds trained so far, in the order of the seeds.
        variations: of each, its values for the first so many of these seeds.
        metric: the primary metric.
        looks: numbers of seeds, as [5, 8, 12, 20].

    Raises:
        ComparisonError: looks that can't be used, or values that can't be compared.
    """
    looks = check_looks(looks)
    paths: dict[str, list[Comparison]] = {name: [] for name in variations}
    for look in looks:
        _look(look, np.asarray(baseline, float), variations, metric, looks, paths)
    return {name: SeedPath(tuple(path), _next_look(path, looks)) for name, path in paths.items()}


def _look(
    look: int,
    baseline: npt.NDArray[np.float64],
    variations: Mapping[str, npt.ArrayLike],
    metric: Metric,
    looks: tuple[int, ...],
    paths: dict[str, list[Comparison]],
) -> None:
    """Add what this look shows to the paths of the variations that take part in it."""
    level = 1 - nominal_level(looks)
    family = {name: _planned(name, path, metric) for name, path in paths.items()}
    taking_part = [n for n in paths if _next_look(paths[n], looks) == look]
    taking_part = [n for n in taking_part if len(baseline) >= look <= np.size(variations[n])]
    for name in taking_part:
        values = np.asarray(variations[name], float)[:look]
        family[name] = compare_metric(name, baseline[:look], values, metric, level=level)
    judged = dict(zip(family, adjusted(tuple(family.values()), looks), strict=True))
    for name in taking_part:
        seen = judged[name]
        if seen.verdict != "undecided" and look < looks[-1]:
            seen = replace(seen, data_notes=(*seen.data_notes, EARLY_STOP))
        paths[name].append(seen)


def _planned(name: str, path: list[Comparison], metric: Metric) -> Comparison:
    """What a variation counts with in the family: its last look, or a place kept for it."""
    return path[-1] if path else Comparison(name, metric, 0, 0, None)


def _next_look(path: list[Comparison], looks: tuple[int, ...]) -> int | None:
    if len(path) == len(looks) or (path and path[-1].verdict != "undecided"):
        return None
    return looks[len(path)]
