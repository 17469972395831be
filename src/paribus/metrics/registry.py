"""What is compared: each metric of a run, how it is compared, and which way is better."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from paribus.errors import ComparisonError
from paribus.metrics.interventions import interventions
from paribus.study.claims import ClassMetricName

#: How a metric's paired values are turned into an estimate, an interval and a p value.
#: "mean difference": mean of variation - baseline, t test;
#: "log ratio": variation / baseline, t test on the logarithms;
#: "rank": Hodges-Lehmann estimate of variation - baseline, signed-rank test.
Kind = Literal["mean difference", "log ratio", "rank"]


@dataclass(frozen=True)
class Metric:
    """A number of a run, and how two settings are compared on it.

    Attributes:
        name: as in the tables' columns, `test_accuracy`.
        label: as a reader sees it, "test accuracy".
        unit: of the values; "" for a plain number.
        kind: how paired values are compared.
        higher_is_better: None where neither way is better as such.
        margin: differences up to this size don't matter; in the metric's unit, or, for a
            "log ratio", as a share (0.05: up to 5 % longer). None: no margin declared, so
            no `equivalent`.
        primary: the one metric that the study's conclusion rests on; all others explore.
        family: comparisons of one family are adjusted together (Holm); the name by default.
    """

    name: str
    label: str
    unit: str
    kind: Kind
    higher_is_better: bool | None
    margin: float | None = None
    primary: bool = False
    family: str = ""

    def __post_init__(self) -> None:
        if self.margin is not None and not (math.isfinite(self.margin) and self.margin > 0):
            raise ComparisonError(
                f"{self.name}: the margin is {self.margin}; a finite number above 0 is expected "
                "(the largest difference that doesn't matter), or none at all."
            )
        if not self.family:
            object.__setattr__(self, "family", self.name)

    @property
    def scaled_margin(self) -> float | None:
        """The margin on the scale of the paired differences: a log ratio's is log(1 + share)."""
        if self.margin is None or self.kind != "log ratio":
            return self.margin
        return math.log1p(self.margin)


_ALL = (
    Metric(
        "test_accuracy", "test accuracy", "", "mean difference", True, margin=0.01, primary=True
    ),
    Metric("test_loss", "test loss", "nats", "mean difference", False),
    Metric("macro_f1", "macro F1", "", "mean difference", True),
    Metric("best_epoch", "epoch of lowest validation loss", "epochs", "rank", None),
    Metric("best_val_loss", "lowest validation loss", "nats", "mean difference", False),
    Metric("epochs_to_loss", "epochs to reach the training loss", "epochs", "rank", False),
    Metric("roughness", "roughness of the validation curve", "", "rank", False),
    Metric("generalization_gap", "generalization gap", "nats", "mean difference", False),
    Metric("train_seconds", "training time", "s", "log ratio", False),
)

#: Every metric of a whole run; one for each class comes from `recall_of`.
METRICS = {metric.name: metric for metric in _ALL}


_BACKGROUND = (
    Metric(
        "background_learned",
        "accuracy on the surroundings alone, above chance",
        "",
        "mean difference",
        None,
    ),
    Metric("background_reliance", "reliance on the surroundings", "", "mean difference", None),
    Metric(
        "background_in_failures",
        "reliance of wrong answers on the surroundings",
        "",
        "mean difference",
        None,
    ),
    Metric("attribution_outside", "attribution outside the center", "", "mean difference", None),
)


#: How the label of an intervention's drop begins.
DROP = "accuracy lost: "


def drop_of(name: str, label: str) -> Metric:
    """The accuracy that an intervention costs; all interventions form one exploratory family."""
    return Metric(
        f"drop:{name}",
        f"{DROP}{label}",
        "",
        "mean difference",
        False,
        family="drop",
    )


_DROPS = tuple(drop_of(change.name, change.label) for change in interventions(3))

#: What a network looks at, by interventions; `paribus.metrics.causes` defines each.
CAUSES = {metric.name: metric for metric in (*_BACKGROUND, *_DROPS)}


def figure_of(figure: ClassMetricName, name: str) -> Metric:
    """A figure of the class called `name`; all classes form one exploratory family."""
    label = "F1" if figure == "f1" else figure
    return Metric(
        f"{figure}:{name}", f"{label} of {name}", "", "mean difference", True, family=figure
    )


def recall_of(name: str) -> Metric:
    """The recall of the class called `name`, the one figure of a class that all reports compare."""
    return figure_of("recall", name)
