"""The best of several equally good variations, and how often its interval holds the truth."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from paribus.stats.paired import t_interval
from paribus.stream import stream

SEEDS = (3, 5, 10, 30)


def coverage_of_best(
    rng: np.random.Generator, variations: int, n: int, repetitions: int, apart: float = 0.0
) -> tuple[float, float]:
    """How often the best one's own interval holds the truth, and the one that allows for choice.

    The variations' true differences are evenly spaced from 0 to `apart`, their spreads from half to
    one and a half times the baseline's; all share the baseline's runs.
    """
    runs = rng.standard_normal((repetitions, variations + 1, n))
    truth = apart * np.linspace(0, 1, variations)
    sd = np.random.default_rng(variations).permutation(np.linspace(0.5, 1.5, variations))
    d = truth[:, None] + sd[:, None] * runs[:, 1:] - runs[:, :1]
    at = d.mean(axis=2).argmax(axis=1)
    best, true = d[np.arange(repetitions), at], truth[at]
    own, wide = (t_interval(best, level) for level in (0.95, 1 - 0.05 / variations))
    below = own.high >= true
    return float(((own.low <= true) & below).mean()), float(((wide.low <= true) & below).mean())


def best_table(repetitions: int) -> Iterator[str]:
    """A row a number of variations, as Markdown."""
    yield f"**Coverage of the interval of the best variation ({repetitions:,} each)**\n"
    yield "| variations, how far apart, interval | " + " | ".join(f"n = {n}" for n in SEEDS) + " |"
    yield "|---|" + "--:|" * len(SEEDS)
    for variations in (2, 5, 10):
        for apart in (0.0, 1.0):
            rng = stream(0, "calibrate best", str(variations))
            held = [coverage_of_best(rng, variations, n, repetitions, apart) for n in SEEDS]
            for place, name in enumerate(("its own", "allowing for the choice")):
                cells = " | ".join(f"{100 * each[place]:.1f} %" for each in held)
                yield f"| {variations}, {apart:g} sd, {name} | {cells} |"
