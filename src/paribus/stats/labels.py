"""Whether answers have to do with the labels of these images, or fit them by accident.

Networks trained from several seeds give similar answers to one image. If it happens to be of the
class that they lean to, all of them are right. So accuracies of unrelated answers lie above or
below chance in all seeds alike, and a test over seeds takes that for certain. Other images would
have brought another accident: permuting the labels over the images shows how large it gets.
"""

from dataclasses import dataclass

import numpy as np
from scipy import special

from paribus.stats.crossed import Table
from paribus.stats.intervals import Floats


@dataclass(frozen=True)
class LabelPermutation:
    """Two-sided p of "the answers have nothing to do with the labels"; by class (classes,)."""

    p: float
    by_class: Floats


def label_permutation(answers: Table, labels: Table, classes: int) -> LabelPermutation:
    """Whether answers (seeds, images) fit labels (images,), the same permutation for all seeds.

    With V (images, classes) the share of seeds that give each class and G that of the labels, both
    centered over the images, T = sum of V G over images and classes is the number of right answers
    beyond chance, mean over seeds. Over all permutations of the labels its mean is 0 and its
    variance tr(V'V G'G) / (images - 1), which is exact; T is taken as normal. A class's T is its
    own column of the sum. p is 1 where no permutation changes anything.
    Source: Daniels 1944 for the variance; Mantel 1967.
    """
    given, true = _centered_shares(answers, classes), _centered_shares(labels[None], classes)
    of_classes = (given * true).sum(axis=0)
    free = max(len(labels) - 1, 1)
    variance = float(((given.T @ given) * (true.T @ true)).sum()) / free
    variances = np.square(given).sum(axis=0) * np.square(true).sum(axis=0) / free
    return LabelPermutation(
        float(_two_sided(of_classes.sum(), np.asarray(variance))),
        _two_sided(of_classes, variances),
    )


def _centered_shares(answers: Table, classes: int) -> Floats:
    """(images, classes) the share of rows (rows, images) that give each class, minus its mean."""
    seeds, images = answers.shape
    cells = np.arange(images) * classes + answers
    counts = np.bincount(cells.ravel(), minlength=images * classes).reshape(images, classes)
    shares = counts / seeds
    return np.asarray(shares - shares.mean(axis=0))


def _two_sided(total: Floats, variance: Floats) -> Floats:
    """P of a normal sum with mean 0; 1 where it can only be 0, but for rounding."""
    possible = variance > 1e-12
    z = np.abs(total) / np.sqrt(np.where(possible, variance, 1.0))
    return np.where(possible, 2 * special.ndtr(-z), 1.0)
