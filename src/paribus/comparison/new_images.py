"""Intervals for new seeds and new images, of metrics that are means over the test images."""

import math
from dataclasses import dataclass, replace

import numpy as np

from paribus.comparison.comparison import Comparison
from paribus.comparison.values import Flags, SettingValues, Values
from paribus.metrics.classification import Figures
from paribus.metrics.metric import Metric
from paribus.records.types import Integers
from paribus.stats.anytime import same_width_p
from paribus.stats.crossed import CrossedInterval, Table, crossed_difference, crossed_interval
from paribus.stats.groups import grouped_interval
from paribus.stats.intervals import LEVEL
from paribus.stats.paired import complete_pairs, differences
from paribus.stats.resampled import resampled_interval


@dataclass(frozen=True, eq=False)
class OfImages:
    """What each test image adds to a metric, the mean over them.

    `known` (n,) says which runs tell, `values` (runs that tell, images) what they tell.
    """

    known: Flags
    values: Figures


def with_new_images(c: Comparison, new: CrossedInterval | None) -> Comparison:
    """The comparison with its interval for new seeds and new images, at least as wide as its own.

    A statement about more images can't be surer. But two intervals worked out in two ways may say
    so: by chance, or since the second variance has more degrees of freedom. So the one for new
    images holds every mean that either test leaves open: from the lower of both lower ends to the
    upper of both upper ones; and p is the larger of both, which is at most 1 - level where that
    interval excludes 0. Without an interval for these images, as where all differences are the
    same, there is none for new ones.
    """
    if new is None or c.p is None or math.isnan(new.error):
        return replace(c, new_images=new)
    p = max(same_width_p(c.n_seeds, new.p) if c.anytime else new.p, c.p)
    if c.low is None or c.high is None:
        return replace(c, new_images=replace(new, low=math.nan, high=math.nan, p=p))
    # Where both are the same but for rounding, nothing was widened.
    slack = 1e-9 * (c.high - c.low)
    widened = c.low < new.low - slack or c.high > new.high + slack
    low, high = min(c.low, new.low), max(c.high, new.high)
    return replace(c, new_images=replace(new, low=low, high=high, p=p, widened=widened))


def told_of_images(setting: SettingValues, metric: Metric) -> OfImages:
    """What each test image adds to a metric that has `Metric.each`, in a setting's runs."""
    assert metric.each is not None, "asked only of means over images"
    known = np.isfinite(setting.of(metric.name))
    runs = [run for run, is_known in zip(setting.runs, known, strict=True) if run and is_known]
    return OfImages(known, np.array([metric.each(run) for run in runs]))


def new_images_of_setting(values: Values, setting: str, metric: Metric) -> CrossedInterval | None:
    """A setting's mean of a metric that has `Metric.each`, for new seeds and new images.

    None below two seeds or two images of each class, or where nothing varies.
    """
    told = told_of_images(values.settings[setting], metric)
    if len(told.values) < 2 or fewest_of_a_class(values.labels) < 2:
        return None
    found = over_images(told.values, values.labels, values.groups, most=math.inf)
    return found if found is not None and math.isfinite(found.error) else None


def new_images_of(
    values: Values,
    ours: SettingValues,
    metric: Metric,
    seeds: int,
    of_images: OfImages | None,
    level: float = LEVEL,
) -> CrossedInterval | None:
    """The interval for new seeds and new images, for means over all images or those of one class.

    None for other metrics, below two seeds or two images (of each class), and where `level` is 1:
    so few seeds bound nothing if one may stop at any. `of_images` are the baseline's, of a metric
    that is a mean of numbers.
    """
    if level >= 1:
        return None
    if not values.paired:
        return _of_groups(values, ours, metric, seeds, level)
    if values.resampled is not None:
        return _of_splits(values, ours, metric, seeds, level)
    if of_images is not None:
        return _of_means(values, of_images, ours, metric, seeds, level)
    if not metric.images or not len(values.labels):
        return None
    classes: Integers | None
    if metric.images == "all":
        shown, classes = np.ones(len(values.labels), bool), values.labels
    else:
        shown, classes = values.labels == values.classes.index(metric.member), None
    baseline = values.settings[values.baseline]
    both = (baseline.tested & ours.tested)[:seeds]
    if both.sum() < 2 or fewest_of_a_class(values.labels[shown]) < 2:
        return None
    after, before = (one.correct[:seeds][both][:, shown] for one in (ours, baseline))
    groups = None if values.groups is None else values.groups[shown]
    return over_images(after - before.astype(np.int8), classes, groups, level)


def _of_means(
    values: Values,
    before: OfImages,
    ours: SettingValues,
    metric: Metric,
    seeds: int,
    level: float,
) -> CrossedInterval | None:
    """The same of a metric that is a mean of numbers of the test images."""
    after = told_of_images(ours, metric)
    both = before.known & after.known
    both[seeds:] = False
    if both.sum() < 2 or fewest_of_a_class(values.labels) < 2:
        return None
    difference = after.values[both[after.known]] - before.values[both[before.known]]
    most = metric.largest_difference
    return over_images(difference, values.labels, values.groups, level, most)


def _of_splits(
    values: Values, ours: SettingValues, metric: Metric, seeds: int, level: float
) -> CrossedInterval | None:
    """The same where each seed splits the images anew, of every mean over the test images."""
    before, after = (one.of(metric.name) for one in (values.settings[values.baseline], ours))
    pairs = complete_pairs(before[:seeds], after[:seeds])
    mean_over_images = metric.images or metric.each is not None
    if values.resampled is None or not mean_over_images or len(pairs.baseline) < 2:
        return None
    d = differences(pairs.baseline, pairs.variation)
    return resampled_interval(d, values.resampled, level, metric.largest_difference)


def _of_groups(
    values: Values, ours: SettingValues, metric: Metric, seeds: int, level: float
) -> CrossedInterval | None:
    """The same where seeds don't correspond, for accuracy and recall of images without groups."""
    if not metric.images or not len(values.labels) or values.groups is not None:
        return None
    everything = metric.images == "all"
    shown = values.labels == (-1 if everything else values.classes.index(metric.member))
    shown |= everything
    tables = [
        one.correct[:seeds][one.tested[:seeds]][:, shown]
        for one in (values.settings[values.baseline], ours)
    ]
    if min(map(len, tables)) < 2 or fewest_of_a_class(values.labels[shown]) < 2:
        return None
    classes = values.labels if everything else None
    return crossed_difference(tables[0], tables[1], classes, level)


def over_images(
    table: Table,
    classes: Integers | None,
    groups: Integers | None,
    level: float = LEVEL,
    most: float = 1.0,
) -> CrossedInterval | None:
    """The interval for new seeds and new images, or new groups of them where there are groups.

    None where all images are of one group. Arguments as `crossed_interval` has them.
    """
    if groups is None:
        return crossed_interval(table, classes, level, most)
    return grouped_interval(table, groups, level, most) if np.ptp(groups) else None


def fewest_of_a_class(labels: Integers) -> int:
    """The images of the class that has the fewest; 0 of none."""
    return int(np.unique(labels, return_counts=True)[1].min(initial=len(labels)))
