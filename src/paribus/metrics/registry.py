"""Every metric that Paribus knows, each declared here and nowhere else.

A new metric is one entry: tables, comparisons, claims, the report and docs/tables.md follow.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Literal, get_args

import numpy as np

from paribus.metrics import dynamics, probabilities
from paribus.metrics.classification import (
    Figures,
    accuracy,
    class_figures,
    class_shares,
    log_loss,
    macro_average,
)
from paribus.metrics.dynamics import Curve, Epoch
from paribus.metrics.interventions import interventions
from paribus.metrics.metric import Better, Metric, RunData, Wording
from paribus.records.types import Floats, Integers

ClassFigure = Literal["recall", "precision", "f1"]
CLASS_FIGURES: tuple[ClassFigure, ...] = get_args(ClassFigure)

#: How the label of an intervention's drop begins.
DROP = "accuracy lost: "


# ---- how they are worked out --------------------------------------------------------------------


def _matrix(of: Callable[[Integers], float]) -> Callable[[RunData], float]:
    """From the confusion matrix after the last epoch."""
    return lambda run: math.nan if run.matrix is None else of(run.matrix)


def _probabilities(
    when: Literal["last", "best"], of: Callable[[Floats, Integers], float]
) -> Callable[[RunData], float]:
    """From log probabilities (images, classes) and labels."""

    def value(run: RunData) -> float:
        shown = run.record.predictions
        logs = None if shown is None else getattr(shown, when)
        return math.nan if shown is None or logs is None else of(logs, shown.labels)

    return value


def _each(of: Callable[[Floats, Integers], Figures]) -> Callable[[RunData], Figures]:
    """A number of each test image, from log probabilities after the last epoch; else none."""

    def values(run: RunData) -> Figures:
        shown = run.record.predictions
        return np.zeros(0) if shown is None or shown.last is None else of(shown.last, shown.labels)

    return values


def _right_by_class(run: RunData) -> Figures:
    """Whether each image is right, as much as all others of its class together count."""
    shown = run.record.predictions
    return np.zeros(0) if shown is None else class_shares(shown.labels, shown.predicted)


def _mean(each: Callable[[RunData], Figures]) -> Callable[[RunData], float]:
    """Their mean; NaN of none."""

    def value(run: RunData) -> float:
        values = each(run)
        return float(values.mean()) if len(values) else math.nan

    return value


def _curves(*names: str, of: Callable[..., float | Epoch]) -> Callable[[RunData], float | Epoch]:
    """From whole curves (epochs,), given in the order of their names."""

    def value(run: RunData) -> float | Epoch:
        curves = [run.curve(name) for name in names]
        return math.nan if any(curve is None for curve in curves) else of(*curves)

    return value


def _last(curve: Curve) -> float:
    return float(curve[-1])


def _epochs_to_loss(run: RunData) -> float | Epoch:
    curve, target = run.curve("train_loss"), run.target_loss
    return math.nan if curve is None or target is None else dynamics.epochs_to_loss(curve, target)


#: What decides a study that names no other metric.
PRIMARY = "test_accuracy"

# ---- of a whole run -----------------------------------------------------------------------------

_ALL = (
    Metric(
        PRIMARY,
        "test accuracy",
        "higher",
        _matrix(accuracy),
        "Share of test images classified correctly after the last epoch, 0 to 1.",
        written="percent",
        digits=1,
        margin=0.01,
        images="all",
        wording=Wording(
            "Test accuracy",
            "has the higher test accuracy",
            "has the lower test accuracy",
        ),
    ),
    Metric(
        "best_test_accuracy",
        "test accuracy at the best epoch",
        "higher",
        _probabilities("best", lambda logs, labels: float((logs.argmax(axis=1) == labels).mean())),
        "Share of test images classified correctly at `best_epoch`, 0 to 1.",
        written="percent",
        digits=1,
        compared=False,
    ),
    Metric(
        "test_loss",
        "test loss",
        "lower",
        _probabilities("last", log_loss),
        "Mean cross entropy over the test images after the last epoch, in nats.",
        unit="nats",
        wording=Wording.general("test loss"),
    ),
    Metric(
        "best_test_loss",
        "test loss at the best epoch",
        "lower",
        _probabilities("best", log_loss),
        "Mean cross entropy over the test images at `best_epoch`, in nats.",
        unit="nats",
        compared=False,
    ),
    Metric(
        "macro_f1",
        "macro F1",
        "higher",
        _matrix(lambda matrix: macro_average(class_figures(matrix)).f1),
        "Mean F1 score over all classes after the last epoch, 0 to 1.",
    ),
    Metric(
        "balanced_accuracy",
        "balanced accuracy",
        "higher",
        _mean(_right_by_class),
        "Mean recall over the classes that have test images, after the last epoch, 0 to 1; the "
        "test accuracy where all have as many.",
        written="percent",
        digits=1,
        each=_right_by_class,
        guesses=1,
    ),
    Metric(
        "top5_accuracy",
        "top-5 accuracy",
        "higher",
        _mean(_each(probabilities.in_top)),
        "Share of test images whose class is among the five likeliest after the last epoch, 0 to "
        "1; of more than five classes only.",
        written="percent",
        digits=1,
        each=_each(probabilities.in_top),
        guesses=5,
    ),
    Metric(
        "brier_score",
        "Brier score",
        "lower",
        _mean(_each(probabilities.squared_errors)),
        "Mean squared distance of the probabilities from certainty of the true class after the "
        "last epoch, summed over the classes, 0 to 2.",
        each=_each(probabilities.squared_errors),
    ),
    Metric(
        "calibration_error",
        "calibration error",
        "lower",
        _mean(_each(probabilities.calibration_errors)),
        "Expected calibration error of the predicted class after the last epoch in 15 groups of "
        "equal size, corrected for chance, so it can fall slightly below 0; a share.",
        written="percent",
        digits=1,
        each=_each(probabilities.calibration_errors),
    ),
    Metric(
        "macro_auc",
        "macro AUC",
        "higher",
        _mean(_each(probabilities.rank_values)),
        "Area under the ROC curve of each class against the rest after the last epoch, mean over "
        "the classes, 0 to 1.",
        each=_each(probabilities.rank_values),
    ),
    Metric(
        "best_epoch",
        "epoch of lowest validation loss",
        "neither",
        _curves("val_loss", of=dynamics.best_epoch),
        "The epoch of lowest validation loss, from 1; the first where several tie.",
        compare="ranks",
        unit="epochs",
        digits=1,
        censored=True,
        figure="loss",
    ),
    Metric(
        "best_val_loss",
        "lowest validation loss",
        "lower",
        _curves("val_loss", of=lambda losses: float(losses.min())),
        "Validation loss at `best_epoch`, in nats.",
        unit="nats",
        figure="loss",
    ),
    Metric(
        "final_val_loss",
        "validation loss at the last epoch",
        "lower",
        _curves("val_loss", of=_last),
        "Validation loss after the last epoch, in nats.",
        unit="nats",
        compared=False,
    ),
    Metric(
        "final_val_accuracy",
        "validation accuracy at the last epoch",
        "higher",
        _curves("val_accuracy", of=_last),
        "Share of the validation images classified correctly after the last epoch, 0 to 1.",
        written="percent",
        digits=1,
        compared=False,
    ),
    Metric(
        "final_train_loss",
        "training loss at the last epoch",
        "lower",
        _curves("train_loss", of=_last),
        "Training loss of the last epoch, in nats: the mean over its images while training.",
        unit="nats",
        compared=False,
    ),
    Metric(
        "epochs_to_loss",
        "epochs to reach the training loss",
        "lower",
        _epochs_to_loss,
        "The first epoch whose training loss is half-way down the fall of the baseline's mean "
        "training loss, or one more than were trained.",
        compare="ranks",
        unit="epochs",
        digits=1,
        censored=True,
        note="The training loss to reach is {target_loss} nats, half-way down the fall of the "
        "baseline's mean training loss.",
        wording=Wording(
            "Speed of learning",
            "learns more slowly",
            "learns faster",
        ),
        figure="loss",
        from_record=False,
    ),
    Metric(
        "roughness",
        "roughness of the validation curve",
        "lower",
        _curves("val_loss", of=dynamics.roughness),
        "How far the validation loss strays from falling until overfitting starts, as a share of "
        "its fall; docs/statistics.md defines it.",
        compare="ranks",
        wording=Wording(
            "Smoothness before overfitting",
            "has the rougher validation curve until overfitting starts",
            "has the smoother validation curve until overfitting starts",
        ),
        figure="loss",
    ),
    Metric(
        "generalization_gap",
        "generalization gap",
        "lower",
        _curves("train_loss", "val_loss", of=dynamics.generalization_gap),
        "Validation loss minus training loss at the last epoch, in nats.",
        unit="nats",
        figure="loss",
    ),
    Metric(
        "train_cpu_seconds",
        "training time (CPU)",
        "lower",
        # No training takes none: unknown.
        lambda run: run.record.facts.train_cpu_seconds or math.nan,
        "CPU seconds of the training steps, which other programs don't lengthen; validation and "
        "tests aren't counted.",
        compare="ratio",
        unit="s",
        digits=1,
        note="CPU seconds of the training steps, which other programs don't lengthen.",
        wording=Wording(
            "Training time",
            "takes longer to train",
            "takes less time to train",
        ),
    ),
)

#: Every metric of a whole run, by name, in the order of tables and reports.
METRICS = {metric.name: metric for metric in _ALL}

#: Those that follow from a run's predictions, whichever tool trained it: from the predicted
#: classes alone, and from probabilities too.
OF_CLASSES = (PRIMARY, "macro_f1", "balanced_accuracy")
OF_PREDICTIONS = (
    *OF_CLASSES, "test_loss", "top5_accuracy", "brier_score", "calibration_error", "macro_auc",
)  # fmt: skip


# ---- of what a network looks at -----------------------------------------------------------------


def _cause(
    name: str,
    label: str,
    written: Literal["percent", "points"] = "points",
    better: Better = "neither",
    family: str = "",
    note: str = "",
) -> Metric:
    return Metric(
        name,
        label,
        better,
        lambda run: run.causes.get(name, math.nan),
        written=written,
        digits=1,
        family=family,
        note=note,
        figure="causes",
        from_record=False,
        each=(lambda run: run.cause_values_of_images.get(name, np.zeros(0))) if note else None,
        beyond_chance=bool(note),
    )


#: Which images agree by chance differs from test set to test set, not from seed to seed.
_BEYOND_CHANCE = (
    "Chance depends on the test images, so a setting's value is given for new seeds and new images."
)

#: What a network looks at, by interventions; `paribus.metrics.interventions` defines each.
CAUSES = {
    metric.name: metric
    for metric in (
        _cause(
            "background_learned",
            "accuracy on the surroundings alone, above chance",
            note=_BEYOND_CHANCE,
        ),
        _cause("background_reliance", "reliance on the surroundings", note=_BEYOND_CHANCE),
        _cause(
            "background_in_failures",
            "reliance of wrong predictions on the surroundings",
            note=_BEYOND_CHANCE,
        ),
        _cause("attribution_outside", "attribution outside the center", "percent"),
        *(
            _cause(f"drop:{change.name}", f"{DROP}{change.label}", better="lower", family="drop")
            for change in interventions(3)
        ),
    )
}


# ---- of a class ---------------------------------------------------------------------------------


def class_metric(figure: ClassFigure, name: str) -> Metric:
    """A figure of the class called `name`; all classes form one exploratory family."""
    place, is_f1, is_recall = CLASS_FIGURES.index(figure), figure == "f1", figure == "recall"
    return Metric(
        f"{figure}:{name}",
        f"{'F1' if is_f1 else figure} of {name}",
        "higher",
        lambda run: run.by_class[name][place] if name in run.by_class else math.nan,
        written="number" if is_f1 else "percent",
        digits=3 if is_f1 else 1,
        family=figure,
        figure="confusion" if is_recall else "report",
        images="class" if is_recall else "",
    )


def with_target(metrics: Mapping[str, Metric], target: float | None) -> dict[str, Metric]:
    """The metrics, their notes naming the training loss that `epochs_to_loss` counts to."""
    if "epochs_to_loss" not in metrics:
        return dict(metrics)
    metric = metrics["epochs_to_loss"]
    note = "The baseline's training loss never falls, so there is no loss to reach."
    if target is not None:
        note = metric.note.format(target_loss=f"{target:.3g}")
    return {**metrics, metric.name: replace(metric, note=note)}


def class_figure(name: str) -> tuple[ClassFigure, str] | None:
    """Figure and class of a metric such as `recall:dog`; None of a metric of a whole run."""
    prefix, _, member = name.partition(":")
    return next(((one, member) for one in CLASS_FIGURES if member and prefix == one), None)


def built_in(name: str) -> Metric | None:
    """The metric of this name, `recall:dog` and `drop:blur-6` included; None if there is none.

    Whether there is such a class is known only with the images.
    """
    of_class = class_figure(name)
    return METRICS.get(name) or CAUSES.get(name) or (class_metric(*of_class) if of_class else None)
