"""Seeds added one by one: who stops at which seed, from the values of the runs there are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from paribus.comparison.compare import paired_differences
from paribus.comparison.failing import failed_differences
from paribus.metrics.metric import Metric
from paribus.stats.anytime import anytime_p_values
from paribus.stats.intervals import ALPHA, Floats
from paribus.stats.multiplicity import holm
from paribus.stats.paired import Pairs, complete_pairs
from paribus.stats.sample import Asked, Sample


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
    *,
    worst: float | None = None,
    asked: Mapping[str, Asked] = MappingProxyType({}),
) -> dict[str, Standing]:
    """Which stop each variation has reached, tested as `sequential.follow_seeds` says."""
    before = np.asarray(baseline, float)
    followed = {
        name: _Followed(before, np.asarray(values, float), metric, worst, asked.get(name))
        for name, values in variations.items()
    }
    p = {name: np.ones(3) for name in followed}
    seen, ended = dict.fromkeys(followed, 0), set[str]()
    for stop in stops:
        reached = [n for n, of in followed.items() if n not in ended and of.trained >= stop]
        if not reached:
            break
        p |= {name: followed[name].p_at(stop) for name in reached}
        seen |= dict.fromkeys(reached, stop)
        ended |= _decided(p) & set(reached)
    return {
        name: Standing(
            seen[name],
            None if name in ended else next((s for s in stops if s > seen[name]), None),
            name in ended,
            of.d[: of.counted(seen[name])],
        )
        for name, of in followed.items()
    }


def _decided(p: Mapping[str, Floats]) -> set[str]:
    """The variations with a verdict, all p values of a kind adjusted together."""
    smallest = holm(np.array([*p.values()]).T).min(axis=0)
    return {name for name, least in zip(p, smallest.tolist(), strict=True) if least <= ALPHA}


@dataclass(frozen=True)
class _Followed:
    """The values of the baseline and one variation in the order of the seeds, NaN of a failure."""

    before: Floats
    after: Floats
    metric: Metric
    worst: float | None
    asked: Asked | None

    @property
    def trained(self) -> int:
        return min(len(self.before), len(self.after))

    @cached_property
    def pairs(self) -> Pairs:
        return complete_pairs(self.before[: self.trained], self.after[: self.trained])

    @cached_property
    def d(self) -> Floats:
        return paired_differences(self.metric.compare, self.pairs)

    @cached_property
    def p(self) -> Floats:
        """(3, differences + 1): of no difference, of none inside the margin, of what is asked.

        After each difference; 1 before the first, and where nothing of the kind is tested.
        """
        ranks, margin = self.metric.compare == "ranks", self.metric.scaled_margin
        p = _no_p(len(self.d) + 1)
        p[0, 1:] = anytime_p_values(self.d, ranks=ranks)
        if margin is not None:
            above = anytime_p_values(self.d + margin, "greater", ranks=ranks)
            below = anytime_p_values(self.d - margin, "less", ranks=ranks)
            p[1, 1:], p[2, 1:] = np.maximum(above, below), self._of_asked(above, below)
        return p

    def counted(self, seeds: int) -> int:
        """How many of the first seeds have a difference."""
        return int(self.pairs.known[:seeds].sum())

    def p_at(self, seeds: int) -> Floats:
        """The three p values after so many seeds, failed runs counted; 1 below two differences."""
        n, before, after = self.counted(seeds), self.before[:seeds], self.after[:seeds]
        if n < 2:
            return _no_p(1)[:, 0]
        failed = np.isnan(before), np.isnan(after)
        at_worst = failed_differences(before, after, failed, self.metric, self.worst)
        if not at_worst.size:
            return self.p[:, n]
        return np.maximum(self.p[:, n], self._with_failed(self.d[:n], at_worst))

    def _with_failed(self, d: Floats, at_worst: Floats) -> Floats:
        ranks, margin = self.metric.compare == "ranks", self.metric.scaled_margin
        sample, p = Sample(d, ranks, failed=at_worst, anytime=True), _no_p(1)[:, 0]
        p[0] = min(1.0, 2 * min(sample.p_above(0.0), sample.p_below(0.0)))
        if margin is not None:
            above, below = sample.p_above(-margin), sample.p_below(margin)
            p[1:] = max(above, below), self._of_asked(above, below)
        return p

    def _of_asked(self, above: Floats | float, below: Floats | float) -> Floats | float:
        if self.asked is None or self.metric.better == "neither":
            return 1.0
        return above if (self.asked == "not worse") == (self.metric.better == "higher") else below


def _no_p(seeds: int) -> Floats:
    return np.ones((3, seeds))
