"""The best of several equally good variations, and how often its interval holds the truth."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from paribus.stats.paired import t_interval
from paribus.streams import stream

SEEDS = (3, 5, 10, 30)


def coverage_of_best(
    rng: np.random.Generator, variations: int, n: int, repetitions: int
) -> tuple[float, float]:
    """How often the best one's own interval holds 0, and the one that allows for the choice.

    No variation changes anything; all share the baseline's runs.
    """
    runs = rng.standard_normal((repetitions, variations + 1, n))
    d = runs[:, 1:] - runs[:, :1]
    best = d[np.arange(repetitions), d.mean(axis=2).argmax(axis=1)]
    held = []
    for level in (0.95, 1 - 0.05 / variations):
        found = t_interval(best, level)
        held.append(float(((found.low <= 0) & (found.high >= 0)).mean()))
    return held[0], held[1]


def best_table(repetitions: int) -> Iterator[str]:
    """A row a number of variations, as Markdown."""
    yield f"**Coverage of the interval of the best variation ({repetitions:,} each)**\n"
    yield "| variations, interval | " + " | ".join(f"n = {n}" for n in SEEDS) + " |"
    yield "|---|" + "--:|" * len(SEEDS)
    for variations in (2, 5, 10):
        rng = stream(0, "calibrate best", str(variations))
        held = [coverage_of_best(rng, variations, n, repetitions) for n in SEEDS]
        for place, name in enumerate(("its own", "allowing for the choice")):
            cells = " | ".join(f"{100 * each[place]:.1f} %" for each in held)
            yield f"| {variations}, {name} | {cells} |"
