"""What must hold between the parts of a record before its numbers are believed.

Checksums only say that a record is as it was written. A stranger can write sums that are right
over arrays that don't fit each other, and everything to the right of the disk may rely on what
is demanded here, and of each fact by `paribus.records.bounds`.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from paribus.records.types import Curves, Explanations, Interventions, Predictions, Record, RunFacts

#: How far from 1 an image's probabilities, of 32 bits each, may sum.
ROUNDING = 0.01
#: A log probability; softmax gives finite ones, and sums of lower ones would not be.
LOWEST = -1e30
#: The side of an attribution map, in pixels: that of the largest images that are trained on.
LARGEST_MAP = 512

Array = npt.NDArray[Any]


def faults(record: Record) -> Iterator[str]:
    """What is wrong with a record, each as "expected this, got that"."""
    yield from _fact_faults(record.facts)
    yield from _curve_faults(record.facts, record.curves)
    if record.predictions is not None:
        yield from _prediction_faults(record.facts, record.predictions)


def _fact_faults(facts: RunFacts) -> Iterator[str]:
    if len(set(facts.data.classes)) < len(facts.data.classes):
        yield "expected different classes, got one twice"
    if (facts.status == "failed") != (facts.failure is not None):
        yield "expected a reason of the failure with a failed run, and with no other"


def _curve_faults(facts: RunFacts, curves: Curves) -> Iterator[str]:
    for name, series in curves.series.items():
        at, values = series.at, series.values
        if any(part.ndim != 1 or part.dtype != np.float32 for part in (at, values)):
            yield f"{name}: expected curves of shape (n,) and 32-bit numbers"
            return
        if len(at) != len(values) or not np.isfinite(at).all() or (np.diff(at) <= 0).any():
            yield f"{name}: expected a place for each value, one after another"
        if facts.status == "finished" and not np.isfinite(values).all():
            yield f"{name}: expected finite values in a finished run"
    if "step_loss" in curves.series:
        yield from _own_curve_faults(facts, curves)


def _own_curve_faults(facts: RunFacts, curves: Curves) -> Iterator[str]:
    """What Paribus's own loop never leaves."""
    steps, epochs, validated, accuracies, rates = (
        len(curves.values(name))
        for name in ("step_loss", "train_loss", "val_loss", "val_accuracy", "learning_rate")
    )
    if accuracies != validated or not validated <= epochs <= rates <= epochs + 1:
        yield "expected curves whose lengths fit each other"
    if facts.status == "failed":
        return  # its numbers may be none, and its last epoch half
    if not epochs or validated != epochs or not steps or steps % epochs:
        yield f"expected whole epochs, got {epochs}, {validated} validated, of {steps} steps"
    elif not 1 <= (facts.best_epoch or 0) <= epochs:
        yield f"expected a best epoch from 1 to {epochs}, got {facts.best_epoch}"


def _prediction_faults(facts: RunFacts, shown: Predictions) -> Iterator[str]:
    images, classes = len(shown.index), len(facts.data.classes)
    if facts.status == "failed":
        yield "expected no predictions with a failed run"
    if facts.data.test not in (None, images):
        yield f"expected predictions for {facts.data.test:,} test images, got {images:,}"
    if any(
        part.dtype != np.int64 or part.shape != (images,) for part in (shown.index, shown.labels)
    ):
        yield "expected one number and one label per test image"
        return
    if images == 0 or len(np.unique(shown.index)) < images or shown.index.min() < 0:
        yield "expected test images with different numbers"
        return
    if not _are_classes(facts, shown.labels):
        yield f"expected labels of {classes} classes"
    if shown.last is None and shown.given is None:
        yield "expected log probabilities or predicted classes"
    if shown.given is not None and not (
        shown.given.shape == (images,) and _are_classes(facts, shown.given)
    ):
        yield f"expected one of {classes} classes per test image"
    if shown.group is not None and (
        shown.group.shape != (images,) or shown.group.dtype != np.int64
    ):
        yield "expected one group per test image"
    for part in (shown.last, shown.best):
        if part is None:
            continue
        if part.dtype != np.float32 or part.shape != (images, classes):
            yield f"expected log probabilities {(images, classes)}, got {part.dtype} {part.shape}"
        elif not _are_log_probabilities(part):
            yield "expected log probabilities that sum to 1"


def _are_log_probabilities(logs: Array) -> bool:
    # NaN compares false. A log probability just above 0 is rounding.
    with np.errstate(over="ignore", invalid="ignore"):
        sums = np.exp(logs, dtype=np.float64).sum(axis=1)
    return bool((np.abs(sums - 1) < ROUNDING).all() and (logs > LOWEST).all())


def interventions_fit(facts: RunFacts, kept: Interventions) -> bool:
    """Whether they could be of the finished run that they are said to be of."""
    outside = kept.outside[~np.isnan(kept.outside)]
    return (
        kept.outside.ndim == 1
        and all(answers.shape == (facts.data.test,) for answers in kept.predicted.values())
        and all(_are_classes(facts, answers) for answers in kept.predicted.values())
        and bool((np.abs(outside - 0.5) <= 0.5 + ROUNDING).all())
    )


def explanations_fit(facts: RunFacts, kept: Explanations) -> bool:
    """Whether they could be of the finished run that they are said to be of."""
    images, maps = kept.images.shape, kept.gradients.shape
    return (
        images == kept.targets.shape == maps[:1]
        and len(maps) == 3
        and 0 < min(maps[1:]) <= max(maps[1:]) <= LARGEST_MAP
        and maps == kept.occlusion.shape
        and kept.nearest.ndim == 2
        and images == kept.nearest.shape[:1]
        and kept.nearest.shape == kept.nearest_labels.shape
        and all(part.dtype == np.int64 for part in (kept.images, kept.nearest))
        and _are_classes(facts, kept.targets)
        and _are_classes(facts, kept.nearest_labels)
        and bool(np.isfinite(kept.gradients).all() and np.isfinite(kept.occlusion).all())
    )


def _are_classes(facts: RunFacts, numbers: Array) -> bool:
    fit = (numbers >= 0) & (numbers < len(facts.data.classes))
    return numbers.dtype == np.int64 and bool(fit.all())
