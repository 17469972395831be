"""Which test images may carry a wrong label: confident learning over the seeds.

The networks were trained without the test images, so what they say of them is out of sample,
which the method demands. Its idea: a network that is often 90 % sure of ships and rarely above
50 % of cats means more by "60 % cat" than by "60 % ship". So each class has a threshold, the
mean probability that images labeled so are given for it, and each probability is measured
by it.

Source: Northcutt, Jiang and Chuang 2021, "Confident learning: estimating uncertainty in dataset
labels"; and for the margin between the label and its strongest rival as a score, Kuan and
Mueller 2022, "Model-agnostic label quality scoring to detect real-world label errors".
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from paribus.failures.outcomes import Outcomes, Probabilities
from paribus.records.types import Integers


@dataclass(frozen=True, eq=False)
class Suspicions:
    """How likely each test image's label is to be wrong; arrays are (n,), as in `Outcomes`.

    Attributes:
        score: q[given] / (q[given] + q[label]) with q = probability / threshold, 0 to 1. An
            order, not a probability of a wrong label. Above 0.5 the networks are surer of
            another class than of the label, each measured by how sure they usually are of it.
        rank: 1 for the most suspicious.
        given: the class that speaks most against the label.
        margin, margin_rank: `adjusted_margin`, -1 to 2, and the order by it. It finds more errors
            where a wrong label is the class that the networks find likeliest, fewer where it may
            be any class (docs/statistics.md).
    """

    score: Probabilities
    rank: Integers
    given: Integers
    margin: Probabilities
    margin_rank: Integers


def suspicions(by_setting: Mapping[str, Outcomes]) -> Suspicions | None:
    """The suspicion of each test image, from all settings' runs; None without probabilities.

    A label is right or wrong whatever is trained on it, so an image has one suspicion in a
    study. Settings count equally, however many seeds each has.

    Args:
        by_setting: each setting's outcomes, of the same images; may be empty.
    """
    known = [outcome for outcome in by_setting.values() if outcome.has_probabilities]
    if not known:
        return None
    probability = np.add.reduce([outcome.probability / len(known) for outcome in known])
    odds, given = label_odds(known[0].labels, probability)
    margin = adjusted_margin(known[0].labels, probability)
    rank, margin_rank = (_rank(score, known[0].index) for score in (odds, margin))
    return Suspicions(expit(odds), rank, given, margin, margin_rank)


def _rank(score: Probabilities, index: Integers) -> Integers:
    """1 for the highest score; of equals the image of the lower number comes first."""
    rank = np.empty(len(score), np.int64)
    rank[np.lexsort((index, -score))] = np.arange(1, len(score) + 1)
    return rank


def label_odds(labels: Integers, probability: Probabilities) -> tuple[Probabilities, Integers]:
    """How much speaks against each label (n,), and the class that speaks against it most (n,).

    With q = probability / threshold of each class, it is log(q[other] / q[label]), where
    `other` has the largest q but for the label.

    The margin to a rival, rather than the label's own probability: a hard image, on which
    the networks spread their probability thinly, has a low one too, but no firm rival. The
    ratio to the threshold, rather than the difference: where there are many classes or the
    networks are unsure, it puts more of planted errors first (docs/statistics.md).

    Args:
        labels: (n,) class numbers.
        probability: (n, classes), out of sample.
    """
    rows = np.arange(len(labels))
    confidence = _log(probability) - _log(class_thresholds(labels, probability))
    label_confidence = confidence[rows, labels]
    confidence[rows, labels] = -np.inf
    other = confidence.argmax(axis=1)
    return confidence[rows, other] - label_confidence, other


def adjusted_margin(labels: Integers, probability: Probabilities) -> Probabilities:
    """How much speaks against each label (n,), by differences: cleanlab's adjusted margin.

    With m = probability - threshold of each class, it is m[other] - m[label], where `other` has the
    largest m but for the label. Arguments as for `label_odds`.
    """
    rows = np.arange(len(labels))
    adjusted = probability - class_thresholds(labels, probability)
    of_label = adjusted[rows, labels]
    adjusted[rows, labels] = -np.inf
    return np.asarray(adjusted.max(axis=1) - of_label)


def class_thresholds(labels: Integers, probability: Probabilities) -> Probabilities:
    """(classes,) the mean probability for the class over the images labeled so.

    A class without an image has 1, the highest there can be: it speaks against a label only
    where the networks are nearly certain of it.
    """
    classes = probability.shape[1]
    support = np.bincount(labels, minlength=classes)
    of_label = probability[np.arange(len(labels)), labels]
    total = np.bincount(labels, weights=of_label, minlength=classes)
    return np.where(support > 0, total / np.maximum(support, 1), 1.0)


def _log(values: Probabilities) -> Probabilities:
    return np.log(np.maximum(values, np.finfo(np.float64).tiny))  # 0 has no logarithm
