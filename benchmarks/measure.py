"""Interleaved rounds, medians, and ratios of what ran back to back."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

#: Contender -> one figure per round.
Measured = dict[str, list[float]]


@dataclass(frozen=True)
class Spread:
    """The median of several rounds, with the lowest and the highest."""

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:.3g} ({self.low:.3g} to {self.high:.3g})"


def interleave(contenders: Mapping[str, Callable[[], float]], rounds: int) -> Measured:
    """Call every contender once per round: A B C A B C ...

    A machine that is busy for a while slows all of a round, so ratios within it stay the same.
    """
    measured: Measured = {name: [] for name in contenders}
    for number in range(1, rounds + 1):
        for name, measure in contenders.items():
            figure = measure()
            print(f"round {number} of {rounds}: {name}: {figure:,.5g}", file=sys.stderr)
            measured[name].append(figure)
    return measured


def spread(values: Sequence[float]) -> Spread:
    """Median, lowest and highest."""
    return Spread(median(values), min(values), max(values))


def ratio(measured: Measured, name: str, to: str) -> Spread:
    """The figure of `name` divided by that of `to`, within each round."""
    pairs = zip(measured[name], measured[to], strict=True)
    return spread([ours / theirs for ours, theirs in pairs])
