"""A whole study compared: every variation with the baseline on every metric."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from paribus.comparison.compare import Comparison, adjusted, compare_metric
from paribus.comparison.seeds import seed_paths_of
from paribus.comparison.sequential import SeedPath
from paribus.comparison.values import (
    CENSORED,
    NOT_ANALYSED,
    Analyzed,
    SettingValues,
    Values,
    values,
)
from paribus.metrics.registry import CAUSES, METRICS, Metric, recall_of
from paribus.records.types import Integers, Record
from paribus.stats.crossed import CrossedInterval, Spread, crossed_interval, split_spread
from paribus.stats.multiplicity import holm
from paribus.stats.proportions import TwoNetworks, compare_networks
from paribus.study.spec import Study

PRIMARY = "test_accuracy"

#: By name.
Metrics = Mapping[str, Metric]


@dataclass(frozen=True)
class NetworkPair:
    """The two networks of a variation that has one seed only in common with the baseline.

    Attributes:
        seed: the one that both were trained from.
        test: McNemar's; it compares these two networks, not the two ways of training.
        p_adjusted: its p, adjusted by Holm over the pairs of the study.
    """

    variation: str
    seed: int
    test: TwoNetworks
    p_adjusted: float


@dataclass(frozen=True)
class StudyComparison:
    """What a study's records say of its variations.

    Attributes:
        values: every metric of every run.
        metrics: name -> metric, with the study's margin; the recalls of all classes last.
        comparisons: variation by variation, each on all `metrics`; adjusted over the study.
        courses: variation -> its path over the looks on the primary metric; empty where the
            study has no looks.
        spreads: setting -> the spread of its test accuracy over seeds, split by where it comes
            from; settings with two finished runs or more.
        pairs: the variations that share just one finished seed with the baseline.
    """

    values: Values
    metrics: Metrics
    comparisons: tuple[Comparison, ...]
    seed_paths: Mapping[str, SeedPath]
    spreads: Mapping[str, Spread]
    pairs: tuple[NetworkPair, ...]

    def on(self, metric: str) -> tuple[Comparison, ...]:
        """The comparisons on one metric, in the order of the variations."""
        return tuple(c for c in self.comparisons if c.metric.name == metric)

    def of(self, variation: str) -> tuple[Comparison, ...]:
        """The comparisons of one variation, in the order of `metrics`."""
        return tuple(c for c in self.comparisons if c.variation == variation)


def compare(
    study: Study, records: Sequence[Record], analyzed: Analyzed = NOT_ANALYSED
) -> StudyComparison:
    """Compare each variation of a study with its baseline, from the records of its runs.

    Metrics of `CAUSES` are compared as far as networks have been analyzed.
    All comparisons are over paired seeds, on the seeds that both have finished. With
    `seeds: {until: decided}` the primary metric is judged at the looks alone (`follow_looks`)
    and all other metrics on the seeds there are.

    Raises:
        ComparisonError: two runs were tested on other images.
    """
    found = values(study, records, analyzed)
    metrics = study_metrics(study, found.classes)
    compared_on = [m for m in metrics.values() if m.name not in CAUSES or _is_known(found, m)]
    seed_paths = {} if isinstance(study.seeds, int) else seed_paths_of(study, study.seeds, records)
    compared = [
        _compare(found, name, metric, _seeds(study, found, name))
        for name in study.variations
        for metric in compared_on
    ]
    judged = adjusted([c for c in compared if not (seed_paths and c.metric.name == PRIMARY)])
    at_looks = [
        _at_look(found, name, seed_path, compared) for name, seed_path in seed_paths.items()
    ]
    return StudyComparison(
        values=found,
        metrics=metrics,
        comparisons=_in_order(compared, [*judged, *at_looks]),
        seed_paths=seed_paths,
        spreads=_spreads(found),
        pairs=_pairs(found),
    )


def study_metrics(study: Study, classes: Sequence[str]) -> dict[str, Metric]:
    """All metrics of a study by name; its margin is that of test accuracy."""
    own = {
        PRIMARY: replace(METRICS[PRIMARY], margin=study.margin),
        "train_seconds": replace(METRICS["train_seconds"], label="training time (processor)"),
    }
    recalls = {metric.name: metric for metric in map(recall_of, classes)}
    return {**METRICS, **own, **CAUSES, **recalls}


def _is_known(found: Values, metric: Metric) -> bool:
    """Whether any run has a value of it: networks need not have been analyzed."""
    return any(np.isfinite(its.metrics[metric.name]).any() for its in found.settings.values())


def _seeds(study: Study, found: Values, variation: str) -> int:
    """How many seeds to compare: all planned ones, or, with looks, those trained so far."""
    if isinstance(study.seeds, int):
        return study.seeds
    return min(found.settings[name].trained for name in (found.baseline, variation))


def _compare(found: Values, variation: str, metric: Metric, seeds: int) -> Comparison:
    baseline, ours = found.settings[found.baseline], found.settings[variation]
    first = slice(seeds)
    comparison = compare_metric(
        variation,
        baseline.metrics[metric.name][first],
        ours.metrics[metric.name][first],
        metric,
        censored=(
            (baseline.censored[metric.name][first], ours.censored[metric.name][first])
            if metric.name in CENSORED
            else None
        ),
        new_images=_new_images(found, ours, metric, seeds),
    )
    rule = found.rule(metric.name)
    return replace(comparison, data_notes=(*comparison.data_notes, rule)) if rule else comparison


def _new_images(
    found: Values, ours: SettingValues, metric: Metric, seeds: int, level: float = 0.95
) -> CrossedInterval | None:
    """The interval for new seeds and new images, for the accuracy of all or of one class.

    None for other metrics, and below two seeds or two images (of each class).
    """
    classes: Integers | None
    if metric.name == PRIMARY:
        shown, classes = np.ones(len(found.labels), bool), found.labels
    elif metric.family == "recall":
        shown = found.labels == found.classes.index(metric.name.removeprefix("recall:"))
        classes = None
    else:
        return None
    baseline = found.settings[found.baseline]
    both = (baseline.finished & ours.finished)[:seeds]
    if both.sum() < 2 or _fewest(found.labels[shown]) < 2:
        return None
    right, right_before = (
        its.correct[:seeds][both][:, shown].astype(np.int8) for its in (ours, baseline)
    )
    return crossed_interval(right - right_before, classes, level)


def _fewest(labels: Integers) -> int:
    """The images of the class that has the fewest; 0 of none."""
    return int(np.unique(labels, return_counts=True)[1].min(initial=len(labels)))


# ---- seeds until decided ------------------------------------------------------------------------


def _at_look(
    found: Values, variation: str, seed_path: SeedPath, compared: Iterable[Comparison]
) -> Comparison:
    """The primary comparison as the last look saw it, or without a verdict before the first."""
    if not seed_path.path:
        seen = next(c for c in compared if (c.variation, c.metric.name) == (variation, PRIMARY))
        note = f"The first look is at {seed_path.next_look} seeds; until then nothing is tested."
        return Comparison(
            variation,
            seen.metric,
            seen.n_seeds,
            seen.missing,
            seen.estimate,
            data_notes=(*seen.data_notes, note),
        )
    last = seed_path.path[-1]
    seeds = last.n_seeds + last.missing
    new_images = _new_images(found, found.settings[variation], last.metric, seeds, last.level)
    return replace(last, new_images=new_images)


def _in_order(wanted: Iterable[Comparison], judged: Iterable[Comparison]) -> tuple[Comparison, ...]:
    at = {(c.variation, c.metric.name): c for c in judged}
    return tuple(at[c.variation, c.metric.name] for c in wanted)


# ---- spread, and single networks ----------------------------------------------------------------


def _spreads(found: Values) -> dict[str, Spread]:
    if _fewest(found.labels) < 2:
        return {}
    return {
        name: split_spread(its.correct[its.finished], found.labels)
        for name, its in found.settings.items()
        if its.finished.sum() >= 2
    }


def _pairs(found: Values) -> tuple[NetworkPair, ...]:
    baseline = found.settings[found.baseline]
    tests = []
    for name, its in found.settings.items():
        common = np.flatnonzero(baseline.finished & its.finished)
        if name != found.baseline and len(common) == 1:
            seed = int(common[0])
            tests.append((name, seed, compare_networks(baseline.correct[seed], its.correct[seed])))
    p = holm([test.p for _, _, test in tests]).tolist()
    return tuple(NetworkPair(*test, own) for test, own in zip(tests, p, strict=True))
