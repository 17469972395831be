"""A whole study compared: every variation with the baseline on every metric."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt

from paribus.comparison.compare import Comparison, adjusted, compare_metric
from paribus.comparison.pairs import SettingPairs, setting_pairs
from paribus.comparison.sequential import SeedPath, seed_paths_of
from paribus.comparison.unpaired import compare_unpaired
from paribus.comparison.values import NOT_ANALYZED, Analyzed, SettingValues, Values
from paribus.comparison.values import values as study_values
from paribus.errors import ComparisonError
from paribus.metrics.metric import Metric
from paribus.records.types import Integers, Record
from paribus.stats.anytime import same_width_level
from paribus.stats.crossed import (
    CrossedInterval,
    Spread,
    crossed_difference,
    crossed_interval,
    split_spread,
)
from paribus.stats.intervals import ALPHA, LEVEL, Floats
from paribus.stats.multiplicity import holm
from paribus.stats.paired import is_constant, mean_test
from paribus.stats.proportions import TwoNetworks, compare_networks
from paribus.study.spec import Study

Counts = npt.NDArray[np.integer] | npt.NDArray[np.floating]


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
class ConfusionDifference:
    """A variation's confusion matrix minus the baseline's. All arrays are (classes, classes).

    The mean over the seeds is of counts of images; p is adjusted by Holm over all cells, NaN below
    two seeds. Constant is what is the same in all seeds, so that nothing tells its spread; most
    often it is 0 because the cell is empty in every run.
    """

    n_seeds: int
    mean: Floats
    p_adjusted: Floats
    constant: npt.NDArray[np.bool_]

    @property
    def survives(self) -> npt.NDArray[np.bool_]:
        """The cells that are shown to differ, among all cells tested together."""
        return np.nan_to_num(self.p_adjusted, nan=1.0) <= ALPHA


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
    study: Study,
    records: Sequence[Record],
    analyzed: Analyzed = NOT_ANALYZED,
    *,
    anytime: bool = False,
) -> StudyComparison:
    """Compare each variation of a study with its baseline, from the records of its runs.

    Metrics of `CAUSES` are compared as far as networks have been analyzed.
    All comparisons are over paired seeds, on the seeds that both have finished. With
    `seeds: {until: decided}` the primary metric is judged at the looks alone (`follow_looks`)
    and all other metrics on the seeds there are. `anytime`: results may have been looked at after
    any seed, to stop or to go on (`holds_anytime`), and all tests allow for it.

    Raises:
        ComparisonError: two runs were tested on other images.
    """
    values = replace(study_values(study, records, analyzed), anytime=anytime)
    # What a record needn't hold is left out where no run has it.
    compared_on = [
        m
        for m in values.metrics.values()
        if m.compared and (values.is_known(m.name) or (m.from_record and not m.member))
    ]
    seed_paths = seed_paths_of(study, records, anytime)
    compare_one = partial(_compare, values, paired=study.paired, anytime=anytime)
    compared = [
        compare_one(name, metric, _seeds(study, values, name))
        for name in study.variations
        for metric in compared_on
    ]
    judged = adjusted([c for c in compared if not (seed_paths and c.metric == values.primary)])
    at_looks = [_at_look(values, name, path, compared) for name, path in seed_paths.items()]
    failed = {name: values.failed_runs((values.baseline, name)) for name in study.variations}
    by_name = {
        (c.variation, c.metric.name): replace(c, failed=failed[c.variation])
        for c in (*judged, *at_looks)
    }
    return StudyComparison(
        values=values,
        comparisons=tuple(by_name[c.variation, c.metric.name] for c in compared),
        seed_paths=seed_paths,
        spreads=_spreads(values),
        pairs=_pairs(values) if study.paired else (),
        setting_pairs=setting_pairs(values, study.looks),
    )


def _seeds(study: Study, values: Values, variation: str) -> int:
    """How many seeds to compare: all planned ones, or, with looks, those trained so far."""
    if isinstance(study.seeds, int):
        return study.seeds
    return min(values.settings[name].trained for name in (values.baseline, variation))


def _compare(
    values: Values, variation: str, metric: Metric, seeds: int, *, paired: bool, anytime: bool
) -> Comparison:
    baseline, ours = values.settings[values.baseline], values.settings[variation]
    before, after = (one.of(metric.name)[:seeds] for one in (baseline, ours))
    censored = None
    if metric.censored:
        censored = (baseline.censored[metric.name][:seeds], ours.censored[metric.name][:seeds])
    known = int((np.isfinite(before) & np.isfinite(after)).sum())
    level = same_width_level(known) if anytime and known > 1 else LEVEL
    new_images = _new_images(values, ours, metric, seeds, level, paired=paired)
    return (compare_metric if paired else compare_unpaired)(
        variation,
        before,
        after,
        metric,
        censored=censored,
        new_images=new_images,
        anytime=anytime,
    )


def _new_images(
    values: Values,
    ours: SettingValues,
    metric: Metric,
    seeds: int,
    level: float = LEVEL,
    *,
    paired: bool = True,
) -> CrossedInterval | None:
    """The interval for new seeds and new images, for the accuracy of all or of one class.

    None for other metrics, below two seeds or two images (of each class), and where `level` is 1:
    so few seeds bound nothing if one may stop at any.
    """
    if level >= 1:
        return None
    if not metric.images or not len(values.labels):
        return None
    classes: Integers | None
    if metric.images == "all":
        shown, classes = np.ones(len(values.labels), bool), values.labels
    else:
        shown, classes = values.labels == values.classes.index(metric.member), None
    baseline = values.settings[values.baseline]
    if _fewest(values.labels[shown]) < 2:
        return None
    if not paired:
        before, after = (
            one.correct[:seeds][one.tested[:seeds]][:, shown] for one in (baseline, ours)
        )
        enough = min(len(before), len(after)) > 1
        return crossed_difference(before, after, classes, level) if enough else None
    both = (baseline.tested & ours.tested)[:seeds]
    if both.sum() < 2:
        return None
    after, before = (one.correct[:seeds][both][:, shown] for one in (ours, baseline))
    return crossed_interval(after - before.astype(np.int8), classes, level)


def _fewest(labels: Integers) -> int:
    """The images of the class that has the fewest; 0 of none."""
    return int(np.unique(labels, return_counts=True)[1].min(initial=len(labels)))


def _at_look(
    values: Values, variation: str, seed_path: SeedPath, compared: Iterable[Comparison]
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
    level = same_width_level(last.n_seeds) if last.anytime and last.n_seeds > 1 else last.level
    ours = values.settings[variation]
    new_images = _new_images(values, ours, last.metric, seeds, level, paired=last.paired)
    return replace(last, new_images=new_images)


def _spreads(values: Values) -> dict[str, Spread]:
    if _fewest(values.labels) < 2:
        return {}
    return {
        name: split_spread(one.correct[one.tested], values.labels)
        for name, one in values.settings.items()
        if one.tested.sum() >= 2
    }


def _pairs(values: Values) -> tuple[NetworkPair, ...]:
    baseline = values.settings[values.baseline]
    tests = []
    for name, ours in values.settings.items():
        common = np.flatnonzero(baseline.tested & ours.tested)
        if name != values.baseline and len(common) == 1:
            seed = int(common[0])
            tests.append((name, seed, compare_networks(baseline.correct[seed], ours.correct[seed])))
    p = holm([test.p for _, _, test in tests]).tolist()
    return tuple(NetworkPair(*test, p_adjusted) for test, p_adjusted in zip(tests, p, strict=True))


def compare_confusions(baseline: Counts, variation: Counts) -> ConfusionDifference:
    """Test every cell of two settings' confusion matrices on paired seeds.

    Each cell is tested by the paired t test, or, where all differences are the same, by the
    sign-flip test (`mean_test`). The cells of a matrix hang together, for an image that leaves
    one enters another; Holm's adjustment over all of them holds however they do.

    Counts are (n, classes, classes), rows true, columns predicted, the same seeds in the same
    order; ComparisonError if the shapes don't pair.
    """
    before, after = np.asarray(baseline, float), np.asarray(variation, float)
    if before.shape != after.shape or before.ndim != 3 or before.shape[1] != before.shape[2]:
        raise ComparisonError(
            "expected two stacks of confusion matrices (seeds, classes, classes) of the same seeds "
            f"and classes, got shapes {before.shape} and {after.shape}"
        )
    n, classes = before.shape[:2]
    d = (after - before).reshape(n, -1).T
    if n < 2:
        mean, p, constant = d.sum(axis=1), np.full(len(d), np.nan), np.zeros(len(d), bool)
    else:
        p, differs = np.ones(len(d)), d.any(axis=1)  # most cells of many classes are 0 throughout
        p[differs] = mean_test(d[differs])
        mean, p, constant = d.mean(axis=1), holm(p), is_constant(d)
    shape = (classes, classes)
    return ConfusionDifference(n, mean.reshape(shape), p.reshape(shape), constant.reshape(shape))
