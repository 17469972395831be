"""Two trained networks on the same images, and one network's accuracy.

One run of each setting can't tell ways of training apart, for another seed would have given
another network. It can tell the two networks apart; that, and no more, is McNemar's test.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import proportion_confint

from paribus.comparison.paired import ALPHA
from paribus.errors import ComparisonError


@dataclass(frozen=True)
class TwoNetworks:
    """The comparison of two trained networks: not of two ways of training.

    Attributes:
        n: images that both judged.
        only_baseline, only_variation: images that this one alone got right.
        difference: accuracy of the variation's network minus that of the baseline's.
        p: exact McNemar p of "these two networks are right equally often on such images".
    """

    n: int
    only_baseline: int
    only_variation: int
    difference: float
    p: float

    about = "compares these two trained networks, not the two ways of training"


def compare_networks(baseline: npt.ArrayLike, variation: npt.ArrayLike) -> TwoNetworks:
    """Exact McNemar test of two networks.

    Of the images that exactly one of the two gets right, each is as likely to be the
    one's as the other's if they are equally good: a binomial test with probability 1/2.
    Source: McNemar 1947; Dietterich 1998 for what it can't say.

    Args:
        baseline, variation: (n,) whether each network is right on each image.

    Raises:
        ComparisonError: the shapes differ or there is no image.
    """
    b, v = np.asarray(baseline, bool), np.asarray(variation, bool)
    if b.ndim != 1 or b.shape != v.shape or not b.size:
        raise ComparisonError(
            f"Both networks must judge the same images; their answers have shapes {b.shape} "
            f"and {v.shape}."
        )
    only_b, only_v = int((b & ~v).sum()), int((v & ~b).sum())
    table = [[int((b & v).sum()), only_b], [only_v, int((~b & ~v).sum())]]
    p = float(mcnemar(table, exact=True).pvalue)
    return TwoNetworks(b.size, only_b, only_v, (only_v - only_b) / b.size, min(p, 1.0))


def accuracy_interval(correct: int, total: int, level: float = 1 - ALPHA) -> tuple[float, float]:
    """Wilson interval of one trained network's accuracy, for new images of the same kind.

    It says nothing of another seed's network. Source: Wilson 1927.

    Raises:
        ComparisonError: not 0 <= correct <= total, or no image.
    """
    if not 0 <= correct <= total or total < 1:
        raise ComparisonError(f"{correct} right of {total} images is not possible.")
    low, high = proportion_confint(correct, total, alpha=1 - level, method="wilson")
    # At 0 and at 1 the formula ends exactly there, but for the last bit.
    return float(low) if correct else 0.0, float(high) if correct < total else 1.0
