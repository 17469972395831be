"""Intervals for new seeds and new images of metrics of probabilities, on simulated networks.

A network's logits for an image are what the image looks like to every network, what it looks like
to all networks of a setting, what the seed leans to, and noise. The truth is that of many images
and seeds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

import numpy as np

from paribus.metrics.classification import Figures, class_shares
from paribus.metrics.probabilities import (
    BINS,
    calibration_errors,
    in_top,
    rank_values,
    squared_errors,
)
from paribus.records.types import Floats, Integers
from paribus.stats.crossed import crossed_interval
from paribus.stats.paired import t_interval
from paribus.stream import stream

CLASSES, IMAGES, SEEDS = 6, 300, (3, 5, 10, 30)
Metric = Callable[[Floats, Integers], Figures]

METRICS: dict[str, Metric] = {
    "balanced accuracy": lambda logs, labels: class_shares(labels, logs.argmax(axis=1)),
    "top-5 accuracy": in_top,
    "Brier score": squared_errors,
    "calibration error": calibration_errors,
    "macro AUC": rank_values,
}


def networks(
    rng: np.random.Generator, seeds: int, images: int, own: float, seed_sd: float
) -> tuple[Integers, tuple[Floats, Floats]]:
    """Labels, and log probabilities (seeds, images, classes) of the baseline and a variation.

    `own` is the standard deviation of what an image looks like to one setting alone, `seed_sd` that
    of what a seed leans to; the variation is a little better and a little surer.
    """
    labels = np.arange(images) % CLASSES
    alike = rng.normal(0, 1, (images, CLASSES))
    alike[np.arange(images), labels] += 1.5
    made = []
    for help_, sharp in ((0.0, 1.0), (0.15, 1.15)):
        logits = alike + own * rng.normal(size=(images, CLASSES))
        logits = logits + seed_sd * rng.normal(size=(seeds, 1, CLASSES))
        logits = logits + 0.7 * rng.normal(size=(seeds, images, CLASSES))
        logits[:, np.arange(images), labels] += help_
        logits *= sharp
        logs = logits - np.log(np.exp(logits).sum(axis=2, keepdims=True))
        made.append(logs.astype(np.float32))
    return labels, (made[0], made[1])


def of_images(metric: Metric, labels: Integers, both: tuple[Floats, Floats]) -> Figures:
    """(seeds, images) what each image adds to the difference."""
    before, after = (np.stack([metric(run, labels) for run in runs]) for runs in both)
    return np.asarray(after - before)


def coverage(
    name: str, seeds: int, own: float, seed_sd: float, repetitions: int, truths: int = 400
) -> tuple[float, float]:
    """How often the interval for new seeds and images, and that for new seeds, hold the truth."""
    metric, truth = METRICS[name], _truth(name, own, seed_sd, truths)
    rng = stream(seeds, "new images", name, str(own), str(seed_sd))
    both = one = 0
    for _ in range(repetitions):
        labels, runs = networks(rng, seeds, IMAGES, own, seed_sd)
        table = of_images(metric, labels, runs)
        found, narrow = crossed_interval(table, labels), t_interval(table.mean(axis=1))
        low, high = min(found.low, float(narrow.low)), max(found.high, float(narrow.high))
        both += low <= truth <= high
        one += bool(narrow.low <= truth <= narrow.high)
    return both / repetitions, one / repetitions


@cache
def _truth(name: str, own: float, seed_sd: float, repetitions: int = 400) -> float:
    """The difference over so many test sets of as many images, each of 8 seeds of its own.

    As many images as in the studies: what is corrected for chance in part only differs with them.
    """
    rng = stream(0, "truth of new images", str(own), str(seed_sd))
    total = 0.0
    for _ in range(repetitions):
        labels, runs = networks(rng, 8, IMAGES, own, seed_sd)
        total += float(of_images(METRICS[name], labels, runs).mean())
    return total / repetitions


def coverage_table(repetitions: int) -> Iterator[str]:
    """A row a metric and spread, as Markdown."""
    yield (
        f"**Coverage of new seeds and new images, metrics of probabilities: {IMAGES} images, "
        f"{CLASSES} classes ({repetitions:,} each)**\n"
    )
    yield "| metric, spread of seeds / of images | " + " | ".join(f"n = {n}" for n in SEEDS) + " |"
    yield "|---|" + "--:|" * len(SEEDS)
    for name in METRICS:
        for seed_sd, own in ((0.0, 0.5), (0.3, 0.5)):
            held = [coverage(name, n, own, seed_sd, repetitions) for n in SEEDS]
            cells = " | ".join(f"{100 * both:.1f} %" for both, _ in held)
            yield f"| {name}, {seed_sd:g} / {own:g} | {cells} |"
            cells = " | ".join(f"{100 * one:.1f} %" for _, one in held)
            yield f"| the same, if read off the interval for new seeds | {cells} |"


def bootstrap_coverage(
    name: str, seeds: int, repetitions: int, resamples: int = 120
) -> tuple[float, float]:
    """How often a bootstrap over seeds x images holds the truth, and its width by the interval's.

    Seeds and, within classes, images are drawn with replacement (Owen 2007); the percentile
    interval. Spreads of seeds and of images as in the second row of each metric above.
    """
    metric, truth = METRICS[name], _truth(name, 0.5, 0.3)
    rng = stream(seeds, "bootstrap", name)
    held, widths = 0, np.zeros(2)
    for _ in range(repetitions):
        labels, (before, after) = networks(rng, seeds, IMAGES, 0.5, 0.3)
        of_class = [np.flatnonzero(labels == number) for number in range(CLASSES)]
        drawn = []
        for _ in range(resamples):
            rows = np.concatenate([rng.choice(rows, len(rows)) for rows in of_class])
            some = rng.integers(0, seeds, seeds)
            each = (
                metric(after[s][rows], labels[rows]).mean()
                - metric(before[s][rows], labels[rows]).mean()
                for s in some
            )
            drawn.append(np.mean(list(each)))
        low, high = np.quantile(drawn, (0.025, 0.975))
        found = crossed_interval(of_images(metric, labels, (before, after)), labels)
        held += low <= truth <= high
        widths += [high - low, found.high - found.low]
    return held / repetitions, float(widths[0] / widths[1])


def bootstrap_table(repetitions: int) -> Iterator[str]:
    """A row a metric, as Markdown: the bootstrap that was not taken."""
    seeds = SEEDS[:3]
    yield f"**A bootstrap over seeds and images instead ({repetitions:,} each)**\n"
    yield "| coverage, width by the interval's | " + " | ".join(f"n = {n}" for n in seeds) + " |"
    yield "|---|" + "--:|" * len(seeds)
    for name in ("calibration error", "macro AUC"):
        each = [bootstrap_coverage(name, n, repetitions) for n in seeds]
        cells = " | ".join(f"{100 * held:.0f} %, {width:.2f}" for held, width in each)
        yield f"| {name} | {cells} |"


def calibrated_errors(
    rng: np.random.Generator, images: int, repetitions: int
) -> tuple[float, float]:
    """The calibration error of a calibrated network: plain, and corrected for chance."""
    found = np.zeros(2)
    for _ in range(repetitions):
        logits = 2 * rng.normal(size=(images, 10))
        logs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        labels = (np.exp(logs).cumsum(axis=1) > rng.random((images, 1))).argmax(axis=1)
        confidence, right = np.exp(logs.max(axis=1)), logs.argmax(axis=1) == labels
        groups = np.array_split(np.argsort(confidence), BINS)
        plain = sum(abs((confidence - right)[group].sum()) for group in groups) / images
        found += [plain, calibration_errors(logs.astype(np.float32), labels).mean()]
    plain, corrected = (found / repetitions).tolist()
    return plain, corrected


def calibrated_table(repetitions: int) -> Iterator[str]:
    """A row a number of images, as Markdown."""
    yield f"**Calibration error of a calibrated network, ten classes ({repetitions:,} each)**\n"
    yield "| images | plain | corrected |"
    yield "|--:|--:|--:|"
    for images in (300, 2_000, 10_000):
        rng = stream(images, "calibrated")
        plain, corrected = calibrated_errors(rng, images, repetitions)
        yield f"| {images:,} | {100 * plain:.1f} points | {100 * corrected:.1f} points |"
