"""New seeds and new groups of test images: patients, scenes, writers.

Images of one group are alike, so a test set of many images in few groups says less than as many
independent images. Seeds and groups are then what is drawn: the outcomes form a table (S seeds,
M images) whose cells may depend on each other along a seed and within a group.
"""

import math

import numpy as np
import numpy.typing as npt

from paribus.errors import ComparisonError
from paribus.stats.crossed import CrossedInterval
from paribus.stats.intervals import LEVEL, Floats
from paribus.stats.student import t_quantile, t_test_p


def grouped_interval(
    table: npt.ArrayLike, groups: npt.ArrayLike, level: float = LEVEL, most: float = math.inf
) -> CrossedInterval:
    """The mean of a table (S, M) with its interval for new seeds and new groups of images.

    The variance of the mean is clustered in two ways. With e the deviations from the mean,
    (S M)^2 Var = a sum_s e_s^2 + b sum_g e_g^2 - a b sum_sg e_sg^2, where e_s, e_g and e_sg are the
    sums of e over a seed, a group, and their cells. By chance it can fall below one of the first
    two terms alone, which a true variance can't; the larger one is used then, and the interval is
    `truncated`. a = S/(S-1), and b = G/(G-1) for groups of one size, make up for the mean being
    estimated. Quantiles are Student's with min(S, G*) - 1 degrees of freedom. Source: Cameron,
    Gelbach and Miller 2011.

    Of groups with other sizes, M q each, b = sum q^2 / sum q^2 (1 - 2 q + sum q^2), which makes
    the second term unbiased where groups alone matter; they count as G* = (sum q^2)^2 / sum q^4
    of one size, by the variance that the term has then for normal effects (Satterthwaite 1946).

    Args:
        table: (S, M) differences of outcomes.
        groups: (M,) the group of each image.
        level: confidence.
        most: no mean is further from 0 than this, and so is no end of the interval.

    Raises:
        ComparisonError: fewer than two seeds or two groups, or shapes that don't fit.
    """
    sums, sizes = _sums(np.asarray(table, float), np.asarray(groups))
    cells, shares = len(sums) * sizes.sum(), sizes / sizes.sum()
    mean = float(sums.sum() / cells)
    variance, truncated = _variance((sums - mean * sizes) / cells, shares)
    if variance <= 0:
        nan = math.nan
        return CrossedInterval(
            mean, low=nan, high=nan, p=nan, df=nan, error=nan, truncated=False, groups=len(sizes)
        )
    df = min(len(sums), np.square(shares).sum() ** 2 / (shares**4).sum()) - 1
    df, error = max(float(df), 1.0), math.sqrt(variance)
    half = float(t_quantile((1 + level) / 2, df)) * error
    p = float(t_test_p(mean / error, df))
    low, high = max(mean - half, -most), min(mean + half, most)
    return CrossedInterval(mean, low, high, p, df, error, truncated, len(sizes))


def _sums(table: Floats, groups: npt.NDArray[np.generic]) -> tuple[Floats, Floats]:
    """The sum of each seed's outcomes in each group (S, G), and the groups' sizes (G,)."""
    _, number, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    if table.ndim != 2 or groups.shape != table.shape[1:] or min(len(table), len(sizes)) < 2:
        raise ComparisonError(
            "expected a table of at least 2 seeds x the images of 2 groups, got shape "
            f"{table.shape} and {len(sizes)} groups of {groups.size} images"
        )
    sums = [np.bincount(number, weights=row, minlength=len(sizes)) for row in table]
    return np.array(sums, float), sizes.astype(float)


def _variance(e: Floats, shares: Floats) -> tuple[float, bool]:
    """The variance of a sum of deviations (S, G), and whether its terms summed to too little."""
    q = np.square(shares)
    a, b = len(e) / (len(e) - 1), q.sum() / (q * (1 - 2 * shares + q.sum())).sum()
    seeds, groups = a * np.square(e.sum(axis=1)).sum(), b * np.square(e.sum(axis=0)).sum()
    combined, least = seeds + groups - a * b * np.square(e).sum(), max(seeds, groups)
    return float(max(combined, least)), bool(combined < least)
