"""What must hold of a record before its numbers are believed, whoever wrote it.

Checksums only say that a record is as it was written. A stranger can write sums that are right
over arrays that don't fit each other, and everything to the right of the disk may rely on what
is demanded here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from paribus.records.types import Curves, Explanations, Interventions, Predictions, Record, RunFacts
from paribus.study.section import MOST

#: A confusion matrix has the square of so many cells.
MOST_CLASSES = 1_000
#: How far from 1 an image's probabilities, of 32 bits each, may sum.
ROUNDING = 0.01
#: A log probability; softmax gives finite ones, and sums of lower ones would not be.
LOWEST = -1e30
#: The side of an attribution map, in pixels: that of the largest images that are trained on.
LARGEST_MAP = 512

Array = npt.NDArray[Any]


def faults(record: Record) -> Iterator[str]:
    """What is wrong with a record, each as "what came, what is expected"."""
    yield from _fact_faults(record.facts)
    yield from _curve_faults(record.facts, record.curves)
    if record.predictions is not None:
        yield from _prediction_faults(record.facts, record.predictions)


def _fact_faults(facts: RunFacts) -> Iterator[str]:
    data = facts.data
    counted = [facts.seed, facts.network.parameters, facts.environment.threads]
    counted += [data.training, data.validation, data.test, *data.shape]
    if not all(0 <= number <= MOST for number in counted):
        yield f"a count below 0 or above {MOST:,}"
    if not 1 <= len(set(data.classes)) == len(data.classes) <= MOST_CLASSES:
        came = len(data.classes)
        yield f"{came:,} classes; 1 to {MOST_CLASSES:,} of different names are expected"
    if not all(0 <= seconds <= MOST for seconds in (facts.train_seconds, facts.train_cpu_seconds)):
        yield "a training time that is no number of seconds"
    if (facts.status == "failed") != (facts.failure is not None):
        yield f"a {facts.status} run with the reason of its failure missing or to spare"
    if not re.fullmatch("[0-9a-f]{64}", data.fingerprint):
        yield "a data fingerprint that is no SHA-256"  # files are called by it
    if not all(map(_is_moment, (facts.started, facts.ended))):
        yield "a start or end that is no moment as ISO 8601 has it"


def _is_moment(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _curve_faults(facts: RunFacts, curves: Curves) -> Iterator[str]:
    parts = vars(curves)
    if any(part.ndim != 1 or part.dtype != np.float32 for part in parts.values()):
        yield "curves of other shapes than (n,) or other numbers than of 32 bits"
        return
    epochs, steps = len(curves.train_loss), len(curves.step_loss)
    validated = len(curves.val_loss)
    if len(curves.val_accuracy) != validated or not (
        validated <= epochs <= len(curves.learning_rate) <= epochs + 1
    ):
        yield "curves whose lengths don't fit each other"
    if facts.status == "failed":
        return  # its numbers may be none, and its last epoch half
    if not epochs or validated != epochs or not steps or steps % epochs:
        yield f"{epochs} epochs, {validated} validated, {steps} steps; whole epochs are expected"
    elif not 1 <= (facts.best_epoch or 0) <= epochs:
        yield f"{facts.best_epoch} as the best of {epochs} epochs"
    if not all(np.isfinite(part).all() for part in parts.values()):
        yield "curves that are not finite in a finished run"


def _prediction_faults(facts: RunFacts, its: Predictions) -> Iterator[str]:
    images, classes = facts.data.test, len(facts.data.classes)
    if any(part.dtype != np.int64 or part.shape != (images,) for part in (its.index, its.labels)):
        yield f"numbers or labels of other images than the {images:,} tested"
        return
    if images == 0 or len(np.unique(its.index)) < images or its.index.min() < 0:
        yield "test images whose numbers are not different, or none"
        return
    if its.labels.min() < 0 or its.labels.max() >= classes:
        yield f"a label that is none of the {classes} classes"
    for part in (its.last, its.best):
        if part.dtype != np.float32 or part.shape != (images, classes):
            yield f"log probabilities {part.dtype} {part.shape}; {(images, classes)} are expected"
        elif not _are_log_probabilities(part):
            yield "log probabilities that don't sum to 1"


def _are_log_probabilities(logs: Array) -> bool:
    # NaN compares false. A log probability just above 0 is rounding.
    with np.errstate(over="ignore", invalid="ignore"):
        sums = np.exp(logs, dtype=np.float64).sum(axis=1)
    return bool((np.abs(sums - 1) < ROUNDING).all() and (logs > LOWEST).all())


def could_be_of(record: Record, its: Interventions | Explanations) -> bool:
    """Whether an analysis fits the finished run that it is said to be of."""
    if isinstance(its, Interventions):
        return _interventions_fit(record.facts, its)
    return _explanations_fit(record.facts, its)


def _interventions_fit(facts: RunFacts, its: Interventions) -> bool:
    outside = its.outside[~np.isnan(its.outside)]
    return (
        its.outside.ndim == 1
        and all(answers.shape == (facts.data.test,) for answers in its.predicted.values())
        and all(_are_classes(facts, answers) for answers in its.predicted.values())
        and bool((np.abs(outside - 0.5) <= 0.5 + ROUNDING).all())
    )


def _explanations_fit(facts: RunFacts, its: Explanations) -> bool:
    images, maps = its.images.shape, its.gradients.shape
    return (
        images == its.targets.shape == maps[:1]
        and len(maps) == 3
        and 0 < min(maps[1:]) <= max(maps[1:]) <= LARGEST_MAP
        and maps == its.occlusion.shape
        and its.nearest.ndim == 2
        and images == its.nearest.shape[:1]
        and its.nearest.shape == its.nearest_labels.shape
        and all(part.dtype == np.int64 for part in (its.images, its.nearest))
        and _are_classes(facts, its.targets)
        and _are_classes(facts, its.nearest_labels)
        and bool(np.isfinite(its.gradients).all() and np.isfinite(its.occlusion).all())
    )


def _are_classes(facts: RunFacts, numbers: Array) -> bool:
    fit = (numbers >= 0) & (numbers < len(facts.data.classes))
    return numbers.dtype == np.int64 and bool(fit.all())
