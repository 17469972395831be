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
from paribus.stream import stream

#: Permutations drawn by `drawn_permutation_p`.
DRAWS = 1_999


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


def drawn_permutation_p(answers: Table, labels: Table, classes: int) -> float:
    """The p of `label_permutation` from drawn permutations, valid for any images and classes.

    The normal law is a poor one where few right answers decide: where each of 100 images is of a
    class of its own, or three are of the rarer of two classes, unrelated answers have a normal p
    of at most 0.05 in more than 6 % of cases. `DRAWS` permutations come from a fixed stream,
    and p = (b + 1) / (m + 1), with b of them as far from 0. Source: Phipson and Smyth 2010.
    """
    shares, image = _centered_shares(answers, classes), np.arange(len(labels))
    rng, bound = stream(0, "permuted labels"), abs(shares[image, labels].sum()) - 1e-9  # ties
    reached, block = 0, max(1, 500_000 // len(labels))  # so many at a time keep memory small
    for start in range(0, DRAWS, block):
        size = min(block, DRAWS - start)
        drawn = rng.permuted(np.broadcast_to(labels, (size, len(labels))), axis=1)
        reached += int((np.abs(shares[image, drawn].sum(axis=1)) >= bound).sum())
    return (reached + 1) / (DRAWS + 1)


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
