"""What a number of seeds can show before any is trained, with differences of a given spread.

All effects and margins are in standard deviations of the paired differences, which are taken to
be normal.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import special

from paribus.stats.anytime import anytime_p_values
from paribus.stats.intervals import ALPHA, Floats
from paribus.stats.multiplicity import nominal_level
from paribus.stats.power import POWER, power_of_difference, power_of_equivalence
from paribus.stream import stream

#: Studies that are simulated where seeds are added.
STUDIES = 2_000
#: Effects are looked for up to this size: below three seeds, larger ones are of no use.
LARGEST = 100.0


@dataclass(frozen=True)
class Design:
    """How many seeds each comparison has, or gets at most, and at which level it is tested.

    Attributes:
        alpha: the error of one comparison over the whole study: 0.05 / k among k (Bonferroni's
            share, which Holm gives the first of them).
        looks: where it may stop, the last at `seeds`.
        one_by_one: it may stop after any seed.
    """

    seeds: int
    alpha: float = ALPHA
    looks: tuple[int, ...] | None = None
    one_by_one: bool = False


def chance_of_difference(design: Design, effect: float) -> float:
    """The share of studies that show a true difference of this size; 0 below two seeds."""
    if design.seeds < 2:
        return 0.0
    if not _adds_seeds(design):
        return power_of_difference(design.seeds, effect, 1.0, design.alpha)
    return float((_p(design, effect) <= _level(design)).any(axis=1).mean())


def chance_of_equivalence(design: Design, margin: float) -> float:
    """The share of studies that show that a difference of truly 0 is within +-margin."""
    if design.seeds < 2:
        return 0.0
    if not _adds_seeds(design):
        return power_of_equivalence(design.seeds, 0.0, 1.0, margin, design.alpha)
    above = _one_sided(design, margin)
    below = _one_sided(design, margin, turned=True)
    return float((np.maximum(above, below) <= _level(design)).any(axis=1).mean())


def smallest_difference(design: Design, power: float = POWER) -> float | None:
    """The smallest true difference that studies show in a share of `power`; None: none is."""
    return _smallest(lambda effect: chance_of_difference(design, effect) >= power)


def fewest_by_ranks(design: Design) -> int:
    """The seeds from which a signed-rank or sign-flip test can show anything, by its smallest p.

    That is 2 / 2**n with n seeds; of seeds one by one, by the evidence of n equal signs.
    """
    if design.one_by_one:
        p = anytime_p_values(np.ones(200), ranks=True)
        return 1 + int(np.argmax(p <= design.alpha))
    return math.ceil(1 - math.log2(_level(design)))


def _adds_seeds(design: Design) -> bool:
    return design.one_by_one or design.looks is not None


def _level(design: Design) -> float:
    """What a p value has to reach at a stop."""
    return nominal_level(design.looks, design.alpha) if design.looks else design.alpha


def _p(design: Design, effect: float) -> Floats:
    """Two-sided p values (studies, stops) of simulated differences around `effect`."""
    if design.one_by_one:
        return anytime_p_values(effect + _differences(design.seeds))
    assert design.looks is not None, "only where seeds are added"
    t, n = _t(design.looks, effect)
    return np.asarray(2 * special.stdtr(n - 1, -np.abs(t)))


def _one_sided(design: Design, shift: float, *, turned: bool = False) -> Floats:
    """P values (studies, stops) of "the center is not above -shift", or with `turned` not below."""
    d = -_differences(design.seeds) if turned else _differences(design.seeds)
    if design.one_by_one:
        return anytime_p_values(d + shift, "greater")
    assert design.looks is not None, "only where seeds are added"
    t, n = _t(design.looks, shift, turned=turned)
    return np.asarray(special.stdtr(n - 1, -t))


def _t(looks: tuple[int, ...], shift: float, *, turned: bool = False) -> tuple[Floats, Floats]:
    """T statistics (studies, looks) and the seeds (looks,) that each is of."""
    d = shift + (-1 if turned else 1) * _differences(looks[-1])
    of_look = [d[:, :n].mean(axis=1) / d[:, :n].std(axis=1, ddof=1) * math.sqrt(n) for n in looks]
    return np.stack(of_look, axis=1), np.array(looks, float)


@lru_cache(maxsize=4)
def _differences(seeds: int) -> Floats:
    return stream(0, "detectable", seeds).standard_normal((STUDIES, seeds))


def _smallest(enough: Callable[[float], bool]) -> float | None:
    """The smallest effect that is enough, to 1 %; the same draws make it rise with the effect."""
    if not enough(LARGEST):
        return None
    low, high = 0.0, LARGEST
    while high - low > 0.005 * high:
        middle = (low + high) / 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
