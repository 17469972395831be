"""How often the interval for new seeds and new groups holds the truth, for groups of any size."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from paribus.stats.groups import grouped_interval
from paribus.streams import stream

#: Seeds, groups.
NUMBERS = ((3, 6), (3, 30), (5, 12), (10, 6), (10, 10), (10, 30), (30, 10), (30, 30))
#: Standard deviations over seeds, over groups and of both together; one image's is 0.5.
SPREADS = ((0.02, 0.05, 0.0), (0.05, 0.05, 0.05), (0.0, 0.1, 0.0), (0.1, 0.0, 0.0))


def coverage_of_groups(
    rng: np.random.Generator,
    seeds: int,
    groups: int,
    spread: tuple[float, float, float],
    skewed: bool,
    repetitions: int,
) -> float:
    """The share of simulated studies whose interval holds the true mean difference, 0.

    Groups have 1 to 40 images; their effects are normal or, skewed, exponential.
    """
    held = 0
    by_seed, by_group, by_both = spread
    for _ in range(repetitions):
        group = np.repeat(np.arange(groups), rng.integers(1, 41, groups))
        drawn = rng.exponential(size=groups) - 1 if skewed else rng.standard_normal(groups)
        effects = by_group * drawn + by_both * rng.standard_normal((seeds, groups))
        outcomes = effects[:, group] + by_seed * rng.standard_normal((seeds, 1))
        interval = grouped_interval(outcomes + 0.5 * rng.standard_normal(outcomes.shape), group)
        held += interval.low <= 0 <= interval.high
    return held / repetitions


def coverage_by_groups(repetitions: int) -> Iterator[str]:
    """The table of docs/statistics.md."""
    yield f"**Coverage of new seeds and new groups of 1 to 40 images ({repetitions:,} each)**\n"
    heads = [f"{seeds} seeds, {groups} groups" for seeds, groups in NUMBERS]
    yield f"| spread of seeds / groups / both, groups | {' | '.join(heads)} |"
    yield "|---|" + "--:|" * len(NUMBERS)
    for skewed in (False, True):
        for spread in SPREADS:
            name = f"{' / '.join(f'{sd:g}' for sd in spread)}, {'skewed' if skewed else 'normal'}"
            rng = stream(0, "calibrate groups", name)
            shares = [
                coverage_of_groups(rng, seeds, groups, spread, skewed, repetitions)
                for seeds, groups in NUMBERS
            ]
            yield f"| {name} | " + " | ".join(f"{100 * share:.1f} %" for share in shares) + " |"
