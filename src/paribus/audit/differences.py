"""What one run of each setting can tell of two networks, and of two ways of training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import confint_proportions_2indep

from paribus.audit.figures import Network
from paribus.comparison.multiplicity import holm
from paribus.comparison.paired import ALPHA
from paribus.comparison.power import SeedsNeeded, seeds_needed

#: One percentage point.
POINT = 0.01


@dataclass(frozen=True)
class Networks:
    """A variation's trained network against the baseline's.

    Attributes:
        estimate, low, high: its accuracy minus the baseline's, with the 95 % interval for two
            networks that were shown different images.
        p: of "the two are right equally often", for different images too.
        paired_p: the smallest and the largest p that McNemar's test could give if both saw
            the same images; None if the classes' supports show that they didn't.
    """

    estimate: float
    low: float
    high: float
    p: float
    paired_p: tuple[float, float] | None


@dataclass(frozen=True)
class Training:
    """Two ways of training, judged from one run each under a stated spread over seeds.

    Attributes:
        p, p_adjusted: of a difference this large between one run each, if the two ways of
            training are the same; adjusted by Holm over the variations.
        resolved: p_adjusted is at most 0.05.
        seeds: paired seeds that would show this difference, if it is the true one.
    """

    p: float
    p_adjusted: float
    resolved: bool
    seeds: SeedsNeeded | None


@dataclass(frozen=True)
class Difference:
    """A variation against the baseline, by their test accuracies."""

    variation: str
    networks: Networks
    training: Training


def differences(networks: Sequence[Network], spread: float) -> tuple[Difference, ...]:
    """Every setting against the first one.

    Args:
        networks: the baseline's first.
        spread: standard deviation over paired seeds of the difference in test accuracy.
    """
    baseline, *variations = networks
    compared = [_networks(baseline, variation) for variation in variations]
    trained = _trainings([of.estimate for of in compared], spread)
    return tuple(
        Difference(variation.setting, two_networks, two_ways)
        for variation, two_networks, two_ways in zip(variations, compared, trained, strict=True)
    )


def smallest_resolvable(spread: float) -> float:
    """The difference between one run each that chance alone exceeds in 5 % of cases."""
    return float(stats.norm.isf(ALPHA / 2)) * spread


def seeds_for(difference: float, spread: float, variations: int) -> SeedsNeeded | None:
    """Paired seeds that would show a difference with probability 0.8, among so many variations."""
    return seeds_needed(difference, spread, alpha=ALPHA / variations)


def _networks(baseline: Network, variation: Network) -> Networks:
    """Newcombe's interval (1998, method 10: from two Wilson intervals) and Fisher's exact test."""
    b, v = baseline, variation
    low, high = confint_proportions_2indep(
        v.right, v.images, b.right, b.images, method="newcomb", compare="diff", alpha=ALPHA
    )
    table = np.array([[of.right, of.images - of.right] for of in (v, b)])
    return Networks(
        estimate=v.right / v.images - b.right / b.images,
        low=float(low),
        high=float(high),
        p=float(stats.fisher_exact(table).pvalue),
        paired_p=paired_bounds(b, v),
    )


def paired_bounds(baseline: Network, variation: Network) -> tuple[float, float] | None:
    """The smallest and largest p of the exact McNemar test that the matrices leave open.

    The test needs the images that one network alone gets right. A class with n images, of
    which the two get b and v right, has between |v - b| and min(b, n - v) + min(v, n - b) of
    them; v - b, the surplus, is known. With the surplus fixed, more of them means a larger p:
    the two differences' random walk is the longer, and strays the farther.

    Returns:
        None if the supports differ, for then the test images aren't the same.
    """
    pairs = list(zip(baseline.classes, variation.classes, strict=True))
    if any(b.support != v.support for b, v in pairs):
        return None
    surplus = variation.right - baseline.right
    fewest = sum(abs(v.right - b.right) for b, v in pairs)
    most = sum(
        min(b.right, v.support - v.right) + min(v.right, b.support - b.right) for b, v in pairs
    )
    return _mcnemar_p(fewest, surplus), _mcnemar_p(most, surplus)


def _mcnemar_p(only_one: int, surplus: int) -> float:
    """Exact McNemar p where so many images are right by one network alone."""
    only_variation = (only_one + surplus) // 2
    table = [[0, only_one - only_variation], [only_variation, 0]]
    return min(1.0, float(mcnemar(table, exact=True).pvalue))


def _trainings(estimates: Sequence[float], spread: float) -> list[Training]:
    p = [float(2 * stats.norm.sf(abs(estimate) / spread)) for estimate in estimates]
    adjusted = holm(p).tolist() if p else []
    return [
        Training(one, over_all, over_all <= ALPHA, seeds_for(estimate, spread, len(p)))
        for estimate, one, over_all in zip(estimates, p, adjusted, strict=True)
    ]
