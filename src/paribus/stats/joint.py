"""Many differences over the same paired seeds, tested together by flipping whole seeds.

If a variation changes nothing, the two runs of a seed could as well change places: then the signs
of all its differences turn at once. Flipping whole seeds keeps how the differences depend on one
another, so the largest statistic under all flips tells how large one gets by chance among them.
"""

import numpy as np

from paribus.stats.intervals import Floats
from paribus.stream import stream

#: Up to so many seeds every flip is counted; beyond, so many are drawn.
EXACT_SEEDS = 12
DRAWN = 4_999
#: So many numbers are held in memory at once.
_BATCH = 2**22


def joint_sign_flip(d: Floats) -> Floats:
    """Adjusted p (k,) of "the mean difference is 0" for k differences over n seeds (k, n).

    The step-down maximum of |t|: the largest one is compared with the largest among all under each
    flip, the next with the largest among those that are left, and so on. At most 5 % of families
    have any false rejection at 0.05, however the differences depend on one another, if each is
    symmetric about 0 where nothing differs. They may be far from normal and take few values. In
    place of |t| stands |sum d| / sqrt(n sum d²), which has the same order and is finite if all n
    are equal.

    No p is below 2 / 2**n. Beyond `EXACT_SEEDS` seeds, `DRAWN` flips are taken from a fixed stream,
    p = (b + 1) / (m + 1). Source: Westfall and Young 1993, algorithm 2.8; Phipson and Smyth 2010.
    """
    p, differs = np.ones(len(d)), d.any(axis=1)
    if differs.any():
        p[differs] = _step_down(d[differs])
    return p


def _step_down(d: Floats) -> Floats:
    """The same where every row of d (k, n) has a difference."""
    unit = d / np.linalg.norm(d, axis=1, keepdims=True)
    observed = np.abs(unit.sum(axis=1))
    falling = np.argsort(-observed, kind="stable")
    unit, observed = unit[falling], observed[falling]
    flips = _flips(d.shape[1])
    reached = np.zeros(len(d), np.int64)
    for some in np.array_split(flips, -(-len(flips) * len(d) // _BATCH)):
        flipped = np.abs(some @ unit.T)
        # The largest among this difference and those of smaller |t|.
        largest = np.maximum.accumulate(flipped[:, ::-1], axis=1)[:, ::-1]
        reached += (largest >= observed - 1e-9).sum(axis=0)  # ties, allowing for rounding
    p = np.empty(len(d))
    p[falling] = np.maximum.accumulate(reached / len(flips))
    return p


def _flips(n: int) -> Floats:
    """(m, n) signs, the first row of which flips nothing; of s and -s, which do the same, one."""
    if n <= EXACT_SEEDS:
        flipped = (np.arange(2 ** (n - 1))[:, None] >> np.arange(n)) % 2
        return np.where(flipped == 1, -1.0, 1.0)
    drawn = stream(n, "joint flips").choice([-1.0, 1.0], size=(DRAWN + 1, n))
    drawn[0] = 1.0
    return np.asarray(drawn)
