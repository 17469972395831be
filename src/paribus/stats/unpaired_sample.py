"""Two groups of runs as a sample of their difference, for the questions that claims ask."""

from dataclasses import dataclass, field

import numpy as np

from paribus.stats.intervals import LEVEL, Floats, Interval
from paribus.stats.sample import Sample
from paribus.stats.student import Alternative
from paribus.stats.unpaired import welch_interval, welch_test
from paribus.stats.unpaired_ranks import rank_sum_test, shift


def _none() -> Floats:
    return np.zeros(0)


@dataclass(frozen=True)
class UnpairedSample(Sample):
    """Finite values of a setting `v` (m,) and of the other `b` (n,), whose seeds don't correspond.

    Its center is the difference of the means, by ranks the shift; `d` is empty.
    """

    b: Floats = field(default_factory=_none)
    v: Floats = field(default_factory=_none)

    @property
    def n(self) -> int:
        """The runs of the smaller group."""
        return min(len(self.b), len(self.v))

    def interval(self, level: float = LEVEL) -> Interval:
        """The difference with its interval, from one run of each on."""
        if self.n < 2:
            return Interval(float(self.v.mean() - self.b.mean()), level=level)
        found = (shift if self.ranks else welch_interval)(self.b, self.v, level)
        if np.ptp(self.b) == 0 and np.ptp(self.v) == 0:
            return Interval(float(found.estimate), level=level)
        return Interval(float(found.estimate), float(found.low), float(found.high), found.level)

    def _test(self, bound: float, alternative: Alternative) -> float:
        return (rank_sum_test if self.ranks else welch_test)(self.b, self.v, alternative, bound)
