"""What a function gives back of a run, beyond a dict of metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Outcome:
    """What a run came to; `paribus.Outcome`.

    Examples:
        >>> paribus.Outcome({"test_acc": 0.93}, curves={"val_loss": [0.9, 0.7, 0.6]})

    Attributes:
        metrics: name -> number.
        curves: name -> values, one an epoch from 1; or place -> value, by steps.
        predictions: of the test set, one of each example: "labels" and "predictions", or "labels"
            and "probabilities" (n, classes) with "classes", and, if they have names, "ids". Arrays
            or lists, as a `predictions.npz` has them.
        weights: name -> array.
    """

    metrics: Mapping[str, float] = field(default_factory=dict)
    curves: Mapping[str, Sequence[float] | Mapping[float, float]] = field(default_factory=dict)
    predictions: Mapping[str, Any] | None = None
    weights: Mapping[str, Any] = field(default_factory=dict)
