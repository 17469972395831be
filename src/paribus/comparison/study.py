"""A whole study compared: every variation with the baseline on every metric."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from paribus.comparison.asked import asked_of
from paribus.comparison.compare import Comparison, compare_metric
from paribus.comparison.failing import failing, worst_value
from paribus.comparison.judging import adjusted
from paribus.comparison.new_images import (
    OfImages,
    fewest_of_a_class,
    new_images_of,
    told_of_images,
    with_new_images,
)
from paribus.comparison.pairs import SettingPairs, setting_pairs
from paribus.comparison.sequential import SeedPath, seed_paths_of
from paribus.comparison.unpaired import compare_unpaired
from paribus.comparison.values import NOT_ANALYZED, Analyzed, Values
from paribus.comparison.values import values as study_values
from paribus.metrics.metric import Metric
from paribus.records.types import Record
from paribus.stats.anytime import same_width_level
from paribus.stats.crossed import Spread, split_spread
from paribus.stats.intervals import LEVEL
from paribus.stats.multiplicity import holm, nominal_level
from paribus.stats.proportions import TwoNetworks, compare_networks
from paribus.study.spec import Question


@dataclass(frozen=True)
class NetworkPair:
    """The two networks of a variation that has one seed only in common with the baseline.

    McNemar's test, adjusted by Holm over the pairs of the study, compares these two networks, not
    the two ways of training.
    """

    variation: str
    seed: int
    test: TwoNetworks
    p_adjusted: float


@dataclass(frozen=True)
class StudyComparison:
    """What a study's records say of its variations.

    Attributes:
        comparisons: variation by variation, each on all metrics; adjusted over the study.
        seed_paths: variation -> its path over the looks on the primary metric, if there are any.
        spreads: setting -> the spread of its test accuracy over two seeds or more, split by where
            it comes from.
        pairs: the variations that share just one finished seed with the baseline.
        setting_pairs: every setting against every other on the primary metric.
    """

    values: Values
    comparisons: tuple[Comparison, ...]
    seed_paths: Mapping[str, SeedPath]
    spreads: Mapping[str, Spread]
    pairs: tuple[NetworkPair, ...]
    setting_pairs: SettingPairs

    @property
    def anytime(self) -> bool:
        """Whether all tests hold however often results were looked at."""
        return self.values.anytime

    @property
    def primary(self) -> tuple[Comparison, ...]:
        """The comparisons on the primary metric, in the order of the variations."""
        return self.on(self.values.primary.name)

    def on(self, metric: str) -> tuple[Comparison, ...]:
        """The comparisons on one metric, in the order of the variations."""
        return tuple(c for c in self.comparisons if c.metric.name == metric)

    def of(self, variation: str) -> tuple[Comparison, ...]:
        """The comparisons of one variation, in the order of the metrics."""
        return tuple(c for c in self.comparisons if c.variation == variation)


def compare(
    study: Question,
    records: Sequence[Record],
    analyzed: Analyzed = NOT_ANALYZED,
    *,
    anytime: bool = False,
) -> StudyComparison:
    """Compare each variation of a study with its baseline, from the records of its runs.

    Metrics of `CAUSES` are compared as far as networks have been analyzed.
    All comparisons are over paired seeds, on the seeds that both have finished. With
    `seeds: {until: decided}` the primary metric is judged at the looks alone (`follow_looks`)
    and all other metrics on the seeds there are. How many these are depends on the values, so
    the p values and intervals of all metrics allow for the looks. `anytime`: results may have been
    looked at after any seed, to stop or to go on (`holds_anytime`), and all tests allow for it.

    Raises:
        ComparisonError: two runs were tested on other images.
    """
    values = replace(study_values(study, records, analyzed), anytime=anytime)
    looks = None if anytime else study.looks
    # What a record needn't hold is left out where no run has it.
    compared_on = [
        m
        for m in values.metrics.values()
        if m.compared
        and (
            m == values.primary
            or values.is_known(m.name)
            or (study.is_trained_here and _may_be_known(values, m))
        )
    ]
    before = values.settings[values.baseline]
    of_images = {m.name: told_of_images(before, m) for m in compared_on if m.each}
    seed_paths = seed_paths_of(study, records, anytime)
    compared = [
        _compare(study, values, name, metric, of_images.get(metric.name))
        for name in study.variations
        for metric in compared_on
    ]
    others = [c for c in compared if not (seed_paths and c.metric == values.primary)]
    judged = adjusted(others, looks)
    primary = of_images.get(values.primary.name)
    at_looks = [_at_look(values, name, at, compared, primary) for name, at in seed_paths.items()]
    failed = {name: values.failed_runs((values.baseline, name)) for name in study.variations}
    how_often = failing(values, study.variations, len(looks or [1]))
    by_name = {
        (c.variation, c.metric.name): replace(
            c, failed=failed[c.variation], failing=how_often.get(c.variation)
        )
        for c in (*judged, *at_looks)
    }
    return StudyComparison(
        values=values,
        comparisons=tuple(by_name[c.variation, c.metric.name] for c in compared),
        seed_paths=seed_paths,
        spreads=_spreads(values),
        pairs=_pairs(values, study.every_seed) if study.paired else (),
        setting_pairs=setting_pairs(values, study.looks),
    )


def _may_be_known(values: Values, metric: Metric) -> bool:
    """Whether runs to come may have a value: not of five classes' top five, say, once tested."""
    never = metric.each is not None and len(values.labels) > 0 and metric != values.primary
    return metric.from_record and not metric.member and not never


def _seeds(study: Question, values: Values, variation: str) -> int:
    """How many seeds to compare: all planned ones, or, with looks, those trained so far."""
    if not study.adds_seeds:
        return study.most_seeds
    return min(values.settings[name].trained for name in (values.baseline, variation))


def _compare(
    study: Question, values: Values, variation: str, metric: Metric, of_images: OfImages | None
) -> Comparison:
    seeds = _seeds(study, values, variation)
    baseline, ours = values.settings[values.baseline], values.settings[variation]
    before, after = (one.of(metric.name)[:seeds] for one in (baseline, ours))
    censored = None
    if metric.censored:
        censored = (baseline.censored[metric.name][:seeds], ours.censored[metric.name][:seeds])
    level = LEVEL if values.anytime or study.looks is None else 1 - nominal_level(study.looks)
    known = int((np.isfinite(before) & np.isfinite(after)).sum())
    wide = _level_of_images(level, known, values.anytime)
    failed = (baseline.failed[:seeds], ours.failed[:seeds])
    if not values.paired and not study.is_run_here:  # other settings' seeds aren't missing
        own = [one.recorded[:seeds] for one in (baseline, ours)]
        before, after = before[own[0]], after[own[1]]
        failed = (failed[0][own[0]], failed[1][own[1]])
    made = (compare_metric if values.paired else compare_unpaired)(
        variation,
        before,
        after,
        metric,
        censored=censored,
        level=level,
        anytime=values.anytime,
        failed=failed,
        worst=worst_value(metric, len(values.classes)),
        asked=asked_of(study, variation, metric),
    )
    return with_new_images(made, new_images_of(values, ours, metric, seeds, of_images, wide))


def _level_of_images(level: float, seeds: int, anytime: bool) -> float:
    """That of the interval for new images: as much wider as the anytime one is; 1 if unbounded."""
    return same_width_level(seeds) if anytime and seeds > 1 else level


def _at_look(
    values: Values,
    variation: str,
    seed_path: SeedPath,
    compared: Iterable[Comparison],
    of_images: OfImages | None,
) -> Comparison:
    """The primary comparison as the last look saw it, or without a verdict before the first."""
    if not seed_path.path:
        seen = next(c for c in compared if (c.variation, c.metric) == (variation, values.primary))
        return Comparison(
            variation,
            seen.metric,
            seen.n_seeds,
            seen.missing,
            seen.estimate,
            differing=seen.differing,
            constant=seen.constant,
            censored=seen.censored,
            first_look=seed_path.next_look,
        )
    last = seed_path.path[-1]
    seeds = last.n_seeds + last.missing
    ours = values.settings[variation]
    level = _level_of_images(last.level, last.n_seeds, last.anytime)
    new_images = new_images_of(values, ours, last.metric, seeds, of_images, level)
    return with_new_images(last, new_images)


def _spreads(values: Values) -> dict[str, Spread]:
    if fewest_of_a_class(values.labels) < 2:
        return {}
    return {
        name: split_spread(one.correct[one.tested], values.labels)
        for name, one in values.settings.items()
        if one.tested.sum() >= 2
    }


def _pairs(values: Values, seeds: Sequence[int]) -> tuple[NetworkPair, ...]:
    baseline = values.settings[values.baseline]
    tests = []
    for name, ours in values.settings.items():
        common = np.flatnonzero(baseline.tested & ours.tested)
        if name != values.baseline and len(common) == 1:
            at = int(common[0])
            test = compare_networks(baseline.correct[at], ours.correct[at])
            tests.append((name, seeds[at], test))
    p = holm([test.p for _, _, test in tests]).tolist()
    return tuple(NetworkPair(*test, p_adjusted) for test, p_adjusted in zip(tests, p, strict=True))
