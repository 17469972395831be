"""Values over seeds, and one-sided tests of where their center lies.

Every claim about a number is made of two questions: does the center lie above this bound,
does it lie below that one?
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from paribus.stats.intervals import ALPHA, Floats
from paribus.stats.paired import (
    Alternative,
    differences,
    hodges_lehmann,
    is_constant,
    mean_test,
    signed_rank_test,
    t_interval,
)


@dataclass(frozen=True)
class Interval:
    """An estimate and its interval; low and high are None where the spread is unknown."""

    estimate: float
    low: float | None
    high: float | None
    level: float

    def mapped(self, function: Callable[[float], float]) -> Interval:
        """The interval on another scale; `function` rises, as the exponential does."""
        low, high = (None if end is None else function(end) for end in (self.low, self.high))
        return replace(self, estimate=function(self.estimate), low=low, high=high)

    def negated(self) -> Interval:
        """The interval of minus the value."""
        low, high = (None if end is None else -end for end in (self.high, self.low))
        return replace(self, estimate=-self.estimate, low=low, high=high)


@dataclass(frozen=True)
class Sample:
    """Values over n seeds: those of a setting, or the differences of two settings.

    Attributes:
        d: (n,) finite values; logarithms for a ratio.
        ranks: the center is the Hodges-Lehmann estimate, tested by signed ranks; else the mean,
            tested by Student's t.
        may_be_larger, may_be_smaller: in how many seeds the true value may lie above or below
            the one here, because the training ended too early to tell.
    """

    d: Floats
    ranks: bool = False
    may_be_larger: int = 0
    may_be_smaller: int = 0

    @property
    def n(self) -> int:
        """How many seeds have a value."""
        return len(self.d)

    @property
    def censored(self) -> int:
        """How many values are only bounds."""
        return self.may_be_larger + self.may_be_smaller

    @property
    def within_epochs(self) -> Sample:
        """The same values taken for what happened within the epochs trained, and so as known."""
        return replace(self, may_be_larger=0, may_be_smaller=0)

    def p_above(self, bound: float) -> float:
        """P value of "the center is not above `bound`"; 1 where a true value may be smaller."""
        return 1.0 if self.may_be_smaller else self._test(bound, "greater")

    def p_below(self, bound: float) -> float:
        """P value of "the center is not below `bound`"; 1 where a true value may be larger."""
        return 1.0 if self.may_be_larger else self._test(bound, "less")

    def p_between(self, low: float, high: float) -> float:
        """P value of "the center is not between": two one-sided tests (Schuirmann 1987)."""
        return max(self.p_above(low), self.p_below(high))

    def p_outside(self, low: float, high: float) -> float:
        """P value of "the center is between", two-sided: either side may be the wrong one."""
        return min(1.0, 2 * min(self.p_below(low), self.p_above(high)))

    def interval(self, level: float = 1 - ALPHA) -> Interval:
        """The center with its interval, from one value on."""
        if self.n < 2:
            return Interval(float(self.d.mean()), None, None, level)
        center = (hodges_lehmann if self.ranks else t_interval)(self.d, level)
        if is_constant(self.d):
            return Interval(float(center.estimate), None, None, level)
        return Interval(float(center.estimate), float(center.low), float(center.high), center.level)

    def _test(self, bound: float, alternative: Alternative) -> float:
        from_bound = differences(np.full(self.n, bound), self.d)
        return float((signed_rank_test if self.ranks else mean_test)(from_bound, alternative))
