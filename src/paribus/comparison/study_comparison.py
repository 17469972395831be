"""A whole study compared: every variation with the baseline on every measure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from paribus.comparison.compare import Comparison, adjusted, compare_measure
from paribus.comparison.crossed import CrossedInterval, Spread, crossed_interval, split_spread
from paribus.comparison.mcnemar import TwoNetworks, compare_networks
from paribus.comparison.measure import CAUSES, MEASURES, Measure, recall_of
from paribus.comparison.multiplicity import holm
from paribus.comparison.seeds import courses_of
from paribus.comparison.until_decided import Course
from paribus.comparison.values import (
    CENSORED,
    NOT_ANALYSED,
    Analysed,
    SettingValues,
    Values,
    values,
)
from paribus.records import Integers, Record
from paribus.study.spec import Study

PRIMARY = "test_accuracy"

#: By name.
Measures = Mapping[str, Measure]


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
        values: every measure of every run.
        measures: name -> measure, with the study's margin; the recalls of all classes last.
        comparisons: variation by variation, each on all `measures`; adjusted over the study.
        courses: variation -> its path over the looks on the primary measure; empty where the
            study has no looks.
        spreads: setting -> the spread of its test accuracy over seeds, split by where it comes
            from; settings with two finished runs or more.
        pairs: the variations that share just one finished seed with the baseline.
    """

    values: Values
    measures: Measures
    comparisons: tuple[Comparison, ...]
    courses: Mapping[str, Course]
    spreads: Mapping[str, Spread]
    pairs: tuple[NetworkPair, ...]

    def on(self, measure: str) -> tuple[Comparison, ...]:
        """The comparisons on one measure, in the order of the variations."""
        return tuple(c for c in self.comparisons if c.measure.name == measure)

    def of(self, variation: str) -> tuple[Comparison, ...]:
        """The comparisons of one variation, in the order of `measures`."""
        return tuple(c for c in self.comparisons if c.variation == variation)


def compare(
    study: Study, records: Sequence[Record], analysed: Analysed = NOT_ANALYSED
) -> StudyComparison:
    """Compare each variation of a study with its baseline, from the records of its runs.

    Measures of `CAUSES` are compared as far as networks have been analysed.
    All comparisons are over paired seeds, on the seeds that both have finished. With
    `seeds: {until: decided}` the primary measure is judged at the looks alone (`follow_looks`)
    and all other measures on the seeds there are.

    Raises:
        ComparisonError: two runs were tested on other pictures.
    """
    found = values(study, records, analysed)
    measures = study_measures(study, found.classes)
    compared_on = [m for m in measures.values() if m.name not in CAUSES or _is_known(found, m)]
    courses = {} if isinstance(study.seeds, int) else courses_of(study, study.seeds, records)
    compared = [
        _compare(found, name, measure, _seeds(study, found, name))
        for name in study.variations
        for measure in compared_on
    ]
    judged = adjusted([c for c in compared if not (courses and c.measure.name == PRIMARY)])
    at_looks = [_at_look(found, name, course, compared) for name, course in courses.items()]
    return StudyComparison(
        values=found,
        measures=measures,
        comparisons=_in_order(compared, [*judged, *at_looks]),
        courses=courses,
        spreads=_spreads(found),
        pairs=_pairs(found),
    )


def study_measures(study: Study, classes: Sequence[str]) -> dict[str, Measure]:
    """All measures of a study by name; its margin is that of test accuracy."""
    own = {
        PRIMARY: replace(MEASURES[PRIMARY], margin=study.margin),
        "train_seconds": replace(MEASURES["train_seconds"], label="training time (processor)"),
    }
    recalls = {measure.name: measure for measure in map(recall_of, classes)}
    return {**MEASURES, **own, **CAUSES, **recalls}


def _is_known(found: Values, measure: Measure) -> bool:
    """Whether any run has a value of it: networks need not have been analysed."""
    return any(np.isfinite(its.measures[measure.name]).any() for its in found.settings.values())


def _seeds(study: Study, found: Values, variation: str) -> int:
    """How many seeds to compare: all planned ones, or, with looks, those trained so far."""
    if isinstance(study.seeds, int):
        return study.seeds
    return min(found.settings[name].trained for name in (found.baseline, variation))


def _compare(found: Values, variation: str, measure: Measure, seeds: int) -> Comparison:
    baseline, ours = found.settings[found.baseline], found.settings[variation]
    first = slice(seeds)
    comparison = compare_measure(
        variation,
        baseline.measures[measure.name][first],
        ours.measures[measure.name][first],
        measure,
        censored=(
            (baseline.censored[measure.name][first], ours.censored[measure.name][first])
            if measure.name in CENSORED
            else None
        ),
        new_pictures=_new_pictures(found, ours, measure, seeds),
    )
    rule = found.rule(measure.name)
    return replace(comparison, data_notes=(*comparison.data_notes, rule)) if rule else comparison


def _new_pictures(
    found: Values, ours: SettingValues, measure: Measure, seeds: int, level: float = 0.95
) -> CrossedInterval | None:
    """The interval for new seeds and new pictures, for the accuracy of all or of one class.

    None for other measures, and below two seeds or two pictures (of each class).
    """
    classes: Integers | None
    if measure.name == PRIMARY:
        shown, classes = np.ones(len(found.labels), bool), found.labels
    elif measure.family == "recall":
        shown = found.labels == found.classes.index(measure.name.removeprefix("recall:"))
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
    """The pictures of the class that has the fewest; 0 of none."""
    return int(np.unique(labels, return_counts=True)[1].min(initial=len(labels)))


# ---- seeds until decided ------------------------------------------------------------------------


def _at_look(
    found: Values, variation: str, course: Course, compared: Iterable[Comparison]
) -> Comparison:
    """The primary comparison as the last look saw it, or without a verdict before the first."""
    if not course.path:
        seen = next(c for c in compared if (c.variation, c.measure.name) == (variation, PRIMARY))
        note = f"The first look is at {course.next_look} seeds; until then nothing is tested."
        return Comparison(
            variation,
            seen.measure,
            seen.n_seeds,
            seen.missing,
            seen.estimate,
            data_notes=(*seen.data_notes, note),
        )
    last = course.path[-1]
    seeds = last.n_seeds + last.missing
    new_pictures = _new_pictures(found, found.settings[variation], last.measure, seeds, last.level)
    return replace(last, new_pictures=new_pictures)


def _in_order(wanted: Iterable[Comparison], judged: Iterable[Comparison]) -> tuple[Comparison, ...]:
    at = {(c.variation, c.measure.name): c for c in judged}
    return tuple(at[c.variation, c.measure.name] for c in wanted)


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
