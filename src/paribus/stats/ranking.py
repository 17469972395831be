"""Is a ranking certain? "Dog is the worst class" must hold for other seeds too.

A ranking is a set of statements "this one is above that one", each a paired comparison on the
same seeds and test images.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from paribus.errors import ComparisonError
from paribus.stats.anytime import anytime_estimate
from paribus.stats.intervals import Floats, Interval
from paribus.stats.paired import differences, t_interval


@dataclass(frozen=True)
class Above:
    """That `upper` is above `lower`: the mean difference over the seeds, and p of none."""

    upper: str
    lower: str
    interval: Interval
    p: float


@dataclass(frozen=True)
class Ranking:
    """The evidence for each statement of a ranking; none for fewer than two seeds.

    Of the seeds that have all values, `agreeing` are those for which every statement holds.
    """

    n_seeds: int
    agreeing: int
    statements: tuple[Above, ...]


def extreme_ranking(
    values: npt.ArrayLike,
    names: Sequence[str],
    members: Sequence[str],
    *,
    highest: bool,
    anytime: bool = False,
) -> Ranking:
    """Whether `members` are the highest (or lowest): each beyond every other class.

    Values are (n, k) a metric of k classes (or settings) over n seeds, `names` those of the k
    columns; `anytime`: the tests hold however often results were looked at. Raises
    ComparisonError if a name is unknown, or there is nothing to compare.
    """
    others = [name for name in names if name not in members]
    pairs = [(m, o) if highest else (o, m) for m in members for o in others]
    return _ranking(values, names, members, pairs, anytime)


def ordered_ranking(
    values: npt.ArrayLike, names: Sequence[str], order: Sequence[str], *, anytime: bool = False
) -> Ranking:
    """Whether values (n, k) fall along `order`, highest first: each above the next."""
    return _ranking(values, names, order, list(pairwise(order)), anytime)


def _ranking(
    values: npt.ArrayLike,
    names: Sequence[str],
    claimed: Sequence[str],
    pairs: Sequence[tuple[str, str]],
    anytime: bool,
) -> Ranking:
    table = np.asarray(values, float)
    if unknown := [name for name in claimed if name not in names]:
        raise ComparisonError(f"expected names out of {', '.join(names)}, got {unknown[0]!r}")
    if not pairs or table.ndim != 2 or table.shape[1] != len(names):
        raise ComparisonError(
            f"expected values (seeds, {len(names)}) and at least two names to compare, got shape "
            f"{table.shape}"
        )
    table = table[~np.isnan(table).any(axis=1)]
    upper = table[:, [names.index(u) for u, _ in pairs]]
    lower = table[:, [names.index(w) for _, w in pairs]]
    agreeing = int((upper > lower).all(axis=1).sum())
    if len(table) < 2:
        return Ranking(len(table), agreeing, ())
    return Ranking(len(table), agreeing, _statements(pairs, differences(lower.T, upper.T), anytime))


def _statements(pairs: Sequence[tuple[str, str]], d: Floats, anytime: bool) -> tuple[Above, ...]:
    """Each pair with the evidence of its row of d (pairs, n)."""
    found = [anytime_estimate(row) for row in d] if anytime else [t_interval(d)]
    columns = [(t.estimate, t.low, t.high, t.p) for t in found]
    rows = np.stack([np.ravel(column) for column in zip(*columns, strict=True)], axis=1).tolist()
    return tuple(
        Above(upper, lower, _interval(estimate, low, high), p)
        for (upper, lower), (estimate, low, high, p) in zip(pairs, rows, strict=True)
    )


def _interval(estimate: float, low: float, high: float) -> Interval:
    return Interval(estimate) if math.isnan(low) else Interval(estimate, low, high)
