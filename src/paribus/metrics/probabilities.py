"""How good stored log probabilities are: top five, Brier score, calibration, area under the curve.

Every function takes log probabilities (n, classes) and labels (n,), and gives one number for each
image, (n,), whose mean is the metric. These numbers tell how the metric would vary with other
images. For the two metrics that are no plain means over images they are its linear part: what each
image contributes if it counts a little more (infinitesimal jackknife, Efron 1982).
"""

import math

import numpy as np

from paribus.metrics.classification import Figures
from paribus.records.types import Floats, Integers

#: Of so many classes the true one is among the likeliest.
TOP = 5
#: Calibration is measured in so many groups of equally many images.
BINS = 15


def in_top(log_probabilities: Floats, labels: Integers) -> Figures:
    """Whether the true class is among the `TOP` likeliest, 1 or 0; NaN where no class is left out.

    Of equally likely classes the true one counts as the likeliest.
    """
    if log_probabilities.shape[1] <= TOP:
        return np.full(len(labels), np.nan)
    of_truth = np.take_along_axis(log_probabilities, labels[:, None], axis=1)
    return np.asarray((log_probabilities > of_truth).sum(axis=1) < TOP, np.float64)


def squared_errors(log_probabilities: Floats, labels: Integers) -> Figures:
    """The squared distance of the probabilities from certainty of the true class, 0 to 2.

    Its mean is the Brier score of several classes. Source: Brier 1950.
    """
    probabilities = np.exp(log_probabilities, dtype=np.float64)
    of_truth = np.take_along_axis(probabilities, labels[:, None], axis=1)[:, 0]
    return np.asarray(np.square(probabilities).sum(axis=1) - 2 * of_truth + 1)


def calibration_errors(log_probabilities: Floats, labels: Integers) -> Figures:
    """How far confidence is from accuracy, up or down as the image's group is.

    The images are put in `BINS` groups of equal size by the probability of the class that is
    called. With d the mean probability of a group minus its accuracy a, the expected calibration
    error is the mean of |d| over the images. Even of a calibrated network |d| isn't 0, because a is
    known only to sigma = sqrt(a (1 - a) / group size). What that adds on average, were the true
    distance d, is subtracted: each group counts with 2 |d| - E|normal(d, sigma)|. That takes off
    part of what chance adds, and the result can fall slightly below 0. Source: Naeini, Cooper and
    Hauskrecht 2015; Kumar, Liang and Ma 2019 for the correction.
    """
    called = log_probabilities.argmax(axis=1)
    confidence = np.exp(log_probabilities.max(axis=1).astype(np.float64))
    gap = confidence - (called == labels)
    order = np.argsort(confidence, kind="stable")
    values = np.empty(len(labels))
    for group in np.array_split(order, min(BINS, len(labels))):
        d, accuracy = gap[group].mean(), (called == labels)[group].mean()
        sigma = np.sqrt(accuracy * (1 - accuracy) / len(group))
        sign = 1.0 if d >= 0 else -1.0
        values[group] = sign * gap[group] + abs(d) - _folded(float(d), float(sigma))
    return values


def rank_values(log_probabilities: Floats, labels: Integers) -> Figures:
    """What each image contributes to the area under the ROC curve, mean of one class against rest.

    The area of a class is the share of pairs, of an image of the class and one of the rest, in
    which the first has the higher probability for the class; a tie counts half. An image's part is
    its own share of such pairs (placement value). Classes without an image, or with all, are left
    out; NaN if none is left. Source: Hanley and McNeil 1982; DeLong, DeLong and Clarke-Pearson 1988
    for what an image contributes.
    """
    images, classes = log_probabilities.shape
    total, areas = np.zeros(images), []
    for number in range(classes):
        own = labels == number
        positives, rest = log_probabilities[own, number], log_probabilities[~own, number]
        if not len(positives) or not len(rest):
            continue
        above = _share_below(positives, rest)
        below = 1 - _share_below(rest, positives)
        area = float(above.mean())
        areas.append(area)
        total[own] += (above - area) / len(positives)
        total[~own] += (below - area) / len(rest)
    if not areas:
        return np.full(images, np.nan)
    return np.asarray(np.mean(areas) + total * images / len(areas))


def _share_below(values: Floats, others: Floats) -> Figures:
    """For each value the share of the others that are below it, equal ones half."""
    ordered = np.sort(others)
    # Looking up sorted values is several times as fast.
    order = np.argsort(values)
    sides = [np.searchsorted(ordered, values[order], side) for side in ("left", "right")]
    shares = np.empty(len(values))
    shares[order] = (sides[0] + sides[1]) / (2 * len(others))
    return shares


def _folded(d: float, sigma: float) -> float:
    """E|x| of a normal x with mean d and standard deviation sigma. Source: Leone et al. 1961."""
    if sigma == 0:
        return abs(d)
    z = d / sigma
    spread = sigma * math.sqrt(2 / math.pi) * math.exp(-(z**2) / 2)
    return spread + d * math.erf(z / math.sqrt(2))
