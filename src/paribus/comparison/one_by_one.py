"""Seeds added one by one: who stops at which seed, from the values of the runs there are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from paribus.comparison.compare import paired_differences
from paribus.metrics.metric import Metric
from paribus.stats.anytime import anytime_p_values
from paribus.stats.intervals import ALPHA, Floats
from paribus.stats.multiplicity import holm
from paribus.stats.paired import complete_pairs


@dataclass(frozen=True)
class Standing:
    """Where a variation stands.

    Attributes:
        seeds: at the last stop that it reached; 0 before the first.
        next_stop: the seeds it needs next; None if it is decided or the budget is spent.
        ended: it is decided.
        d: (n,) its differences in the order of the seeds, up to `seeds`.
    """

    seeds: int
    next_stop: int | None
    ended: bool
    d: Floats


def replay(
    baseline: npt.ArrayLike,
    variations: Mapping[str, npt.ArrayLike],
    metric: Metric,
    stops: Sequence[int],
) -> dict[str, Standing]:
    """Which stop each variation has reached, tested as `sequential.follow_seeds` says."""
    before = np.asarray(baseline, float)
    numbers = {
        name: _Numbers.of(before, np.asarray(values, float), metric)
        for name, values in variations.items()
    }
    p = dict.fromkeys(numbers, (1.0, 1.0))
    seen, ended = dict.fromkeys(numbers, 0), set[str]()
    for stop in stops:
        reached = [n for n, of in numbers.items() if n not in ended and of.trained >= stop]
        if not reached:
            break
        p |= {name: numbers[name].p_at(stop) for name in reached}
        seen |= dict.fromkeys(reached, stop)
        ended |= _decided(p) & set(reached)
    return {
        name: Standing(
            seen[name],
            None if name in ended else next((s for s in stops if s > seen[name]), None),
            name in ended,
            of.d[: of.counted(seen[name])],
        )
        for name, of in numbers.items()
    }


@dataclass(frozen=True)
class _Numbers:
    """One variation's differences in the order of the seeds, and its p values after each.

    `known` (seeds,) says which of the trained seeds have one; p values are (differences + 1,),
    1 before the first.
    """

    d: Floats
    known: npt.NDArray[np.bool_]
    p: Floats
    p_equivalence: Floats

    @classmethod
    def of(cls, before: Floats, after: Floats, metric: Metric) -> Self:
        seeds = min(len(before), len(after))
        pairs = complete_pairs(before[:seeds], after[:seeds])
        d, ranks = paired_differences(metric.compare, pairs), metric.compare == "ranks"
        p, equivalence = anytime_p_values(d, ranks=ranks), np.ones(len(d))
        if (margin := metric.scaled_margin) is not None:
            above = anytime_p_values(d + margin, "greater", ranks=ranks)
            below = anytime_p_values(d - margin, "less", ranks=ranks)
            equivalence = np.maximum(above, below)
        return cls(d, pairs.known, np.append(1.0, p), np.append(1.0, equivalence))

    @property
    def trained(self) -> int:
        return len(self.known)

    def counted(self, seeds: int) -> int:
        """How many of the first seeds have a difference."""
        return int(self.known[:seeds].sum())

    def p_at(self, seeds: int) -> tuple[float, float]:
        """P values of no difference and of no equivalence; 1 below two differences."""
        n = self.counted(seeds)
        return (float(self.p[n]), float(self.p_equivalence[n])) if n > 1 else (1.0, 1.0)


def _decided(p: Mapping[str, tuple[float, float]]) -> set[str]:
    """The variations with a verdict, all p values adjusted together."""
    both = holm(np.array([*p.values()]).T).min(axis=0)
    return {name for name, smallest in zip(p, both.tolist(), strict=True) if smallest <= ALPHA}
