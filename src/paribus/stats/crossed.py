"""New seeds and new test images: seeds and images as crossed random effects.

Networks trained from S seeds predict the same M test images, so their outcomes form a table
(S, M). With rows drawn from all seeds and columns from all images, a two-way analysis of variance
splits the table's variance into seeds, images and the rest (their interaction).

Test sets usually hold a fixed number of images per class, and new ones would too. Then variance
between the classes' means isn't random and must not count: with `classes`, images are compared
within their class only.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import special

from paribus.errors import ComparisonError
from paribus.stats.intervals import LEVEL
from paribus.stats.student import Alternative, t_quantile, t_test_p

Table = npt.NDArray[np.integer] | npt.NDArray[np.bool_] | npt.NDArray[np.floating]


@dataclass(frozen=True)
class CrossedInterval:
    """The mean of a table with its interval for new seeds and new images.

    low, high, p (of "the mean is 0") and the standard error are NaN if every cell is the same; df
    are Satterthwaite's degrees of freedom. Truncated: the mean squares gave less variance than the
    interaction alone, which is used instead; the interval is conservative. `groups`: for new
    groups of images rather than single ones, of which there are so many here. Widened: it came
    out narrower than the one for these images, and was made to contain it.
    """

    estimate: float
    low: float
    high: float
    p: float
    df: float
    error: float
    truncated: bool
    groups: int | None = None
    widened: bool = False

    def at(self, level: float) -> "CrossedInterval":
        """The same with an interval of another confidence, not cut off."""
        half = float(t_quantile((1 + level) / 2, self.df)) * self.error
        return replace(self, low=self.estimate - half, high=self.estimate + half)

    def p_beyond(self, bound: float, alternative: Alternative) -> float:
        """P value of "the mean isn't greater (or less) than `bound`"."""
        return float(t_test_p((self.estimate - bound) / self.error, self.df, alternative))


@dataclass(frozen=True)
class Spread:
    """The standard deviation over seeds of the accuracy on one test set, by where it comes from.

    `test_set` is due to the finite test set, like coin flips; `true` would remain with infinitely
    many images: total**2 = test_set**2 + true**2. Truncated: the estimate of true**2 was below 0
    and is given as 0, since a test set of this size explains all of the spread. `true_low` to
    `true_high` is the 95 % interval of `true`; from 0 on, it isn't told apart from none.
    """

    total: float
    test_set: float
    true: float
    true_low: float
    true_high: float
    truncated: bool


@dataclass(frozen=True)
class _MeanSquares:
    mean: float
    seeds: float
    images: float
    rest: float
    df_seeds: int
    df_images: int
    df_rest: int


def crossed_interval(
    table: Table,
    classes: npt.ArrayLike | None = None,
    level: float = LEVEL,
    most: float = 1.0,
) -> CrossedInterval:
    """The mean of a table, as a difference in accuracy, with its interval for new seeds and images.

    Var(mean) = (MS_seeds + MS_images - MS_rest) / (S M), degrees of freedom by Satterthwaite.
    The variance assumes only that seeds and images are random draws; the t interval also assumes
    a roughly normal mean. The difference can be too low by chance; it is kept at MS_rest / (S M)
    or above. Source: Cornfield and Tukey 1956 (mean squares), Satterthwaite 1946.

    Args:
        table: (S, M) of -1, 0, 1, variation correct minus baseline correct; or of any numbers
            whose mean over the images is a metric, or a difference in one.
        classes: (M,) the true class of each image, if the test set has a fixed number of images
            per class; None if it was drawn as a whole.
        level: confidence.
        most: no mean is further from 0 than this, and so is no end of the interval.

    Raises:
        ComparisonError: fewer than two seeds or two images (of a class), whole numbers beyond
            -1 to 1, or others that aren't finite.
    """
    ms = _mean_squares(table, classes)
    combined = ms.seeds + ms.images - ms.rest
    scaled = max(combined, ms.rest)
    if scaled == 0:
        nan = math.nan
        return CrossedInterval(
            ms.mean, low=nan, high=nan, p=nan, df=nan, error=nan, truncated=False
        )
    df = scaled**2 / (
        ms.seeds**2 / ms.df_seeds + ms.images**2 / ms.df_images + ms.rest**2 / ms.df_rest
    )
    error = math.sqrt(scaled / table.size)
    half = float(t_quantile((1 + level) / 2, df)) * error
    p = float(t_test_p(ms.mean / error, df))
    low, high = max(ms.mean - half, -most), min(ms.mean + half, most)
    return CrossedInterval(ms.mean, low, high, p, df, error, combined < ms.rest)


def crossed_difference(
    baseline: Table,
    variation: Table,
    classes: npt.ArrayLike | None = None,
    level: float = LEVEL,
    most: float = 1.0,
) -> CrossedInterval:
    """The difference of two accuracies whose seeds don't correspond, for new seeds and new images.

    Each setting has seeds of its own, both have the same images. With D the images' differences of
    the settings' means over seeds, within classes, and the mean squares of each setting's table,

        Var = sum of MS_seeds / (S M) over the settings + var(D) / M - sum of MS_rest / (S M),

    since the rest is contained in both of the others; df by Satterthwaite. It is kept at the sum
    of MS_rest / (S M) or above, as in `crossed_interval`.

    Args:
        baseline, variation: (S, M) as `crossed_interval` has them, each with as many seeds as it
            has, at least two.
        classes, level, most: as in `crossed_interval`.
    """
    tables: tuple[Table, Table] = (baseline, variation)
    squares = [_mean_squares(table, classes) for table in tables]
    images = tables[0].shape[1]
    d = tables[1].mean(axis=0) - tables[0].mean(axis=0)
    labels = (
        np.zeros(images, int) if classes is None else np.unique(classes, return_inverse=True)[1]
    )
    centers = np.bincount(labels, d) / np.bincount(labels)
    df_images = images - len(centers)
    of_images = float(np.square(d - centers[labels]).sum()) / df_images / images
    seeds = [ms.seeds / table.size for ms, table in zip(squares, tables, strict=True)]
    rest = [ms.rest / table.size for ms, table in zip(squares, tables, strict=True)]
    combined = sum(seeds) + of_images - sum(rest)
    variance, difference = max(combined, sum(rest)), squares[1].mean - squares[0].mean
    if variance <= 1e-18:
        nan = math.nan
        return CrossedInterval(
            difference, low=nan, high=nan, p=nan, df=nan, error=nan, truncated=False
        )
    parts = [(of_images, df_images)]
    parts += [(part, ms.df_seeds) for part, ms in zip(seeds, squares, strict=True)]
    parts += [(part, ms.df_rest) for part, ms in zip(rest, squares, strict=True)]
    df = variance**2 / sum(part**2 / freedom for part, freedom in parts)
    error = math.sqrt(variance)
    half = float(t_quantile((1 + level) / 2, df)) * error
    p = float(t_test_p(difference / error, df))
    low, high = max(difference - half, -most), min(difference + half, most)
    return CrossedInterval(difference, low, high, p, df, error, combined < sum(rest))


def split_spread(correct: Table, classes: npt.ArrayLike | None = None) -> Spread:
    """Split a setting's spread over seeds into test-set noise and true variance.

    The variance over seeds of the accuracy on M images is MS_seeds / M; MS_rest / M of it is due
    to the finite test set, and (MS_seeds - MS_rest) / M is an unbiased estimate of the variance
    between trainings on infinitely many images. Without `classes` it is the estimator
    M / (M - 1) * (variance - sum_i variance_i / M**2) of Jordan 2023, where variance_i is that of
    image i's correctness over the seeds.

    Args:
        correct: (S, M) of 0 and 1: whether the network of this seed is correct on this image.
        classes: (M,), as in `crossed_interval`.
    """
    ms, images = _mean_squares(correct, classes), correct.shape[1]
    true = ms.seeds - ms.rest
    low, high = _true_interval(ms)
    return Spread(
        total=math.sqrt(ms.seeds / images),
        test_set=math.sqrt(ms.rest / images),
        true=math.sqrt(max(true, 0.0) / images),
        true_low=math.sqrt(low / images),
        true_high=math.sqrt(high / images),
        truncated=true < 0,
    )


def _true_interval(ms: _MeanSquares) -> tuple[float, float]:
    """The interval of what MS_seeds - MS_rest estimates, at least 0 to 0; NaN without any spread.

    MS_seeds / MS_rest is distributed as F, times the ratio of what the two estimate. Assumes that
    seeds' effects are roughly normal. Source: Searle, Casella and McCulloch 1992, section 3.6.
    """
    if ms.rest == 0:
        return (0.0, 0.0) if ms.seeds == 0 else (math.nan, math.nan)
    low, high = (
        max(ms.seeds / float(special.fdtri(ms.df_seeds, ms.df_rest, share)) - ms.rest, 0.0)
        for share in ((1 + LEVEL) / 2, (1 - LEVEL) / 2)
    )
    return low, high


def _mean_squares(table: Table, classes: npt.ArrayLike | None) -> _MeanSquares:
    """Mean squares of a table (S, M), images and rest within classes.

    Sums of -1, 0 and 1 are exact; those of other numbers are taken from the mean on.
    """
    starts, sizes, table = _by_class(table, classes)
    s, m = table.shape
    middle, exact = 0.0, table.dtype == np.int8
    if not exact:
        middle = float(table.mean())
        table = np.asarray(table - middle)
    kind = np.int64 if exact else np.float64
    of_seed_class = np.add.reduceat(table, starts, axis=1, dtype=kind)
    of_image = table.sum(axis=0, dtype=kind)
    of_seed, of_class = of_seed_class.sum(axis=1), of_seed_class.sum(axis=0)
    total = of_seed.sum()
    squares = float(np.count_nonzero(table) if exact else np.square(table).sum())
    between_images = np.square(of_image).sum() / s
    between_classes = (np.square(of_class) / sizes).sum() / s
    between_cells = (np.square(of_seed_class) / sizes).sum()
    df_seeds, df_images = s - 1, m - len(starts)
    df_rest = df_seeds * df_images
    nothing = 1e-9 if exact else 1e-12 * (squares + s * m * middle**2)
    seeds = _square(np.square(of_seed).sum() / m - total**2 / (s * m), df_seeds, nothing)
    images = _square(between_images - between_classes, df_images, nothing)
    rest = _square(squares - between_cells - between_images + between_classes, df_rest, nothing)
    mean = middle + float(total) / (s * m)
    return _MeanSquares(mean, seeds, images, rest, df_seeds, df_images, df_rest)


def _square(total: float, df: int, nothing: float) -> float:
    """A mean square; rounding errors of a zero are zero."""
    return float(total) / df if total > nothing else 0.0


def _by_class(
    table: Table, classes: npt.ArrayLike | None
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.int64], Table]:
    """Where each class starts, its size, and the table with its columns sorted by class."""
    if table.ndim != 2 or min(table.shape) < 2:
        raise ComparisonError(
            f"expected a table of at least 2 seeds x 2 images, got shape {table.shape}"
        )
    table = _checked(table)
    if classes is None:
        return np.zeros(1, np.intp), np.array([table.shape[1]]), table
    labels = np.asarray(classes)
    if labels.shape != table.shape[1:]:
        raise ComparisonError(
            f"expected one class per image, {table.shape[1]} in all, got shape {labels.shape}"
        )
    order = np.argsort(labels, kind="stable")
    _, starts, sizes = np.unique(labels[order], return_index=True, return_counts=True)
    if sizes.min() < 2:
        raise ComparisonError("expected at least two images of each class, got one")
    return starts, sizes, table[:, order]


def _checked(table: Table) -> Table:
    """The table as int8, or, of numbers that aren't whole, as float64."""
    if np.issubdtype(table.dtype, np.floating):
        if not np.isfinite(table).all():
            raise ComparisonError("expected a table of finite numbers, got others")
        return table.astype(np.float64, copy=False)
    small = table.astype(np.int8, copy=False)
    if small.min() < -1 or small.max() > 1 or not np.array_equal(small, table):
        raise ComparisonError("expected only -1, 0 and 1 (correct minus correct), got other values")
    return small
