"""What each intervention does to a setting's networks: against the unchanged images, and chance.

The same network sees the same test images twice, unchanged and changed. So the differences
are paired by seed and by image, and are compared as a variation is with the baseline. All
interventions on one setting are one family (Holm), and all classes under all of them another.

Chance is another matter: which answers fit the labels by accident depends on the test images, and
all seeds may agree on it. So "above chance" needs two p values, over seeds and over permuted
labels, and the larger one counts.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from paribus.comparison.compare import Comparison, compare_metric
from paribus.comparison.judging import adjusted
from paribus.comparison.new_images import over_images, with_new_images
from paribus.comparison.values import Analyzed
from paribus.metrics.classification import class_figures, confusion
from paribus.metrics.interventions import (
    Intervention,
    beyond_chance,
    by_chance,
    interventions,
    shares,
)
from paribus.records.types import Integers, Interventions, Record
from paribus.stats.intervals import LEVEL, Floats
from paribus.stats.labels import label_permutation
from paribus.stats.multiplicity import holm
from paribus.stats.paired import DIGITS, Estimate, t_interval
from paribus.study.metrics import study_metrics
from paribus.study.spec import Question


@dataclass(frozen=True)
class Effect:
    """What one intervention does to a setting.

    Attributes:
        classes: their names; what is (classes,) below is in their order.
        accuracy: on the changed images, (), the mean over seeds with its t interval; NaN where the
            seeds can't tell, here and below.
        chance: the accuracy of unrelated answers given as often: the sum over classes of the
            share of images times that of answers.
        above_chance: accuracy minus chance, (); its p is the larger of that over seeds and that
            of permuted labels, adjusted over the interventions.
        comparison: accuracy changed minus unchanged, with the study's margin and its verdict.
        recall: on the changed images, (classes,).
        class_chance: (classes,) the share of all images that are given this class.
        class_above_chance, class_change: recall minus that, and recall changed minus
            unchanged, (classes,); p adjusted over classes and interventions, of the former the
            larger one as for `above_chance`.
    """

    setting: str
    intervention: Intervention
    classes: tuple[str, ...]
    n_seeds: int
    accuracy: Estimate
    chance: float
    above_chance: Estimate
    comparison: Comparison
    recall: Estimate
    class_chance: Floats
    class_above_chance: Estimate
    class_change: Estimate


def effects(study: Question, records: Sequence[Record], analyzed: Analyzed) -> tuple[Effect, ...]:
    """Every intervention on every setting that has been analyzed, in the order of the records."""
    runs: defaultdict[str, list[tuple[Record, Interventions]]] = defaultdict(list)
    for record in sorted(records, key=lambda r: r.facts.seed):
        changed = analyzed.get((record.facts.setting, record.facts.seed))
        if changed is not None and record.predictions is not None:
            runs[record.facts.setting].append((record, changed))
    return tuple(
        effect
        for setting in dict.fromkeys(record.facts.setting for record in records)
        if setting in runs
        for effect in _of_setting(study, runs[setting])
    )


def _of_setting(study: Question, runs: Sequence[tuple[Record, Interventions]]) -> list[Effect]:
    facts, answers = runs[0][0].facts, [interventions for _, interventions in runs]
    shown = [record.predictions for record, _ in runs if record.predictions]
    labels, classes = shown[0].labels, len(facts.data.classes)
    plain = np.stack([predictions.predicted for predictions in shown])
    changes = [
        change
        for change in interventions(facts.data.shape[0] if facts.data.shape else 1)
        if all(change.name in run.predicted for run in answers)
    ]
    if not changes:
        return []
    changed = [np.stack([run.predicted[change.name] for run in answers]) for change in changes]
    comparisons = _compared(study, changes, plain, changed, labels, shown[0].group)
    above, recall, above_by_class, change_by_class = _tested(plain, changed, labels, classes)
    return [
        Effect(
            setting=facts.setting,
            intervention=change,
            classes=facts.data.classes,
            n_seeds=len(runs),
            accuracy=_against((changed[n] == labels).mean(axis=1), least=0),
            chance=float(np.mean([by_chance(labels, run, classes) for run in changed[n]])),
            above_chance=_row(above, n),
            comparison=comparisons[n],
            recall=_row(recall, n),
            class_chance=np.mean([shares(run, classes) for run in changed[n]], axis=0),
            class_above_chance=_row(above_by_class, n),
            class_change=_row(change_by_class, n),
        )
        for n, change in enumerate(changes)
    ]


def _compared(
    study: Question,
    changes: Sequence[Intervention],
    plain: Integers,
    changed: Sequence[Integers],
    labels: Integers,
    groups: Integers | None,
) -> tuple[Comparison, ...]:
    """Accuracy changed minus unchanged: a comparison for each intervention."""
    accuracy = study_metrics(study, ())["test_accuracy"]
    before = plain == labels
    enough = len(plain) > 1 and np.unique(labels, return_counts=True)[1].min() > 1
    comparisons = []
    for change, predicted in zip(changes, changed, strict=True):
        right = predicted == labels
        difference = right - before.astype(np.int8)
        new_images = over_images(difference, labels, groups) if enough else None
        means = (before.mean(axis=1), right.mean(axis=1))
        comparisons.append(
            with_new_images(compare_metric(change.name, *means, accuracy), new_images)
        )
    return adjusted(comparisons)


def _tested(
    plain: Integers, changed: Sequence[Integers], labels: Integers, classes: int
) -> tuple[Estimate, Estimate, Estimate, Estimate]:
    """Accuracy above chance, and by class recall, recall above chance, and its change."""
    above = np.array([[beyond_chance(labels, run, classes) for run in now] for now in changed])
    before = np.stack([_recalls(labels, run, classes) for run in plain], axis=-1)
    # (interventions, classes, seeds)
    recall = np.stack(
        [np.stack([_recalls(labels, run, classes) for run in now], axis=-1) for now in changed]
    )
    given = np.stack([np.stack([shares(run, classes) for run in now], -1) for now in changed])
    permuted = [label_permutation(now, labels, classes) for now in changed]
    above_by_class = _against(recall - given, np.stack([each.by_class for each in permuted]))
    above_chance = _against(above, np.array([each.p for each in permuted]))
    return above_chance, _against(recall, least=0), above_by_class, _against(recall - before)


def _recalls(labels: Integers, predicted: Integers, classes: int) -> Floats:
    """(classes,), NaN for a class without an image."""
    figures = class_figures(confusion(labels, predicted, classes))
    return np.where(figures.support > 0, figures.recall, np.nan)


def _against(values: Floats, permuted: Floats | float = 0.0, least: float = -1) -> Estimate:
    """The mean of (..., seeds), tested against 0 and adjusted over all of "..." together.

    Values are shares or differences of two, from `least` to 1, and so are the intervals. Where
    there is a p value (...) of permuted labels, the larger one counts.
    """
    # Equal but for the last bits is equal: else a test would take rounding for a spread.
    values, nothing = values.round(DIGITS), np.full(values.shape[:-1], np.nan)
    if values.shape[-1] < 2:
        return Estimate(values.mean(axis=-1), nothing, nothing, nothing, LEVEL)
    mean = t_interval(values)
    low, high = (np.clip(end, least, 1) for end in (mean.low, mean.high))
    p = np.maximum(mean.p, permuted)
    return replace(mean, low=low, high=high, p=holm(p.ravel()).reshape(p.shape))


def _row(of: Estimate, n: int) -> Estimate:
    return Estimate(of.estimate[n], of.low[n], of.high[n], of.p[n], of.level)
