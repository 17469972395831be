"""One metric: what it is called, how it is worked out of a run, and how it is compared."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from paribus.errors import ComparisonError
from paribus.metrics.classification import Figures, class_figures, confusion
from paribus.metrics.dynamics import Curve, Epoch
from paribus.metrics.interventions import cause_values, cause_values_of_images
from paribus.records.types import Integers, Interventions, Record

Better = Literal["higher", "lower", "neither"]

#: How a metric's paired values become an estimate, an interval and a p value.
#: "difference": mean of variation - baseline, t test;
#: "ratio": variation / baseline, t test on the logarithms;
#: "ranks": Hodges-Lehmann estimate of variation - baseline, signed-rank test.
Compare = Literal["difference", "ratio", "ranks"]

#: How values and differences are written: as numbers with their unit; values in percent and
#: differences in percentage points; or both in points, where values are differences of shares.
Written = Literal["number", "percent", "points"]


@dataclass(frozen=True)
class RunData:
    """A finished run's record, with what else a metric may need, if there is any.

    That is the training loss of `epochs_to_loss`, in nats, and what the network predicts for
    changed images.
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
        figures = class_figures(self.matrix)
        columns = (figures.recall, figures.precision, figures.f1)
        rows = zip(*(column.tolist() for column in columns), strict=True)
        return dict(zip(self.record.classes, rows, strict=True))

    @cached_property
    def cause_values_of_images(self) -> Mapping[str, Figures]:
        """What each test image adds to these metrics, as far as they are means over images."""
        predictions = self.record.predictions
        if self.interventions is None or predictions is None:
            return {}
        return cause_values_of_images(predictions, len(self.record.classes), self.interventions)

    @cached_property
    def causes(self) -> Mapping[str, float]:
        """The metrics of what the network looks at, by name; none if it wasn't analyzed."""
        predictions = self.record.predictions
        if self.interventions is None or predictions is None:
            return {}
        return cause_values(predictions, len(self.record.classes), self.interventions)

    def curve(self, name: str) -> Curve | None:
        """The values (epochs,) of a series; None if one is missing or not finite."""
        series = self.record.curves.series.get(name)
        if series is None or series.axis != "epoch" or not len(series.at):
            return None
        counted = np.array_equal(series.at, np.arange(1, len(series.at) + 1))
        values = series.values.astype(float)
        return values if counted and np.isfinite(values).all() else None


@dataclass(frozen=True)
class Wording:
    """How the outcome of a comparison is put: "batch-norm takes longer to train"."""

    topic: str
    above: str
    below: str

    @classmethod
    def general(cls, label: str) -> Wording:
        """How outcomes on a metric are put that has no words of its own."""
        topic = label if "_" in label or "/" in label else label[0].upper() + label[1:]
        return cls(topic, f"has the higher {label}", f"has the lower {label}")


@dataclass(frozen=True)
class Metric:
    """A number of a run, and everything that tables, comparisons, claims and reports need of it.

    Attributes:
        name: in tables and study files, `test_accuracy`.
        label: for readers, "test accuracy".
        of: works it out from a run; NaN where the run doesn't have what it takes.
        meaning: what its column in a table holds, with the unit.
        unit: of the values; "" for a plain number or a share.
        written, digits: how values are written; `digits` where no interval says how many matter.
        margin: differences up to this size don't matter; in the metric's unit, or, for a ratio,
            as a share (0.05: up to 5 % longer). None: none is declared, so nothing is equivalent.
        family: comparisons of one family are adjusted together (Holm); the name by default.
        censored: whether `of` may only know that a value is at least so large.
        note: what a reader must know of how it is taken. "{target_loss}" stands for that loss.
        wording: how a difference is put; in general words by default.
        figure: the anchor of the part of a report that shows it.
        compared: whether variations are compared on it; others are only tabulated.
        from_record: whether the run's record alone is enough to work it out.
        images: "all" or "class" for the share of these test images that are classified
            correctly, of which an interval for new images can be given; else "".
        each: numbers of the test images (images,) whose mean is the metric, so that an interval
            for new images can be given; empty where the run doesn't have what it takes. Of a
            metric that is no plain mean, its linear part.
        beyond_chance: it is what goes beyond chance, which differs from test set to test set and
            not from seed to seed; so its value is told for new images only.
        guesses: of an accuracy, how many classes an answer names; by chance it is right so often
            out of the number of classes. Else 0.
    """

    name: str
    label: str
    better: Better
    of: Callable[[RunData], float | Epoch]
    meaning: str = ""
    compare: Compare = "difference"
    unit: str = ""
    written: Written = "number"
    digits: int = 3
    margin: float | None = None
    family: str = ""
    censored: bool = False
    note: str = ""
    wording: Wording | None = None
    figure: str = "comparison"
    compared: bool = True
    from_record: bool = True
    images: Literal["", "all", "class"] = ""
    each: Callable[[RunData], Figures] | None = None
    beyond_chance: bool = False
    guesses: int = 0

    def __post_init__(self) -> None:
        if self.margin is not None and not (math.isfinite(self.margin) and self.margin > 0):
            raise ComparisonError(
                f"{self.name}: expected a finite margin above 0 (the largest difference that "
                f"doesn't matter), or none at all, got {self.margin}"
            )
        if not self.family:
            object.__setattr__(self, "family", self.name)
        if self.images and not self.guesses:
            object.__setattr__(self, "guesses", 1)

    @property
    def higher_is_better(self) -> bool | None:
        """None where neither way is better as such."""
        return None if self.better == "neither" else self.better == "higher"

    @property
    def scaled_margin(self) -> float | None:
        """The margin on the scale of the paired differences: a ratio's is log(1 + share)."""
        if self.margin is None or self.compare != "ratio":
            return self.margin
        return math.log1p(self.margin)

    @property
    def largest_difference(self) -> float:
        """What two values can differ by at most: two shares by 1, other numbers by any."""
        return 1.0 if self.written == "percent" else math.inf

    @property
    def member(self) -> str:
        """The class or intervention that it is of, "dog" of `recall:dog`; "" of a whole run's."""
        return self.name.partition(":")[2]


def reported(name: str) -> Callable[[RunData], float]:
    """Takes a number that stands in the record; NaN where it doesn't."""
    return lambda run: run.record.facts.metrics.get(name, math.nan)
