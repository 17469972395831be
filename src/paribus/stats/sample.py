"""Values over seeds, one-sided tests of where their center lies, and the verdict they lead to.

Every claim about a number is made of two questions: does the center lie above this bound,
does it lie below that one?
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

import numpy as np

from paribus.errors import ComparisonError
from paribus.stats.anytime import anytime_estimate, anytime_p, anytime_p_now
from paribus.stats.crossed import CrossedInterval
from paribus.stats.intervals import ALPHA, LEVEL, Floats, Interval
from paribus.stats.paired import (
    differences,
    hodges_lehmann,
    is_constant,
    mean_test,
    signed_rank_test,
    t_interval,
)
from paribus.stats.student import Alternative

#: The verdicts that hold only with a margin and only where a claim asks for them.
Asked = Literal["not worse", "not better"]
Verdict = Literal["better", "worse", "higher", "lower", "equivalent", "undecided"] | Asked
Test = Callable[[Floats, Alternative], Floats | float]


@dataclass(frozen=True)
class Sample:
    """Finite values d (n,) over seeds: of a setting, or differences of two (logs for a ratio).

    Attributes:
        ranks: the center is the Hodges-Lehmann estimate, tested by signed ranks; else the mean,
            tested by Student's t.
        new_images: of a mean that depends on the test images by chance, the mean with its spread
            over new seeds and new images; then it must be shown against that, too.
        may_be_larger, may_be_smaller: in how many seeds the true value may lie above or below
            the one here, because the training ended too early to tell.
        failed: (k,) differences of the seeds in which a run failed, with that run at its worst;
            infinite where no value is the worst. They count only where they speak against what
            is to be shown, so a failure can't help to show anything.
        anytime: tests and interval hold however often results were looked at.
    """

    d: Floats
    ranks: bool = False
    new_images: CrossedInterval | None = None
    may_be_larger: int = 0
    may_be_smaller: int = 0
    failed: Floats = field(default_factory=lambda: np.zeros(0))
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
        low, high = float(center.low), float(center.high)
        if self.new_images is not None:
            new = self.new_images.at(level)
            low, high = min(low, new.low), max(high, new.high)
        return Interval(float(center.estimate), low, high, center.level)

    def _test(self, bound: float, alternative: Alternative) -> float:
        from_bound = differences(np.full(self.n, bound), self.d)
        test = partial(anytime_p, ranks=self.ranks) if self.anytime else _fixed_test(self.ranks)
        p = float(test(from_bound, alternative))
        if self.new_images is not None:
            p = max(p, self.new_images.p_beyond(bound, alternative))
        contrary = self.failed < bound if alternative == "greater" else self.failed > bound
        if not contrary.any():
            return p
        failed, ranks = self.failed[contrary] - bound, self.ranks
        if np.isinf(failed).any():  # beyond all others
            ranks, failed = True, np.sign(failed) * (2 * np.abs(from_bound).max() + 1)
        # Failed runs have lost their place in the order of the seeds.
        counted = partial(anytime_p_now, ranks=ranks) if self.anytime else _fixed_test(ranks)
        return max(p, float(counted(np.append(from_bound, failed), alternative)))


def _fixed_test(ranks: bool) -> Test:
    return signed_rank_test if ranks else mean_test


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
    *,
    asked: Asked | None = None,
    p_asked: float | None = None,
) -> Verdict:
    """The verdict on a comparison from its (adjusted) p values.

    - `equivalent` if the two one-sided tests show that the difference is inside the margin, even
      if it is also shown not to be 0: the study has declared that it doesn't matter. Without a
      margin (p_equivalence None) nothing is equivalent.
    - else `better` or `worse` (`higher` or `lower` if neither way is better) if the difference is
      shown not to be 0. (With many ties a rank test can show that with an estimate of 0; it then
      has no direction.)
    - else `not worse` or `not better`, if a claim asks for it and one one-sided test shows that
      the difference doesn't reach the margin on that side.
    - else `undecided`.

    A single comparison ends in a false verdict with a probability of at most alpha: if the true
    difference is 0, only a difference can be false; at or beyond the margin, `equivalent`, the
    wrong direction and `not worse` need the same one-sided test to fail; in between, only the
    wrong direction is false.
    """
    if p_equivalence is not None and p_equivalence <= alpha:
        return "equivalent"
    if p <= alpha and estimate != 0:
        if higher_is_better is None:
            return "higher" if estimate > 0 else "lower"
        return "better" if (estimate > 0) == higher_is_better else "worse"
    return asked if asked is not None and p_asked is not None and p_asked <= alpha else "undecided"
