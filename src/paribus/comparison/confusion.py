"""Which confusions a variation changes: two settings' matrices, cell by cell."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from paribus.errors import ComparisonError
from paribus.stats.intervals import ALPHA, Floats
from paribus.stats.multiplicity import holm
from paribus.stats.paired import is_constant, mean_test

Counts = npt.NDArray[np.integer] | npt.NDArray[np.floating]


@dataclass(frozen=True)
class ConfusionDifference:
    """A variation's confusion matrix minus the baseline's. All arrays are (classes, classes).

    Attributes:
        n_seeds: paired seeds behind it.
        mean: difference in the count of images, mean over the seeds.
        p_adjusted: of "no difference", adjusted by Holm over all cells; NaN below two seeds.
        constant: the difference is the same in all seeds, so that nothing tells its spread;
            most often it is 0 because the cell is empty in every run.
    """

    n_seeds: int
    mean: Floats
    p_adjusted: Floats
    constant: npt.NDArray[np.bool_]

    @property
    def survives(self) -> npt.NDArray[np.bool_]:
        """The cells that are shown to differ, among all cells tested together."""
        return np.nan_to_num(self.p_adjusted, nan=1.0) <= ALPHA


def compare_confusions(baseline: Counts, variation: Counts) -> ConfusionDifference:
    """Test every cell of two settings' confusion matrices on paired seeds.

    Each cell is tested by the paired t test, or, where all differences are the same, by the
    sign-flip test (`mean_test`). The cells of a matrix hang together, for an image that leaves
    one enters another; Holm's adjustment over all of them holds however they do.

    Args:
        baseline, variation: (n, classes, classes) counts, rows true, columns predicted, the
            same seeds in the same order.

    Raises:
        ComparisonError: shapes that don't pair.
    """
    before, after = np.asarray(baseline, float), np.asarray(variation, float)
    if before.shape != after.shape or before.ndim != 3 or before.shape[1] != before.shape[2]:
        raise ComparisonError(
            "expected two stacks of confusion matrices (seeds, classes, classes) of the same seeds "
            f"and classes, got shapes {before.shape} and {after.shape}"
        )
    n, classes = before.shape[:2]
    d = (after - before).reshape(n, -1).T
    shape = (classes, classes)
    if n < 2:
        mean, p, constant = d.sum(axis=1), np.full(len(d), np.nan), np.zeros(len(d), bool)
    else:
        mean, p, constant = d.mean(axis=1), holm(_tested(d)), is_constant(d)
    return ConfusionDifference(n, mean.reshape(shape), p.reshape(shape), constant.reshape(shape))


def _tested(d: Floats) -> Floats:
    """P values (cells,) of d (cells, n); most cells of many classes are 0 throughout."""
    p = np.ones(len(d))
    differs = d.any(axis=1)
    p[differs] = mean_test(d[differs])
    return p
