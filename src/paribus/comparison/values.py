"""From records to values: each metric of every run, as arrays over the seeds."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from paribus.errors import ComparisonError
from paribus.metrics.dynamics import Epoch
from paribus.metrics.metric import Metric, RunData
from paribus.metrics.registry import CLASS_FIGURES, class_metric, with_target
from paribus.records.types import Integers, Interventions, Predictions, Record
from paribus.stats.intervals import Floats
from paribus.study.config import VARIED, Source
from paribus.study.metrics import study_metrics
from paribus.study.plan import Setting, settings
from paribus.study.spec import Question, Study

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class SettingValues:
    """One setting's values over all n seeds of the study.

    Attributes:
        recorded, finished, tested: (n,) whether the run has left a record, be it that of a
            failure, has reached its last epoch, and has predictions for the test images.
        metrics: name -> (n,) values, NaN where there is none.
        censored: name of a censored metric -> (n,) the value is only known to be at least this.
        correct: (n, images) whether the network is right on each test image after its last
            epoch; False throughout where the run wasn't tested.
        runs: (n,) the finished runs themselves, for what is seldom asked for; None for others.
        vary: what of a run its seed decides.
    """

    recorded: Flags
    finished: Flags
    tested: Flags
    metrics: Mapping[str, Floats]
    censored: Mapping[str, Flags]
    correct: Flags
    runs: tuple[RunData | None, ...] = ()
    vary: tuple[Source, ...] = VARIED

    @property
    def failed(self) -> Flags:
        """Whether the run has ended (n,) before its last epoch."""
        return self.recorded & ~self.finished

    @property
    def trained(self) -> int:
        """How many seeds, from 0 on, have left a record without a gap."""
        return int(np.argmin(np.append(self.recorded, False)))

    def of(self, metric: str) -> Floats:
        """The values (n,) of a metric; NaN where no run tells, as while the classes are unknown."""
        return self.metrics.get(metric, np.full(len(self.finished), np.nan))


@dataclass(frozen=True)
class FailedRuns:
    """How many runs of a setting failed, of those that have ended."""

    setting: str
    failed: int
    ended: int


@dataclass(frozen=True)
class Values:
    """Every metric of every run of a study.

    Attributes:
        primary: the metric that the study's conclusion rests on.
        metrics: by name, as the study has them; the recalls of all classes last.
        settings: by name, the baseline first.
        classes: names of the classes; none while no run is tested.
        labels: (images,) the true class of each test image; none where seeds have other images.
        target_loss: as the function of this name gives it, in nats.
        groups: (images,) the group of each test image, where images belong together.
        resampled: test images for each training image, where each seed splits the images anew.
        paired: whether equal seeds of two settings correspond.
        anytime: results may have been looked at after any seed, to stop or to go on.
    """

    baseline: str
    primary: Metric
    metrics: Mapping[str, Metric]
    settings: Mapping[str, SettingValues]
    classes: tuple[str, ...]
    labels: Integers
    target_loss: float | None
    groups: Integers | None = None
    resampled: float | None = None
    paired: bool = True
    anytime: bool = False

    def by_class(self, setting: str, figure: str) -> Floats:
        """A figure of `CLASS_FIGURES` of every class: (n, classes)."""
        columns = [self.settings[setting].of(f"{figure}:{name}") for name in self.classes]
        return np.stack(columns, axis=1)

    def failed_runs(self, settings: Iterable[str] | None = None) -> tuple[FailedRuns, ...]:
        """Those of the settings, or of all, that have failed runs, each with how many."""
        names = self.settings if settings is None else settings
        ended = {name: self.settings[name].recorded for name in names}
        counts = [
            FailedRuns(name, int((runs & ~self.settings[name].finished).sum()), int(runs.sum()))
            for name, runs in ended.items()
        ]
        return tuple(count for count in counts if count.failed)

    def is_known(self, metric: str) -> bool:
        """Whether any run has a value of it."""
        return any(np.isfinite(one.of(metric)).any() for one in self.settings.values())


#: By setting and seed.
Analyzed = Mapping[tuple[str, int], Interventions]
NOT_ANALYZED: Analyzed = MappingProxyType({})


def values(study: Question, records: Sequence[Record], analyzed: Analyzed = NOT_ANALYZED) -> Values:
    """The values of a study's runs from their records.

    Records are in any order; a run without one has no values, and one that hasn't been analyzed has
    none of `CAUSES`.

    Raises:
        ComparisonError: two runs were tested on other images, or other classes; or trained by
            other engines than the study's settings say.
    """
    at = {record.key: record for record in records}
    seeds = study.every_seed
    by_setting = {s.name: [at.get((s.name, seed)) for seed in seeds] for s in settings(study)}
    finished = [r for rows in by_setting.values() for r in rows if r is not None and r.finished]
    if isinstance(study, Study):
        for what in _SHARED:
            _require_one(what, study, finished)
    classes, labels, groups = _test_set(finished)
    target = target_loss(study, records)
    metrics = with_target(study_metrics(study, classes), target)
    figures = [class_metric(figure, name) for figure in CLASS_FIGURES for name in classes]
    wanted = metrics | {metric.name: metric for metric in figures}
    by_name = {
        s.name: _of_setting(s, by_setting[s.name], wanted, labels, target, analyzed)
        for s in settings(study)
    }
    primary = metrics[study.primary]
    return Values(
        study.baseline,
        primary,
        metrics,
        by_name,
        classes,
        labels,
        target,
        groups,
        None if len(labels) else _resampled(study, finished),
        study.paired,
    )


def target_loss(study: Question, records: Sequence[Record]) -> float | None:
    """The training loss that `epochs_to_loss` counts to; None where the baseline's never falls."""
    runs = [RunData(r) for r in records if r.facts.setting == study.baseline and r.finished]
    curves = [curve for run in runs if (curve := run.curve("train_loss")) is not None]
    longest = max(map(len, curves), default=0)
    return half_way_loss([curve for curve in curves if len(curve) == longest])


def half_way_loss(train_losses: Sequence[npt.NDArray[np.floating]]) -> float | None:
    """The training loss that `epochs_to_loss` counts to: half-way down the baseline's fall.

    It is the middle between the first epoch's loss and the lowest of the baseline's training
    loss (epochs,), averaged over its runs. The baseline alone sets it, before a variation is
    looked at; it lies where every training that learns anything passes, and where the loss
    still falls fast enough for the epoch to be sharp; and no one has to choose a number. None
    without a curve, or where the mean curve never falls below its first value.
    """
    if not train_losses:
        return None
    mean = np.asarray(np.mean(np.stack(train_losses), axis=0, dtype=np.float64))
    first, lowest = float(mean[0]), float(mean.min())
    return (first + lowest) / 2 if lowest < first else None


@dataclass(frozen=True)
class _Shared:
    """What all runs of a study share, unless a setting names its own.

    Attributes:
        key: in the study.
        of: what a record has of it; "" of a run that something else than Paribus trained.
        by: "by" or "on", before it.
        one: what a comparison needs.
        keep: the option that keeps runs as they are.
    """

    key: str
    of: Callable[[Record], str]
    by: str
    one: str
    keep: str


_SHARED = (
    _Shared(
        "engine",
        lambda record: record.facts.environment.engine_name,
        "by",
        "one engine",
        "--engine torch (or native)",
    ),
    _Shared(
        "device",
        lambda record: record.facts.environment.device_kind,
        "on",
        "one kind of device",
        "--device cpu (or cuda)",
    ),
)


def _require_one(what: _Shared, study: Study, records: Iterable[Record]) -> None:
    """Refuse runs of another engine or device than their setting names, or than others share."""
    asked = {s.name: getattr(s.config, what.key).partition(":")[0] for s in settings(study)}
    first: Record | None = None
    for record in records:
        used, wanted = what.of(record), asked[record.facts.setting]
        other = f"but the study asks for {wanted}"
        if not used:
            continue
        if wanted == "auto":
            first = first or record
            wanted = what.of(first)
            other = f"but {_run(first)} {what.by} {wanted}"
        if used != wanted:
            raise ComparisonError(
                f"{_run(record)} was trained {what.by} {used}, {other}; a comparison needs "
                f"{what.one}, unless the variation changes `{what.key}`. Run the study again: what "
                f"doesn't fit is retrained; {what.keep} keeps those runs."
            )


def _resampled(study: Question, finished: Sequence[Record]) -> float | None:
    """Test images for each training image; None where a seed doesn't draw both anew."""
    # STL-10's training images are always the same.
    own = isinstance(study, Study) and "split" in study.vary and study.data.source != "stl10"
    if not own or not finished:
        return None
    data = finished[0].facts.data
    return data.test / data.training if data.test and data.training else None


def _test_set(
    finished: Sequence[Record],
) -> tuple[tuple[str, ...], Integers, Integers | None]:
    """Classes, labels and groups of the test images, the same in all runs of a split.

    There are no labels where seeds were tested on different images.
    """
    tested = [(record, record.predictions) for record in finished if record.predictions]
    if not tested:
        return (), np.zeros(0, np.int64), None
    of_split: dict[int | None, tuple[Record, Predictions]] = {}
    for record, predictions in tested:
        split = record.facts.seed if record.has_own_split else None
        first, shown = of_split.setdefault(split, (record, predictions))
        same = np.array_equal(shown.index, predictions.index)
        same &= np.array_equal(shown.labels, predictions.labels)
        if record.classes != tested[0][0].classes or not same:
            raise ComparisonError(
                f"{_run(record)} was tested on other images or classes than {_run(first)}; the "
                "same are expected in all runs. Run the study again: what no longer fits is "
                "retrained."
            )
    if any(not np.array_equal(shown.index, other.index) for _, other in of_split.values()):
        return first.classes, np.zeros(0, np.int64), None
    return first.classes, shown.labels, shown.group


def _run(record: Record) -> str:
    return f"{record.facts.setting}, seed {record.facts.seed}"


def _of_setting(
    setting: Setting,
    records: Sequence[Record | None],
    metrics: Mapping[str, Metric],
    labels: Integers,
    target: float | None,
    analyzed: Analyzed,
) -> SettingValues:
    runs = [
        RunData(record, target, analyzed.get(record.key)) if record and record.finished else None
        for record in records
    ]
    by_run = [{name: m.of(run) for name, m in metrics.items()} if run else {} for run in runs]
    shown = [run.record.predictions if run else None for run in runs]
    correct = np.zeros((len(runs), len(labels)), bool)
    for row, predictions in zip(correct, shown, strict=True):
        if predictions is not None and len(labels):
            row[:] = predictions.predicted == labels
    return SettingValues(
        recorded=np.array([record is not None for record in records]),
        finished=np.array([run is not None for run in runs]),
        tested=np.array([predictions is not None for predictions in shown]),
        metrics={name: np.array([number(run.get(name)) for run in by_run]) for name in metrics},
        censored={
            name: np.array([isinstance(v := run.get(name), Epoch) and v.censored for run in by_run])
            for name, metric in metrics.items()
            if metric.censored
        },
        correct=correct,
        runs=tuple(runs),
        vary=setting.vary,
    )


def number(value: float | Epoch | None) -> float:
    """A value as a number; NaN where there is none, or none that is finite."""
    if isinstance(value, Epoch):
        return float(value.value)
    return value if value is not None and math.isfinite(value) else math.nan
