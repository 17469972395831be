"""How often the interval for new images holds the truth, where each seed splits the images anew.

Two ways of training a nearest-mean classifier are compared, on all features or the first half of
them, on pools of images from a mixture of two normal distributions.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from paribus.stats.paired import t_interval
from paribus.stats.resampled import resampled_interval
from paribus.stream import stream

FEATURES = 6
#: How far apart the classes are in each feature, in standard deviations.
APART = np.array([0.8, 0.5, 0.3, 0.3, 0.2, 0.1])


def pool(rng: np.random.Generator, images: int) -> tuple[np.ndarray, np.ndarray]:
    """Features (images, 6) and classes (images,) of as many images of each class."""
    labels = np.arange(images) % 2
    return rng.standard_normal((images, FEATURES)) + labels[:, None] * APART, labels


def difference(
    features: np.ndarray, labels: np.ndarray, training: np.ndarray, test: np.ndarray
) -> float:
    """Accuracy on the test images with all features, minus that with the first half of them."""
    x, y = features[training], labels[training]
    means = np.stack([x[y == label].mean(axis=0) for label in (0, 1)])
    nearer = np.square(features[test][:, None] - means)
    right = [
        (nearer[..., :used].sum(axis=-1).argmin(axis=1) == labels[test]).mean()
        for used in (FEATURES, FEATURES // 2)
    ]
    return float(right[0] - right[1])


def splits(
    rng: np.random.Generator, images: int, seeds: int, test: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for _ in range(seeds):
        order = rng.permutation(images)
        yield order[test:], order[:test]


def truth(rng: np.random.Generator, images: int, test: int, repetitions: int) -> float:
    """The mean difference over pools of images."""
    each = []
    for _ in range(repetitions):
        features, labels = pool(rng, images)
        each += [difference(features, labels, *s) for s in splits(rng, images, 1, test)]
    return float(np.mean(each))


def coverage_of_splits(
    rng: np.random.Generator, images: int, seeds: int, share: float, repetitions: int
) -> tuple[float, float]:
    """How many simulated studies hold the truth: by the corrected interval, and by Student's."""
    test = round(share * images)
    true = truth(rng, images, test, 20 * repetitions)
    held = np.zeros(2)
    for _ in range(repetitions):
        features, labels = pool(rng, images)
        d = np.array([difference(features, labels, *s) for s in splits(rng, images, seeds, test)])
        ours, usual = resampled_interval(d, test / (images - test)), t_interval(d)
        held += np.array([x.low <= true <= x.high for x in (ours, usual)])
    corrected, plain = held / repetitions
    return float(corrected), float(plain)


def coverage_by_splits(repetitions: int) -> Iterator[str]:
    """The table of docs/statistics.md."""
    each = f"({repetitions:,} each)"
    yield f"**Coverage of new images where each seed splits the images anew {each}**\n"
    yield "| images, share for the test | n = 3 | n = 5 | n = 10 | n = 30 |"
    yield "|---|--:|--:|--:|--:|"
    for images, share in ((100, 0.2), (100, 0.1), (400, 0.2), (400, 0.5)):
        rng = stream(0, "calibrate splits", images, str(share))
        found = [coverage_of_splits(rng, images, n, share, repetitions) for n in (3, 5, 10, 30)]
        for at, name in enumerate(("", ", by the usual interval")):
            shares = " | ".join(f"{100 * each[at]:.1f} %" for each in found)
            yield f"| {images}, {100 * share:g} %{name} | {shares} |"
