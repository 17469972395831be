"""Planted label errors: how many of them each score puts among the most suspicious fifth."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import stats

from paribus.failures.label_errors import adjusted_margin, label_odds
from paribus.failures.outcomes import Probabilities
from paribus.records.types import Integers
from paribus.stream import stream

IMAGES, SEEDS, WRONG = 2_000, 4, 0.08
Kind = Literal["any class", "the likeliest rival"]
KINDS: tuple[Kind, ...] = ("any class", "the likeliest rival")


def planted(
    rng: np.random.Generator, classes: int, strength: float, kind: Kind
) -> tuple[Integers, Probabilities, npt.NDArray[np.bool_], float]:
    """Labels, mean probabilities (images, classes), which labels are wrong, accuracy of a run.

    Some images are hard, some look like another class to every seed, some classes are preferred.
    A wrong label is any other class, or the one that the networks find likeliest of the others, as
    where people and networks take the same images for the same class.
    """
    true = rng.integers(0, classes, IMAGES)
    logits = rng.normal(0, 1, (IMAGES, classes)) + rng.normal(0, 0.7, classes)
    logits = logits + rng.normal(0, 0.7, (SEEDS, IMAGES, classes))
    logits[:, np.arange(IMAGES), true] += rng.normal(strength, 1.5, IMAGES)
    weights = np.exp(logits - logits.max(axis=2, keepdims=True))
    runs = weights / weights.sum(axis=2, keepdims=True)
    probability = runs.mean(axis=0)
    wrong = rng.permutation(IMAGES) < WRONG * IMAGES
    if kind == "any class":
        other = (true + rng.integers(1, classes, IMAGES)) % classes
    else:
        rivals = probability.copy()
        rivals[np.arange(IMAGES), true] = -1
        other = rivals.argmax(axis=1)
    accuracy = float((runs.argmax(axis=2) == true).mean())
    return np.where(wrong, other, true), probability, wrong, accuracy


def found(score: Probabilities, wrong: npt.NDArray[np.bool_]) -> float:
    """The share of wrong labels among the fifth of highest score."""
    return float((stats.rankdata(-score)[wrong] <= len(score) / 5).mean())


def shares(classes: int, strength: float, kind: Kind, repetitions: int) -> list[float]:
    """Accuracy, then found by the ratio, by the adjusted margin, and by the label's probability."""
    rng = stream(classes, "planted label errors", str(strength), kind)
    rows = []
    for _ in range(repetitions):
        labels, probability, wrong, accuracy = planted(rng, classes, strength, kind)
        scores = (
            label_odds(labels, probability)[0],
            adjusted_margin(labels, probability),
            -probability[np.arange(IMAGES), labels],
        )
        rows.append([accuracy, *(found(score, wrong) for score in scores)])
    means: list[float] = np.mean(rows, axis=0).tolist()
    return means


def found_table(repetitions: int) -> Iterator[str]:
    """A row a number of classes, accuracy and kind of error, as Markdown."""
    yield f"**Planted label errors in the top fifth ({repetitions:,} each)**\n"
    yield "| classes | accuracy of a run | labels swapped to | ratio q | p - t | p of the label |"
    yield "|--:|--:|---|--:|--:|--:|"
    for classes in (2, 10, 50, 200):
        for strength in (5.0, 2.5):
            for kind in KINDS:
                accuracy, *each = shares(classes, strength, kind, repetitions)
                cells = " | ".join(f"{100 * share:.0f} %" for share in each)
                yield f"| {classes} | {100 * accuracy:.0f} % | {kind} | {cells} |"
