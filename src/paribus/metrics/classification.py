"""How good predictions are: the confusion matrix and all that follows from it.

Every figure is scikit-learn's, with its convention that 0/0 is 0; this module needs only
NumPy, so that a report can be made where neither torch nor scikit-learn is installed.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from paribus.records.types import Floats, Integers

#: Figures computed from counts are 64-bit.
Figures = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ClassFigures:
    """What a confusion matrix says of each class; all arrays are (classes,).

    Precision is the share of the images called this class that are of it; recall, of the images of
    this class (`support`), that are called so; F1 the harmonic mean of the two.
    """

    precision: Figures
    recall: Figures
    f1: Figures
    support: Integers


@dataclass(frozen=True)
class Average:
    """Class figures averaged over the classes; `support` is the number of images."""

    precision: float
    recall: float
    f1: float
    support: int


def confusion(labels: Integers, predicted: Integers, classes: int) -> Integers:
    """Count each pair of true (rows) and predicted class (columns): (classes, classes).

    Raises ValueError if the two differ in length, or hold a number that is no class.
    """
    if labels.shape != predicted.shape:
        shapes = f"{labels.shape} and {predicted.shape}"
        raise ValueError(f"expected one prediction for each label, got shapes {shapes}")
    for numbers in (labels, predicted):
        if numbers.size and not 0 <= numbers.min() <= numbers.max() < classes:
            got = f"{numbers.min()} to {numbers.max()}"
            raise ValueError(f"expected class numbers from 0 to {classes - 1}, got {got}")
    pairs = np.bincount(labels * classes + predicted, minlength=classes * classes)
    return pairs.reshape(classes, classes).astype(np.int64)


def class_figures(matrix: Integers) -> ClassFigures:
    """Precision, recall, F1 and support of each class of a confusion matrix."""
    right = np.diagonal(matrix)
    called, support = matrix.sum(axis=0), matrix.sum(axis=1)
    return ClassFigures(
        precision=_share(right, called),
        recall=_share(right, support),
        # The harmonic mean in counts: 2 TP / (2 TP + FP + FN).
        f1=_share(2 * right, called + support),
        support=support,
    )


def accuracy(matrix: Integers) -> float:
    """The share of all images that are on the diagonal; 0 of none."""
    return float(_share(np.trace(matrix), matrix.sum()))


def macro_average(figures: ClassFigures) -> Average:
    """The plain mean over all classes, rare ones counting as much as common ones."""
    return _average(figures, np.ones_like(figures.f1))


def weighted_average(figures: ClassFigures) -> Average:
    """The mean over classes weighted by their support; its recall is the accuracy."""
    return _average(figures, figures.support.astype(np.float64))


def log_loss(log_probabilities: Floats, labels: Integers) -> float:
    """The mean negative log probability (natural logarithm) given to the true class.

    The cross entropy in nats, from log probabilities (n, classes) and labels (n,); infinite if a
    true class was given probability zero, and NaN where there are no images.
    """
    if not labels.size:
        return float("nan")
    of_truth = np.take_along_axis(log_probabilities, labels[:, None], axis=1)
    return float(-of_truth.mean(dtype=np.float64))


def class_shares(labels: Integers, predicted: Integers) -> Figures:
    """Each image's part in the balanced accuracy, which is their mean: (n,).

    A right answer counts as n / (classes with images * images of its class), a wrong one nothing.
    """
    support = np.bincount(labels)
    weight = len(labels) / (np.count_nonzero(support) * support[labels])
    return np.asarray((labels == predicted) * weight)


def _average(figures: ClassFigures, weight: Figures) -> Average:
    precision, recall, f1 = (
        float(_share((column * weight).sum(), weight.sum()))
        for column in (figures.precision, figures.recall, figures.f1)
    )
    return Average(precision, recall, f1, int(figures.support.sum()))


def _share(part: npt.ArrayLike, whole: npt.ArrayLike) -> Figures:
    whole = np.asarray(whole, np.float64)
    shares: Figures = np.divide(part, whole, out=np.zeros_like(whole), where=whole != 0)
    return shares
