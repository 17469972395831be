"""Fewer training images, more of some classes than of others, wrong labels: as a study declares.

Each has a random stream of its own. What is drawn depends on the seed alone, so two settings with
the same `subset` have the same images whatever else differs, a smaller one has images of a larger
one alone, and label noise of a higher rate changes all labels that a lower rate changes.
"""

import numpy as np
import numpy.typing as npt

from paribus.errors import DataError
from paribus.records.types import Integers
from paribus.stream import stream
from paribus.study.data import Data, Imbalance

#: The keys of `data` that change the training images and nothing else.
KEYS = ("subset", "imbalance", "label_noise")


def as_they_come(data: Data) -> Data:
    """The same data with all training images and their own labels."""
    return data.model_copy(update=dict.fromkeys(KEYS))


def kept_of_each(data: Data, counts: Integers) -> Integers:
    """How many training images of each class are left of `counts`, both (classes,).

    Raises:
        DataError: `subset` asks for more than a class has.
    """
    subset = data.subset
    if isinstance(subset, int):
        if counts.min() < subset:
            raise DataError(
                f"data.subset: expected at most {counts.min():,}, the training images of the "
                f"smallest class, got {subset:,}"
            )
        counts = np.full_like(counts, subset)
    elif subset is not None:
        counts = np.maximum(1, np.rint(counts * subset).astype(np.int64))
    if data.imbalance is not None:
        shares = class_shares(data.imbalance, len(counts))
        # One millionth: 0.01 of 500 images are 5, not the 4 of a rounding error.
        counts = np.maximum(1, np.floor(counts * shares + 1e-6).astype(np.int64))
    return counts


def class_shares(imbalance: Imbalance, classes: int) -> npt.NDArray[np.float64]:
    """The share of its images that each class keeps, (classes,), from 1 down to the ratio.

    Sources: exponential, Cui et al. 2019, "Class-balanced loss based on effective number of
    samples"; step, Buda, Maki and Mazurowski 2018, "A systematic study of the class imbalance
    problem in convolutional neural networks". Both as long-tailed CIFAR of Cao et al. 2019,
    "Learning imbalanced datasets with label-distribution-aware margin loss", has them.
    """
    number = np.arange(classes)
    if imbalance.kind == "step":
        return np.where(number < classes - classes // 2, 1.0, imbalance.ratio)
    return imbalance.ratio ** (number / max(classes - 1, 1))


def chosen(data: Data, labels: Integers, training: Integers, classes: int, seed: int) -> Integers:
    """The training images that are left, ascending, of those numbered `training`."""
    counts = np.bincount(labels[training], minlength=classes)
    balanced = data.model_copy(update={"imbalance": None})
    kept = training
    for declared, purpose in ((balanced, "subset"), (data, "imbalance")):
        order = stream(seed, purpose).permutation(len(labels))
        kept = _first_of_each(kept_of_each(declared, counts), labels, kept, order)
    return kept


def _first_of_each(
    numbers: Integers, labels: Integers, images: Integers, order: Integers
) -> Integers:
    """So many images of each class, those that come first in an order of all images; ascending."""
    among = np.zeros(len(labels), np.bool_)
    among[images] = True
    ordered = order[among[order]]
    return np.sort(
        np.concatenate([ordered[labels[ordered] == c][:n] for c, n in enumerate(numbers)])
    )


def noisy(data: Data, labels: Integers, training: Integers, classes: int, seed: int) -> Integers:
    """All labels (n,), of which the declared share of the training ones is wrong.

    Symmetric noise puts any other class in the place of a label, each as likely (the other classes
    alone, as Patrini et al. 2017 have it). Pairs put the next class, and the first for the last
    one (Han et al. 2018, "Co-teaching").
    """
    if data.label_noise is None:
        return labels
    draw = stream(seed, "label noise")
    rank, step = draw.random(len(labels)), draw.integers(1, classes, len(labels))
    wrong = training[np.argsort(rank[training])[: round(data.label_noise.rate * len(training))]]
    if data.label_noise.kind == "pairs":
        step[:] = 1
    changed = labels.copy()
    changed[wrong] = (labels[wrong] + step[wrong]) % classes
    return changed
