"""How many images two samples of runs of one and the same setting turn from wrong to right.

An image that half of all seeds get wrong may be wrong in most of five seeds and right in most of
five others: regression to the mean. How many do so follows from how hard the images are, which
one setting's own runs tell.
"""

import itertools
import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy import optimize, special

from paribus.stats.intervals import LEVEL, Floats
from paribus.stream import stream

Counts = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

#: Fewer runs can't be split to see how images depend on one another.
FEWEST_SPLIT = 4
#: So many splits of the runs are looked at, at most.
_SPLITS = 300
#: How finely the law of difficulties is described, and how often it is improved.
_POINTS, _STEPS = 400, 50


@dataclass(frozen=True)
class ByChance:
    """So many images are wrong in most of n runs and right in most of n others like them.

    `low` to `high` holds the number in about 95 %; None below `FEWEST_SPLIT` runs.
    """

    expected: float
    low: int | None
    high: int | None


def turned_by_chance(wrong: Flags) -> ByChance | None:
    """How many images n further runs would turn, from whether n runs are wrong (n, images).

    With p an image's probability of being wrong, X and Y independent binomial(n, p), it expects

        images * integral of P(X > n/2) P(Y < n/2) dF(p)

    F begins as the beta law that makes the numbers of wrong runs likeliest (beta-binomial,
    Griffiths 1973) and is improved by steps of expectation-maximization towards the likeliest law
    of any shape (Laird 1978), since a beta law alone comes out up to half too low where most are
    always right and a few are hard. Images of a run depend on one another: the variance of the
    number is that of independent images times `_dependence`. None of one run, which can't tell
    hard images from chance.
    """
    runs, images = wrong.shape
    if runs < 2 or not images:
        return None
    counts = np.bincount(wrong.sum(axis=0), minlength=runs + 1)
    expected, variance = _of_counts(tuple(counts.tolist()))
    if runs < FEWEST_SPLIT:
        return ByChance(expected, None, None)
    dependence = _dependence(np.packbits(wrong).tobytes(), wrong.shape)
    half = float(special.ndtri((1 + LEVEL) / 2)) * math.sqrt(dependence * variance)
    low, high = max(0, math.floor(expected - half)), min(images, math.ceil(expected + half))
    return ByChance(expected, low, high)


@lru_cache(maxsize=64)
def _of_counts(counts: tuple[int, ...]) -> tuple[float, float]:
    """The number expected, and its variance if images were independent.

    Args:
        counts: how many images are wrong in 0, 1, ..., n runs.
    """
    runs, images = len(counts) - 1, sum(counts)
    probability, weight = _difficulties(np.array(counts))
    wrong = 2 * np.arange(runs + 1)
    turned = probability[wrong > runs].sum(axis=0) * probability[wrong < runs].sum(axis=0)
    return float(images * weight @ turned), float(images * weight @ (turned * (1 - turned)))


def _difficulties(counts: Counts) -> tuple[Floats, Floats]:
    """The law of how many of n runs are wrong for some probabilities p, and the share of each p.

    Arrays (n + 1, points) and (points,).
    """
    runs = len(counts) - 1
    a, b = likeliest_beta(counts).tolist()
    p = special.betaincinv(a, b, (np.arange(_POINTS) + 0.5) / _POINTS)
    k = np.arange(runs + 1)[:, None]
    likelihood = special.binom(runs, k) * p**k * (1 - p) ** (runs - k)
    weight, share = np.full(_POINTS, 1 / _POINTS), counts / counts.sum()
    for _ in range(_STEPS):
        given_count = weight * likelihood
        total = np.maximum(given_count.sum(axis=1, keepdims=True), np.finfo(float).tiny)
        weight = share @ (given_count / total)
    return np.asarray(likelihood), np.asarray(weight / weight.sum())


def likeliest_beta(counts: Counts) -> Floats:
    """The parameters (2,) of the beta-binomial law that makes the counts likeliest."""
    runs = len(counts) - 1
    k = np.arange(runs + 1)

    def cost(logs: Floats) -> float:
        a, b = np.exp(logs)
        return -float(counts @ (special.betaln(a + k, b + runs - k) - special.betaln(a, b)))

    mean = np.clip(counts @ k / counts.sum() / runs, 1e-6, 1 - 1e-6)
    start = np.log([mean, 1 - mean])
    found = optimize.minimize(cost, start, method="L-BFGS-B", bounds=[(-9, 9)] * 2)
    return np.asarray(np.exp(found.x))


@lru_cache(maxsize=8)
def _dependence(packed: bytes, shape: tuple[int, ...]) -> float:
    """How many times as far the number of turned images spreads as if they were independent.

    The runs are split into halves in many ways; the variance over the splits of how many images
    they turn, divided by what independent images would give, and at least 1. All variations have
    the same baseline, so it is kept.

    Args:
        packed: whether each run is wrong on each image, by `numpy.packbits`.
        shape: (runs, images).
    """
    wrong = np.unpackbits(np.frombuffer(packed, np.uint8), count=math.prod(shape)).reshape(shape)
    halves = _splits(len(wrong))
    size = halves[0].sum(axis=1)[0]
    first, second = (half @ wrong.astype(np.float32) for half in halves)
    turned = (2 * first > size) & (2 * second < size)
    each = turned.mean(axis=0)
    alone = float((each * (1 - each)).sum())
    return max(1.0, float(turned.sum(axis=1).var()) / alone) if alone else 1.0


@lru_cache(maxsize=8)
def _splits(runs: int) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Two halves of the runs in many ways: (splits, n) 1 for each run that is in; n odd: one out.

    Up to ten runs are split in every way, more of them in ways from a fixed stream.
    """
    size = runs // 2
    if math.comb(runs, size) <= _SPLITS:
        chosen = [list(some) for some in itertools.combinations(range(runs), size)]
    else:
        draw = stream(runs, "halves")
        chosen = [draw.permutation(runs)[:size].tolist() for _ in range(_SPLITS)]
    first, second = (np.zeros((len(chosen), runs), np.float32) for _ in range(2))
    for row, some in enumerate(chosen):
        others = [run for run in range(runs) if run not in some]
        first[row, some] = 1
        # Of an odd number, another one is left out each time.
        second[row, np.roll(others, row)[:size]] = 1
    return first, second
