"""What a comparison of a variation with the baseline holds."""

from dataclasses import dataclass

from paribus.comparison.failing import Failing
from paribus.comparison.outlook import Shape
from paribus.comparison.values import FailedRuns
from paribus.metrics.metric import Metric
from paribus.stats.crossed import CrossedInterval
from paribus.stats.intervals import ALPHA, Interval
from paribus.stats.power import SeedsNeeded
from paribus.stats.practical import Practical
from paribus.stats.prediction import Outperforming
from paribus.stats.sample import Asked, Verdict


@dataclass(frozen=True)
class PValues:
    """P values of a comparison.

    Attributes:
        difference: of "no difference".
        equivalence: of "not within the margin".
        asked: of "beyond the margin on the one side that a claim asks about".
    """

    difference: float | None = None
    equivalence: float | None = None
    asked: float | None = None

    def behind(self, verdict: Verdict) -> float | None:
        """The p value that a verdict rests on."""
        if verdict in ("not worse", "not better"):
            return self.asked
        return self.equivalence if verdict == "equivalent" else self.difference


@dataclass(frozen=True)
class OtherTest:
    """The same comparison tested in another way, and the verdict that it would have by it."""

    difference: float
    p: PValues
    p_adjusted: PValues = PValues()
    verdict: Verdict = "undecided"


@dataclass(frozen=True)
class Comparison:
    """A variation against the baseline on one metric.

    Attributes:
        n_seeds, missing: paired seeds that count, and those left out because a value is missing.
        estimate, low, high: variation - baseline, or variation / baseline for a ratio, with the
            interval for new seeds on these test images; None where unknown.
        level, wanted_level: the confidence that the interval has, and the one asked for.
        p, p_adjusted: of "no difference"; adjusted over the family (and looks) it belongs to.
        p_sign_flip: of the sign-flip test, beside p.
        p_equivalence, p_equivalence_adjusted: of "not within the margin"; None if no margin.
        asked, p_asked, p_asked_adjusted: the one-sided verdict that a claim asks for, `not worse`
            or `not better`, and the p value of its contrary.
        new_images: the interval for new seeds and new images, where known; never narrower than
            `low` to `high`, nor its p below `p` (`with_new_images`).
        correlation: of the paired values.
        difference, sd: of the paired differences, on the scale of the test (logs for a ratio).
        verdict, seeds_needed: the outcome, and, if undecided, the seeds needed to decide it.
        differing: in how many seeds the two differ at all.
        constant: all differences are the same, so that nothing tells their spread.
        censored: how many of the baseline's and of the variation's values are only known to be
            at least what is given.
        first_look: so many seeds it takes until anything is tested, where there are looks.
        stopped_early: a look before the last one decided it.
        failed: which of the two settings have failed runs, whose seeds are among the missing.
        failing: how often each fails over the paired seeds; None if no run failed.
        counted: tested with the failed runs counted at their worst, where there are any.
        overruled: the verdict over the seeds that both finished, where it doesn't hold with the
            failed runs counted; the verdict is then `undecided`, or what a claim asks for.
        prediction, prediction_of_as_many: the interval for the difference of one new seed, and
            for the mean of as many as there are, as readers see it.
        outperforming: in how many seeds the variation wins; of a metric in which neither way is
            better, in how many it is higher.
        practical: how probable it is that the difference matters; None without a margin.
        shape: whether the differences look lopsided or clumpy, where a t test takes them.
        robust: tested without relying on their shape, where they do.
        paired: seed by seed; else two groups of runs, whose `sizes` and `sds` are given, the
            baseline's first; `n_seeds` is the smaller size, and `p_sign_flip` the p value of
            Welch's t among all divisions of the runs into such groups.
        anytime: p values and interval hold however often results were looked at.
    """

    variation: str
    metric: Metric
    n_seeds: int
    missing: int
    estimate: float | None
    low: float | None = None
    high: float | None = None
    level: float = 1 - ALPHA
    wanted_level: float = 1 - ALPHA
    p: float | None = None
    p_adjusted: float | None = None
    p_sign_flip: float | None = None
    p_equivalence: float | None = None
    p_equivalence_adjusted: float | None = None
    new_images: CrossedInterval | None = None
    correlation: float | None = None
    difference: float | None = None
    sd: float | None = None
    verdict: Verdict = "undecided"
    seeds_needed: SeedsNeeded | None = None
    differing: int = 0
    constant: bool = False
    censored: tuple[int, int] = (0, 0)
    first_look: int | None = None
    stopped_early: bool = False
    failed: tuple[FailedRuns, ...] = ()
    asked: Asked | None = None
    p_asked: float | None = None
    p_asked_adjusted: float | None = None
    failing: Failing | None = None
    counted: OtherTest | None = None
    overruled: Verdict | None = None
    prediction: Interval | None = None
    prediction_of_as_many: Interval | None = None
    outperforming: Outperforming | None = None
    practical: Practical | None = None
    shape: Shape | None = None
    robust: OtherTest | None = None
    paired: bool = True
    sizes: tuple[int, int] | None = None
    sds: tuple[float, float] | None = None
    anytime: bool = False
