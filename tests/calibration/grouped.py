"""How often the interval for new seeds and new groups holds the truth, for groups of any size."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from paribus.stats.groups import _sums, _variance, grouped_interval
from paribus.stream import stream

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
    for _ in range(repetitions):
        outcomes, group = outcomes_of(rng, seeds, groups, spread, skewed)
        interval = grouped_interval(outcomes, group)
        held += interval.low <= 0 <= interval.high
    return held / repetitions


def outcomes_of(
    rng: np.random.Generator,
    seeds: int,
    groups: int,
    spread: tuple[float, float, float],
    skewed: bool,
) -> tuple[np.ndarray, np.ndarray]:
    """The outcomes (seeds, images) of a study, and the group of each image."""
    by_seed, by_group, by_both = spread
    group = np.repeat(np.arange(groups), rng.integers(1, 41, groups))
    drawn = rng.exponential(size=groups) - 1 if skewed else rng.standard_normal(groups)
    effects = by_group * drawn + by_both * rng.standard_normal((seeds, groups))
    outcomes = effects[:, group] + by_seed * rng.standard_normal((seeds, 1))
    return outcomes + 0.5 * rng.standard_normal(outcomes.shape), group


def coverage_of_bootstrap(
    rng: np.random.Generator,
    seeds: int,
    groups: int,
    spread: tuple[float, float, float],
    repetitions: int,
) -> float:
    """The same by the wild cluster bootstrap, which isn't used: a sign for each group as a whole.

    Half the width is the 95 % point of |t| under the signs, times the standard error.
    """
    held = 0
    signs = rng.choice([-1.0, 1.0], (999, groups))
    for _ in range(repetitions):
        outcomes, group = outcomes_of(rng, seeds, groups, spread, skewed=False)
        sums, sizes = _sums(outcomes, group)
        cells, shares = seeds * sizes.sum(), sizes / sizes.sum()
        mean = sums.sum() / cells
        e = (sums - mean * sizes) / cells
        flipped = e * signs[:, None, :]
        means = flipped.sum(axis=(1, 2))
        errors = [
            math.sqrt(_variance(one - m * sizes / sizes.sum() / seeds, shares)[0])
            for one, m in zip(flipped, means, strict=True)
        ]
        reach = np.quantile(np.abs(means) / np.maximum(errors, 1e-300), 0.95)
        held += abs(mean) <= reach * math.sqrt(_variance(e, shares)[0])
    return held / repetitions


def bootstrap_by_groups(repetitions: int) -> Iterator[str]:
    """What a wild cluster bootstrap would hold, for docs/statistics.md."""
    yield f"**A wild cluster bootstrap over groups instead ({repetitions:,} each)**\n"
    numbers = ((3, 6), (5, 6), (10, 6), (10, 9), (10, 20))
    heads = [f"{seeds} seeds, {groups} groups" for seeds, groups in numbers]
    yield f"| spread of seeds / groups / both | {' | '.join(heads)} |"
    yield "|---|" + "--:|" * len(numbers)
    for spread in ((0.02, 0.05, 0.0), (0.05, 0.02, 0.0)):
        name = " / ".join(f"{sd:g}" for sd in spread)
        rng = stream(0, "calibrate bootstrap of groups", name)
        shares = [coverage_of_bootstrap(rng, *each, spread, repetitions) for each in numbers]
        yield f"| {name} | " + " | ".join(f"{100 * share:.1f} %" for share in shares) + " |"


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
