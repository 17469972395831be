"""How many images a variation fixes and breaks, and how many the baseline would by chance.

An image that half of the seeds get wrong may be wrong in most of five seeds and right in most
of five others, though nothing was changed: regression to the mean. So every variation "fixes"
some images and "breaks" some. How many chance alone would is worked out from the baseline's runs
(`turned_by_chance`), in which no variation has a part.

Whether there is more than chance is a test of its own. If the variation changes nothing, its run
and the baseline's run of one seed could as well change places. Exchanging them in every way, seed
by seed, gives all differences of the two counts that chance would give (a permutation test; Fisher
1935). Its counts aren't what chance alone would give if the variation does change something: then
exchanged runs mix what it changes into both.
"""

from dataclasses import dataclass

import numpy as np

from paribus.failures.outcomes import Flags, Outcomes, paired_seeds, turned, wrong_in
from paribus.records.types import Integers
from paribus.stats.intervals import Interval, means
from paribus.stats.turned import ByChance, turned_by_chance
from paribus.stream import stream

#: Up to so many paired seeds, every exchange is counted; beyond, EXCHANGES of them are drawn.
EXACT_SEEDS = 12
EXCHANGES = 4_096
#: So many exchanges are held in memory at once.
_BATCH = 256


@dataclass(frozen=True)
class ChangeCounts:
    """The images that a variation fixes and breaks, over the seeds that both finished.

    Attributes:
        fixed, broken: images with this verdict (`Changes.verdicts`).
        by_chance: how many of each the baseline against as many runs of its own would give; None
            of one seed.
        p: of "the variation changes nothing", from fixed minus broken, two-sided. It can't be
            smaller than 2 / 2**seeds.
        fixed_a_seed, broken_a_seed: images that the baseline's run of a seed has wrong and
            the variation's right, and the other way; mean over the seeds.
    """

    seeds: int
    fixed: int
    broken: int
    by_chance: ByChance | None
    p: float
    fixed_a_seed: Interval
    broken_a_seed: Interval


def change_counts(baseline: Outcomes, variation: Outcomes) -> ChangeCounts | None:
    """Count what a variation fixes and breaks; None if no seed is paired.

    Args:
        baseline, variation: outcomes of the same images.
    """
    seeds = paired_seeds(baseline, variation)
    if not seeds:
        return None
    before, after = wrong_in(baseline, seeds), wrong_in(variation, seeds)
    fixed, broken = _counts(before, after, _exchanges(len(seeds)))
    # The first exchange is none: what was observed.
    as_far = np.abs(fixed - broken) >= abs(fixed[0] - broken[0])
    a_seed = np.column_stack([(before & ~after).sum(axis=1), (after & ~before).sum(axis=1)])
    return ChangeCounts(
        len(seeds),
        int(fixed[0]),
        int(broken[0]),
        turned_by_chance(before),
        float(as_far.mean()),
        *means(a_seed),
    )


def _exchanges(seeds: int) -> Flags:
    """(m, seeds) whether the two runs of a seed change places; first the way without any."""
    if seeds <= EXACT_SEEDS:
        return np.asarray((np.arange(2**seeds)[:, None] >> np.arange(seeds)) % 2 == 1)
    drawn = stream(seeds, "exchanges").random((EXCHANGES, seeds)) < 0.5
    drawn[0] = False
    return drawn


def _counts(before: Flags, after: Flags, exchanges: Flags) -> tuple[Integers, Integers]:
    """(m,) how many images are fixed and how many broken after each exchange.

    Args:
        before, after: (seeds, n) whether the baseline and the variation are wrong.
        exchanges: (m, seeds).
    """
    differs = (before != after).any(axis=0)  # no exchange changes the other images
    before, after = before[:, differs], after[:, differs]
    total = before.sum(axis=0) + after.sum(axis=0)
    gain = after.astype(np.float32) - before  # small whole numbers, so float32 is exact
    fixed, broken = (np.zeros(len(exchanges), np.int64) for _ in range(2))
    for start in range(0, len(exchanges), _BATCH):
        part = slice(start, start + _BATCH)
        wrong = before.sum(axis=0) + (exchanges[part] @ gain).astype(np.int64)
        for counts, flags in zip(
            (fixed, broken), turned(wrong, total - wrong, len(before)), strict=True
        ):
            counts[part] = flags.sum(axis=1)
    return fixed, broken
