"""Best and worst classes, and whether a matrix can tell them from the next ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy import stats

from paribus.audit.figures import ClassResult, Network
from paribus.comparison.multiplicity import holm
from paribus.comparison.paired import ALPHA

Extreme = Literal["best", "worst"]
RANKED_BY = ("recall", "precision", "f1")


@dataclass(frozen=True)
class Rank:
    """The best or worst class of a setting by recall, against the next one.

    Attributes:
        setting, extreme: whose, and which end.
        first, second: the class there, and the one next to it (by name where recalls tie).
        gap: between their recalls, 0 or more.
        p, p_adjusted: of "their recalls are the same"; by Holm over all ranks of the audit.
        certain: whether the two are told apart.
    """

    setting: str
    extreme: Extreme
    first: str
    second: str
    gap: float
    p: float
    p_adjusted: float
    certain: bool


@dataclass(frozen=True)
class Ends:
    """The best and worst classes of a setting by one metric; more than one where they tie."""

    setting: str
    metric: str
    best: tuple[str, ...]
    worst: tuple[str, ...]


def ends(networks: Sequence[Network]) -> tuple[Ends, ...]:
    """Best and worst of each setting by recall, precision and F1, as the matrices have them."""
    return tuple(
        Ends(of.setting, by, extremes(of, by, "best", 1), extremes(of, by, "worst", 1))
        for of in networks
        for by in RANKED_BY
    )


def ranks(networks: Sequence[Network]) -> tuple[Rank, ...]:
    """The worst and the best class of each setting by recall, tested against the next one.

    Two classes have different test images, so Fisher's exact test of two independent
    shares serves. That the two were picked by what is tested needs no correction: the
    two-sided test of the first against the second is valid for "it is the first" (Hung and
    Fithian 2019, for classes of equal support). It is about these trained networks, shown
    new images.
    """
    tested = [_rank(network, extreme) for network in networks for extreme in ("worst", "best")]
    adjusted = holm([p for *_, p in tested]).tolist()
    return tuple(
        Rank(setting, extreme, first.name, second.name, gap, p, over_all, over_all <= ALPHA)
        for (setting, extreme, first, second, gap, p), over_all in zip(
            tested, adjusted, strict=True
        )
    )


def extremes(network: Network, metric: str, extreme: Extreme, places: int) -> tuple[str, ...]:
    """The so many best or worst classes, the first first, and those that tie with the last.

    Args:
        network: of one setting.
        metric: recall, precision or f1.
        extreme: which end.
        places: how many; 1 or more.
    """
    ordered = _ordered(network, metric, extreme)
    last = getattr(ordered[places - 1], metric)
    tied = [result for result in ordered[places:] if getattr(result, metric) == last]
    return tuple(result.name for result in [*ordered[:places], *tied])


def _ordered(network: Network, metric: str, extreme: Extreme) -> list[ClassResult]:
    # Equal shares of counts are equal floats: a division of whole numbers is rounded correctly.
    sign = 1 if extreme == "worst" else -1
    return sorted(network.classes, key=lambda of: (sign * getattr(of, metric), of.name))


def _rank(
    network: Network, extreme: Extreme
) -> tuple[str, Extreme, ClassResult, ClassResult, float, float]:
    first, second = _ordered(network, "recall", extreme)[:2]
    table = np.array([[of.right, of.support - of.right] for of in (first, second)])
    p = float(stats.fisher_exact(table).pvalue)
    return network.setting, extreme, first, second, abs(first.recall - second.recall), p
