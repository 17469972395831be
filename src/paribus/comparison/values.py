"""From records to values: each metric of every run, as arrays over the seeds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from paribus.comparison.engines import require_one_engine
from paribus.errors import ComparisonError
from paribus.metrics import dynamics
from paribus.metrics.causes import cause_values
from paribus.metrics.classification import (
    accuracy,
    class_figures,
    confusion,
    log_loss,
    macro_average,
)
from paribus.metrics.dynamics import Curve, Epoch
from paribus.metrics.registry import CAUSES, METRICS
from paribus.records.types import Integers, Interventions, Predictions, Record
from paribus.stats.intervals import Floats
from paribus.study.claims import CLASS_FIGURES
from paribus.study.plan import settings
from paribus.study.spec import Study

Flags = npt.NDArray[np.bool_]

#: Metrics of which a training that ends too early only tells "at least".
CENSORED = ("best_epoch", "epochs_to_loss")


@dataclass(frozen=True)
class SettingValues:
    """One setting's values over the seeds 0 to n - 1.

    Attributes:
        recorded: (n,) whether the run has left a record, be it that of a failure.
        finished: (n,) whether it reached its last epoch; the others have no values.
        metrics: name as in `METRICS` and `CAUSES`, or `recall:<class>`,
            `precision:<class>`, `f1:<class>` -> (n,) values, NaN where there is none.
        censored: metric of `CENSORED` -> (n,) the value is only known to be at least this.
        correct: (n, images) whether the network is right on each test image after its
            last epoch; False throughout where the run isn't finished.
    """

    recorded: Flags
    finished: Flags
    metrics: Mapping[str, Floats]
    censored: Mapping[str, Flags]
    correct: Flags

    @property
    def trained(self) -> int:
        """How many seeds, from 0 on, have left a record without a gap."""
        return int(np.argmin(np.append(self.recorded, False)))

    def of(self, metric: str) -> Floats:
        """The values (n,) of a metric; NaN while no run is finished, which tells the classes."""
        if not self.finished.any():
            return np.full(len(self.finished), np.nan)
        return self.metrics[metric]


@dataclass(frozen=True)
class Values:
    """Every metric of every run of a study.

    Attributes:
        baseline: its name.
        settings: by name, the baseline first.
        classes: names of the classes; none while no run is finished.
        labels: (images,) the true class of each test image.
        target_loss: the training loss of `epochs_to_loss`, in nats; None where the baseline's
            never falls.
    """

    baseline: str
    settings: Mapping[str, SettingValues]
    classes: tuple[str, ...]
    labels: Integers
    target_loss: float | None

    def rule(self, metric: str) -> str:
        """What a reader must know of how a metric was taken; "" where its name says all."""
        if metric == "train_seconds":
            return "Seconds of the processor in training steps; other programs don't lengthen them."
        if metric != "epochs_to_loss":
            return ""
        if self.target_loss is None:
            return "The baseline's training loss never falls, so there is no loss to reach."
        return (
            f"The training loss to reach is {self.target_loss:.3g} nats, half-way down the fall "
            "of the baseline's mean training loss."
        )

    def by_class(self, setting: str, figure: str) -> Floats:
        """A figure of `CLASS_FIGURES` of every class: (n, classes)."""
        columns = [self.settings[setting].metrics[f"{figure}:{name}"] for name in self.classes]
        return np.stack(columns, axis=1)


#: By setting and seed.
Analyzed = Mapping[tuple[str, int], Interventions]
NOT_ANALYSED: Analyzed = MappingProxyType({})


def values(study: Study, records: Sequence[Record], analyzed: Analyzed = NOT_ANALYSED) -> Values:
    """The values of a study's runs from their records.

    Args:
        records: in any order; a run without one has no values.
        analyzed: what interventions did to them; a run without has no values of `CAUSES`.

    Raises:
        ComparisonError: two runs were tested on other images, or other classes; or trained by
            other engines than the study's settings say.
    """
    at = {(record.facts.setting, record.facts.seed): record for record in records}
    seeds = range(study.most_seeds)
    by_setting = {s.name: [at.get((s.name, seed)) for seed in seeds] for s in settings(study)}
    finished = [r for rows in by_setting.values() for r in rows if r is not None and r.predictions]
    require_one_engine(study, finished)
    classes, labels = _test_set(finished)
    target = half_way_loss(
        [r.curves.train_loss for r in by_setting[study.baseline] if r is not None and r.predictions]
    )
    found = {
        name: _of_setting(rows, classes, labels, target, analyzed)
        for name, rows in by_setting.items()
    }
    return Values(study.baseline, found, classes, labels, target)


def half_way_loss(train_losses: Sequence[Curve]) -> float | None:
    """The training loss that `epochs_to_loss` counts to: half-way down the baseline's fall.

    It is the middle between the first epoch's loss and the lowest of the baseline's training
    loss (epochs,), averaged over its runs. The baseline alone sets it, before a variation is
    looked at; it lies where every training that learns anything passes, and where the loss
    still falls fast enough for the epoch to be sharp; and no one has to choose a number.

    Returns:
        None without a curve, or where the mean curve never falls below its first value.
    """
    if not train_losses:
        return None
    mean = np.asarray(np.mean(np.stack(train_losses), axis=0, dtype=np.float64))
    first, lowest = float(mean[0]), float(mean.min())
    return (first + lowest) / 2 if lowest < first else None


def _test_set(finished: Sequence[Record]) -> tuple[tuple[str, ...], Integers]:
    """Classes and labels of the test images, which must be the same in all runs."""
    if not finished:
        return (), np.zeros(0, np.int64)
    first, shown = finished[0].facts, _predictions(finished[0])
    for record in finished:
        facts, its = record.facts, _predictions(record)
        if (
            facts.data.classes != first.data.classes
            or not np.array_equal(its.index, shown.index)
            or not np.array_equal(its.labels, shown.labels)
        ):
            raise ComparisonError(
                f"{facts.setting}, seed {facts.seed} was tested on other images or classes than "
                f"{first.setting}, seed {first.seed}; the same are expected in all runs. "
                "Run the study again: what no longer fits is trained anew."
            )
    return first.data.classes, shown.labels


def _of_setting(
    records: Sequence[Record | None],
    classes: Sequence[str],
    labels: Integers,
    target: float | None,
    analyzed: Analyzed,
) -> SettingValues:
    names = [f"{figure}:{name}" for figure in CLASS_FIGURES for name in classes]
    found = [
        _of_run(r, target, names, analyzed) if r is not None and r.predictions else {}
        for r in records
    ]
    correct = np.zeros((len(records), len(labels)), bool)
    for row, record in zip(correct, records, strict=True):
        if record is not None and record.predictions is not None:
            row[:] = record.predictions.last.argmax(axis=1) == labels
    return SettingValues(
        recorded=np.array([record is not None for record in records]),
        finished=np.array([bool(run) for run in found]),
        metrics={
            name: np.array([_number(run.get(name)) for run in found])
            for name in (*METRICS, *CAUSES, *names)
        },
        censored={
            name: np.array([_is_censored(run.get(name)) for run in found]) for name in CENSORED
        },
        correct=correct,
    )


def _of_run(
    record: Record, target: float | None, class_metrics: Sequence[str], analyzed: Analyzed
) -> dict[str, float | Epoch]:
    """A finished run's values by the name of the metric."""
    curves, its = record.curves, _predictions(record)
    matrix = confusion(its.labels, its.last.argmax(axis=1), len(record.facts.data.classes))
    figures = class_figures(matrix)
    best = dynamics.best_epoch(curves.val_loss)
    changed = analyzed.get((record.facts.setting, record.facts.seed))
    by_class = np.concatenate([getattr(figures, figure) for figure in CLASS_FIGURES])
    return {
        "test_accuracy": accuracy(matrix),
        "test_loss": log_loss(its.last, its.labels),
        "macro_f1": macro_average(figures).f1,
        "best_epoch": best,
        "best_val_loss": float(curves.val_loss[best.value - 1]),
        "epochs_to_loss": (
            math.nan if target is None else dynamics.epochs_to_loss(curves.train_loss, target)
        ),
        "roughness": dynamics.roughness(curves.val_loss),
        "generalization_gap": dynamics.generalization_gap(curves.train_loss, curves.val_loss),
        # Other programs don't lengthen the processor's time. No training takes none: unknown.
        "train_seconds": record.facts.train_cpu_seconds or math.nan,
        **dict(zip(class_metrics, by_class.tolist(), strict=True)),
        **(cause_values(its, changed) if changed is not None else {}),
    }


def _number(value: float | Epoch | None) -> float:
    """A value as a number; NaN where there is none, or none that is finite."""
    if isinstance(value, Epoch):
        return float(value.value)
    return value if value is not None and math.isfinite(value) else math.nan


def _is_censored(value: float | Epoch | None) -> bool:
    return isinstance(value, Epoch) and value.censored


def _predictions(record: Record) -> Predictions:
    assert record.predictions is not None, "a failed run has no predictions"
    return record.predictions
