"""Two settings' confusion matrices, compared cell by cell over paired seeds."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from paribus.errors import ComparisonError
from paribus.stats.intervals import ALPHA, Floats
from paribus.stats.joint import joint_sign_flip
from paribus.stats.multiplicity import holm
from paribus.stats.paired import is_constant, mean_test

Counts = npt.NDArray[np.integer] | npt.NDArray[np.floating]


@dataclass(frozen=True)
class ConfusionDifference:
    """A variation's confusion matrix minus the baseline's. All arrays are (classes, classes).

    The mean over the seeds is of counts of images; p is adjusted over all cells, NaN below two
    seeds. Constant is what is the same in all seeds, so that nothing tells its spread; most
    often it is 0 because the cell is empty in every run.
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

    The larger of two p values counts, each adjusted over all cells: of the t test by Holm, and of
    whole seeds flipped jointly (`joint_sign_flip`). The t test alone takes counts such as 1, 1, 1,
    2, 0, 1 for certainty; the flips alone take a rare count that is mostly 0 for a lower one.

    Counts are (n, classes, classes), rows true, columns predicted, the same seeds in the same
    order; ComparisonError if the shapes don't pair.
    """
    before, after = np.asarray(baseline, float), np.asarray(variation, float)
    if before.shape != after.shape or before.ndim != 3 or before.shape[1] != before.shape[2]:
        raise ComparisonError(
            "expected two stacks of confusion matrices (seeds, classes, classes) of the same seeds "
            f"and classes, got shapes {before.shape} and {after.shape}"
        )
    n, classes = before.shape[:2]
    d = (after - before).reshape(n, -1).T
    if n < 2:
        mean, p, constant = d.sum(axis=1), np.full(len(d), np.nan), np.zeros(len(d), bool)
    else:
        p = np.maximum(_t_test_of_cells(d), joint_sign_flip(d))
        mean, constant = d.mean(axis=1), is_constant(d)
    shape = (classes, classes)
    return ConfusionDifference(n, mean.reshape(shape), p.reshape(shape), constant.reshape(shape))


def _t_test_of_cells(d: Floats) -> Floats:
    """Adjusted p (cells,) of the t test of each row of (cells, n); 1 where nothing differs."""
    p, differs = np.ones(len(d)), d.any(axis=1)  # most cells of many classes are 0 throughout
    p[differs] = mean_test(d[differs])
    return holm(p)
