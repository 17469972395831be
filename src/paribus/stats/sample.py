"""Values over seeds, one-sided tests of where their center lies, and the verdict they lead to.

Every claim about a number is made of two questions: does the center lie above this bound,
does it lie below that one?
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from paribus.errors import ComparisonError
from paribus.stats.anytime import anytime_estimate, anytime_p
from paribus.stats.intervals import ALPHA, LEVEL, Floats, Interval
from paribus.stats.paired import (
    Alternative,
    differences,
    hodges_lehmann,
    is_constant,
    mean_test,
    signed_rank_test,
    t_interval,
)

Verdict = Literal["better", "worse", "higher", "lower", "equivalent", "undecided"]
Test = Callable[[Floats, Alternative], Floats | float]


@dataclass(frozen=True)
class Sample:
    """Finite values d (n,) over seeds: of a setting, or differences of two (logs for a ratio).

    Attributes:
        ranks: the center is the Hodges-Lehmann estimate, tested by signed ranks; else the mean,
            tested by Student's t.
        may_be_larger, may_be_smaller: in how many seeds the true value may lie above or below
            the one here, because the training ended too early to tell.
        anytime: tests and interval hold however often results were looked at.
    """

    d: Floats
    ranks: bool = False
    may_be_larger: int = 0
    may_be_smaller: int = 0
    anytime: bool = False

    @property
    def n(self) -> int:
        """How many seeds have a value."""
        return len(self.d)

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

    def interval(self, level: float = LEVEL) -> Interval:
        """The center with its interval, from one value on."""
        if self.n < 2:
            return Interval(float(self.d.mean()), level=level)
        if self.anytime:
            center = anytime_estimate(self.d, ranks=self.ranks, level=level)
        else:
            center = (hodges_lehmann if self.ranks else t_interval)(self.d, level)
        if is_constant(self.d) or np.isnan(center.low):
            return Interval(float(center.estimate), level=level)
        return Interval(float(center.estimate), float(center.low), float(center.high), center.level)

    def _test(self, bound: float, alternative: Alternative) -> float:
        from_bound = differences(np.full(self.n, bound), self.d)
        if self.anytime:
            return anytime_p(from_bound, alternative, ranks=self.ranks)
        return float((signed_rank_test if self.ranks else mean_test)(from_bound, alternative))


def equivalence_p(d: Floats, margin: float, test: Test = mean_test) -> Floats:
    """P value (...) of two one-sided tests that paired differences (..., n) are within +-margin.

    The difference must be shown to be above -margin and below +margin, so the larger p counts and
    neither is adjusted. p <= 0.05 is the same as the 90 % interval lying inside the margin.
    Source: Schuirmann 1987; Lakens 2017.

    `test` is `mean_test` for a mean, `signed_rank_test` for a shift (of one comparison).

    Raises:
        ComparisonError: the margin is not above 0, or fewer than two seeds.
    """
    if not margin > 0:
        raise ComparisonError(f"expected a margin above 0, got {margin}")
    return np.maximum(test(d + margin, "greater"), test(d - margin, "less"))


def verdict(
    estimate: float,
    p: float,
    p_equivalence: float | None,
    higher_is_better: bool | None,
    alpha: float = ALPHA,
) -> Verdict:
    """The verdict on a comparison from its (adjusted) p values.

    - `equivalent` if the two one-sided tests show that the difference is inside the margin, even
      if it is also shown not to be 0: the study has declared that it doesn't matter. Without a
      margin (p_equivalence None) nothing is equivalent.
    - else `better` or `worse` (`higher` or `lower` if neither way is better) if the difference is
      shown not to be 0. (With many ties a rank test can show that with an estimate of 0; it then
      has no direction.)
    - else `undecided`.

    A single comparison ends in a false verdict with a probability of at most alpha: if the true
    difference is 0, only a difference can be false; at or beyond the margin, `equivalent` and the
    wrong direction need the same one-sided test to fail; in between, only the wrong direction is
    false.
    """
    if p_equivalence is not None and p_equivalence <= alpha:
        return "equivalent"
    if p > alpha or estimate == 0:
        return "undecided"
    if higher_is_better is None:
        return "higher" if estimate > 0 else "lower"
    return "better" if (estimate > 0) == higher_is_better else "worse"
