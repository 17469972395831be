"""What is said beyond a verdict, on studies whose truth is known.

Claims, new seeds, failed runs, odd shapes, and metrics beside the primary one. Used by the tests
of this folder with few repetitions and by `calibrate.py` with many.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import numpy as np
from scipy import stats

from alone import compare_metric
from calibration.simulated_truth import Law, differences
from paribus.claims.judge import judge
from paribus.comparison.compare import Comparison
from paribus.comparison.values import Flags, SettingValues, Values
from paribus.metrics.metric import Metric, reported
from paribus.stats.intervals import ALPHA, Floats, half_width
from paribus.stats.multiplicity import overall_level
from paribus.stats.paired import mean_test
from paribus.stats.power import power_of_difference
from paribus.stats.prediction import clopper_pearson, predicted_by_rank, predicted_mean
from paribus.stats.shape import is_clumpy, is_lopsided, robust_test
from paribus.study.spec import Study
from synthetic import make_study

LOOKS = (5, 8, 12, 20)
Expect = Literal["better", "better by 1", "not worse", "equivalent"]
EXPECTED: tuple[Expect, ...] = ("better", "better by 1", "not worse", "equivalent")
METRIC = Metric("m", "metric", "higher", reported("m"), margin=1.0)
#: How differences are spread: as `Law`, or by whole numbers of which most are 0 or 1.
Shape = Law | Literal["crashing", "clumpy", "clumpy, lopsided"]
SHAPES: tuple[Shape, ...] = ("normal", "lopsided", "crashing", "clumpy", "clumpy, lopsided")


# ---- claims -------------------------------------------------------------------------------------


def is_true(expect: Expect, difference: float) -> bool:
    """Whether a claim with a margin of 1 is true of this difference."""
    return {
        "better": difference > 0,
        "better by 1": difference >= 1,
        "not worse": difference > -1,
        "equivalent": abs(difference) < 1,
    }[expect]


def claimed(
    rng: np.random.Generator, expect: Expect, difference: float, n: int, repetitions: int
) -> tuple[float, float]:
    """How often a claim is supported and refuted; the differences are normal with sd 1."""
    ends = [_claim(difference + d, expect) for d in rng.standard_normal((repetitions, n))]
    return ends.count("supported") / repetitions, ends.count("refuted") / repetitions


def _claim(d: Floats, expect: Expect) -> str:
    """The verdict on a claim about these differences, by the way that a study's claims go."""
    there, none = np.ones(len(d), bool), np.zeros((len(d), 0), bool)
    settings = {
        name: SettingValues(there, there, there, {"m": of}, {}, none)
        for name, of in (("main", np.zeros(len(d))), ("l2", d))
    }
    values = Values("main", METRIC, {"m": METRIC}, settings, (), np.zeros(0, int), None)
    return judge(_study(expect), values)[0].verdict


@lru_cache
def _study(expect: Expect) -> Study:
    how = {"expect": "better", "by": 1.0} if expect == "better by 1" else {}
    test = {"setting": "l2", "against": "main", "metric": "m", "expect": expect.replace(" ", "_")}
    return Study.model_validate(
        make_study(seeds=3).model_dump()
        | {"metrics": {"m": {"better": "higher", "margin": 1.0}}}
        | {"claims": [{"id": "it", "says": "It is so.", "test": test | how}]}
    )


# ---- new seeds ----------------------------------------------------------------------------------


def predicted(
    rng: np.random.Generator, law: Law, n: int, repetitions: int
) -> tuple[float, float, float, float]:
    """How often new seeds lie where they are predicted.

    One new seed by t, the mean of n new seeds by t, the latter if it is looked for in the interval
    of the mean, and one new seed by rank.
    """
    drawn = differences(rng, law, (repetitions, 2 * n))
    held = np.zeros(4)
    for d, new in zip(drawn[:, :n], drawn[:, n:], strict=True):
        half = float(half_width(n, d.std(ddof=1)))
        one, many, rank = predicted_mean(d), predicted_mean(d, n), predicted_by_rank(d)
        for k, (interval, value) in enumerate(((one, new[0]), (many, new.mean()))):
            assert interval is not None and interval.low is not None and interval.high is not None
            held[k] += interval.low <= value <= interval.high
        assert rank is not None and rank.low is not None and rank.high is not None
        held[2] += abs(new.mean() - d.mean()) <= half
        held[3] += rank.low <= new[0] <= rank.high
    one_seed, as_many, in_mean, by_rank = (held / repetitions).tolist()
    return one_seed, as_many, in_mean, by_rank


def least_coverage_of_odds(n: int, ties: bool, grid: int = 41) -> float:
    """The least coverage of the odds' 95 % interval, summed exactly over all outcomes."""
    wins, tied = (each.ravel() for each in np.indices((n + 1, n + 1)))
    wins, tied = wins[wins + tied <= n], tied[wins + tied <= n]
    low, high = clopper_pearson(wins + tied / 2, n)
    least = 1.0
    for tie in np.linspace(0, 1, grid) if ties else [0.0]:
        for win in np.linspace(0, 1 - tie, grid):
            shares = [win, tie, max(0.0, 1 - win - tie)]
            p = stats.multinomial.pmf(np.stack([wins, tied, n - wins - tied], 1), n, shares)
            true = win + tie / 2
            least = min(least, float(p[(low <= true + 1e-12) & (true <= high + 1e-12)].sum()))
    return least


# ---- failed runs --------------------------------------------------------------------------------


def crashing(
    rng: np.random.Generator, n: int, failing: float, gain: float, repetitions: int
) -> tuple[float, float, float]:
    """How often a variation that sometimes fails is called better.

    It gains `gain` standard deviations of the difference (0.01) where it finishes and is at
    chance (0.1, down from 0.9) in a share `failing` of the seeds. Returns the share of studies by
    the seeds that finished, by the verdict, and the share in which no run failed, which nothing
    can tell.
    """
    alone = counted = unseen = 0
    for _ in range(repetitions):
        failed = rng.random(n) < failing
        c = _one_that_fails(rng, failed, gain)
        alone += (c.overruled or c.verdict) == "better"
        counted += c.verdict == "better"
        unseen += not failed.any()
    return alone / repetitions, counted / repetitions, unseen / repetitions


def _one_that_fails(rng: np.random.Generator, failed: Flags, gain: float) -> Comparison:
    accuracy = Metric("a", "accuracy", "higher", reported("a"), margin=0.001, images="all")
    before = np.full(len(failed), 0.9)
    after = before + 0.01 * (gain + rng.standard_normal(len(failed)))
    after[failed] = np.nan
    none = np.zeros(len(failed), bool)
    return compare_metric("x", before, after, accuracy, failed=(none, failed), worst=0.1)


# ---- odd shapes ---------------------------------------------------------------------------------


def shaped(rng: np.random.Generator, shape: Shape, sizes: tuple[int, int]) -> Floats:
    """Differences (repetitions, n) with mean 0."""
    if shape == "crashing":  # one seed in ten is far worse
        crash = rng.random(sizes) < 0.1
        return np.asarray(rng.standard_normal(sizes) - 10.0 * crash + 1.0)
    if shape == "clumpy":
        return np.asarray(rng.poisson(0.3, sizes) - rng.poisson(0.3, sizes), dtype=float)
    if shape == "clumpy, lopsided":
        return np.asarray(rng.poisson(0.5, sizes) - 0.5)
    return differences(rng, shape, sizes)


def told(
    rng: np.random.Generator, shape: Shape, n: int, repetitions: int
) -> tuple[float, float, float, float]:
    """What becomes of odd differences whose mean is 0.

    The share of studies that are told to look odd, the share with a false difference by the t
    test, the share of false ones without that note, and the share by the robust test.
    """
    drawn = shaped(rng, shape, (repetitions, n))
    odd = np.array([is_lopsided(d) or is_clumpy(d) for d in drawn])
    false = mean_test(drawn) <= ALPHA
    robust = np.array(
        [bool(f) and robust_test(d) <= ALPHA for d, f in zip(drawn, false, strict=True)]
    )
    by_verdict = false & (~odd | robust)
    return odd.mean(), false.mean(), (false & ~odd).mean(), by_verdict.mean()


def told_over_looks(
    rng: np.random.Generator, shape: Shape, repetitions: int
) -> tuple[float, float, float]:
    """The last three of `told` where seeds are added at looks until a difference is shown."""
    drawn = shaped(rng, shape, (repetitions, LOOKS[-1]))
    false, noted, by_verdict = 0, 0, 0
    p = np.stack([overall_level(mean_test(drawn[:, :look]), LOOKS) for look in LOOKS])
    for of, d in zip(p.T, drawn, strict=True):
        stops = np.flatnonzero(of <= ALPHA)
        if not stops.size:
            continue
        seen = d[: LOOKS[stops[0]]]
        odd = is_lopsided(seen) or is_clumpy(seen)
        robust = float(overall_level(robust_test(seen), LOOKS)) <= ALPHA
        false, noted, by_verdict = false + 1, noted + odd, by_verdict + (not odd or robust)
    return false / repetitions, (false - noted) / repetitions, by_verdict / repetitions


# ---- other metrics in a study with looks, and plans ---------------------------------------------


def other_metric(
    rng: np.random.Generator, correlation: float, effect: float, repetitions: int
) -> tuple[float, float]:
    """How often another metric differs falsely where looks at the primary one decide when to stop.

    The two differences correlate; the primary metric differs by `effect` sd, the other by 0.
    Returns the share by its p alone, and by p with the overall level of the looks.
    """
    z = rng.standard_normal((2, repetitions, LOOKS[-1]))
    primary = effect + z[0]
    other = correlation * z[0] + np.sqrt(1 - correlation**2) * z[1]
    open_, p = np.ones(repetitions, bool), np.ones(repetitions)
    for look in LOOKS:
        p = np.where(open_, mean_test(other[:, :look]), p)
        open_ &= overall_level(mean_test(primary[:, :look]), LOOKS) > ALPHA
    return float((p <= ALPHA).mean()), float((overall_level(p, LOOKS) <= ALPHA).mean())


def power_at_half_width(effect: float) -> tuple[int, float]:
    """The seeds at which half the interval is as wide as the difference, and the power there."""
    n = next(n for n in range(2, 1000) if half_width(n, 1.0) <= effect)
    return n, power_of_difference(n, effect, 1.0)
