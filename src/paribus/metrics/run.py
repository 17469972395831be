"""A run as metrics see it: its record, and what is derived from it once for all of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from paribus.metrics.causes import cause_values
from paribus.metrics.classification import ClassFigures, class_figures, confusion
from paribus.records.types import Integers, Interventions, Record

Curve = npt.NDArray[np.floating]


@dataclass(frozen=True)
class RunData:
    """A finished run's record, with what else a metric may need.

    Attributes:
        target_loss: the training loss of `epochs_to_loss`, in nats; None where there is none.
        interventions: what its network predicts for changed images; None if not analyzed.
    """

    record: Record
    target_loss: float | None = None
    interventions: Interventions | None = None

    @cached_property
    def matrix(self) -> Integers | None:
        """The confusion matrix (classes, classes) after the last epoch, or None."""
        predictions = self.record.predictions
        if predictions is None:
            return None
        return confusion(predictions.labels, predictions.predicted, len(self.record.classes))

    @cached_property
    def by_class(self) -> Mapping[str, tuple[float, float, float]]:
        """Class -> its recall, precision and F1."""
        if self.matrix is None:
            return {}
        figures: ClassFigures = class_figures(self.matrix)
        columns = (figures.recall, figures.precision, figures.f1)
        rows = zip(*(column.tolist() for column in columns), strict=True)
        return dict(zip(self.record.classes, rows, strict=True))

    @cached_property
    def causes(self) -> Mapping[str, float]:
        """The metrics of what the network looks at, by name; none if it wasn't analyzed."""
        predictions = self.record.predictions
        if self.interventions is None or predictions is None:
            return {}
        return cause_values(predictions, len(self.record.classes), self.interventions)

    def curve(self, name: str) -> Curve | None:
        """The values (epochs,) of a series; None where an epoch is missing or isn't finite."""
        series = self.record.curves.series.get(name)
        if series is None or series.axis != "epoch" or not len(series.at):
            return None
        counted = np.array_equal(series.at, np.arange(1, len(series.at) + 1))
        return series.values if counted and np.isfinite(series.values).all() else None
