"""What one run of each setting can tell of two networks, and of two settings."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from paribus.audit.figures import Network
from paribus.stats.intervals import ALPHA
from paribus.stats.multiplicity import holm
from paribus.stats.power import SeedsNeeded, seeds_needed
from paribus.stats.proportions import mcnemar_p, newcombe, share

#: One percentage point.
POINT = 0.01


@dataclass(frozen=True)
class Networks:
    """A variation's trained network against the baseline's.

    Attributes:
        estimate, low, high: its accuracy minus the baseline's, with Newcombe's 95 % interval
            for two networks that were shown different images.
        p: Fisher's, of "the two are right equally often", for different images too.
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
    """Two settings, judged from one run each under a stated spread over seeds.

    Attributes:
        p, p_adjusted: of a difference this large between one run each, if the two settings
            are equally good; adjusted by Holm over the variations.
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
    p = [float(2 * stats.norm.sf(abs(of.estimate) / spread)) for of in compared]
    adjusted = holm(p).tolist() if p else []
    return tuple(
        Difference(
            variation.setting,
            of,
            Training(raw, all_, all_ <= ALPHA, seeds_for(of.estimate, spread, len(variations))),
        )
        for variation, of, raw, all_ in zip(variations, compared, p, adjusted, strict=True)
    )


def smallest_resolvable(spread: float) -> float:
    """The difference between one run each that chance alone exceeds in 5 % of cases."""
    return float(stats.norm.isf(ALPHA / 2)) * spread


def seeds_for(difference: float, spread: float, variations: int) -> SeedsNeeded | None:
    """Paired seeds that would show a difference with probability 0.8, among so many variations."""
    return seeds_needed(difference, spread, alpha=ALPHA / variations)


def paired_bounds(baseline: Network, variation: Network) -> tuple[float, float] | None:
    """The smallest and largest p of the exact McNemar test that the matrices leave open.

    The test needs the images that one network alone gets right. A class with n images, of
    which the two get b and v right, has between |v - b| and min(b, n - v) + min(v, n - b) of
    them; v - b, the surplus, is known. With the surplus fixed, more of them means a larger p:
    the two differences' random walk is longer, and strays farther.

    Returns:
        None if the supports differ: the test images then aren't the same.
    """
    pairs = list(zip(baseline.classes, variation.classes, strict=True))
    if any(b.support != v.support for b, v in pairs):
        return None
    surplus = variation.right - baseline.right
    fewest = sum(abs(v.right - b.right) for b, v in pairs)
    most = sum(
        min(b.right, v.support - v.right) + min(v.right, b.support - b.right) for b, v in pairs
    )
    smallest, largest = (
        mcnemar_p((only_one - surplus) // 2, (only_one + surplus) // 2)
        for only_one in (fewest, most)
    )
    return smallest, largest


def _networks(baseline: Network, variation: Network) -> Networks:
    b, v = (share(of.right, of.images) for of in (baseline, variation))
    low, high = newcombe(v, b)
    table = np.array([[of.count, of.of - of.count] for of in (v, b)])
    return Networks(
        estimate=v.count / v.of - b.count / b.of,
        low=low,
        high=high,
        p=float(stats.fisher_exact(table).pvalue),
        paired_p=paired_bounds(baseline, variation),
    )
