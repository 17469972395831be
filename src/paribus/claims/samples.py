"""What claims are tested on: the values of a setting, or its differences from another."""

import numpy as np

from paribus.comparison.compare import paired_differences
from paribus.comparison.failing import failed_differences, worst_value
from paribus.comparison.new_images import new_images_of_setting
from paribus.comparison.unpaired import scaled
from paribus.comparison.values import Flags, SettingValues, Values
from paribus.metrics.metric import Metric
from paribus.stats.paired import complete_pairs
from paribus.stats.sample import Sample
from paribus.stats.unpaired_sample import UnpairedSample


def value_sample(values: Values, setting: str, metric: Metric) -> Sample:
    """The values of one setting, whose center is the mean whatever the metric."""
    column = values.settings[setting].of(metric.name)
    known = np.isfinite(column)
    return Sample(
        column[known],
        new_images=new_images_of_setting(values, setting, metric) if metric.beyond_chance else None,
        may_be_larger=_censored(values.settings[setting], metric, known),
        anytime=values.anytime,
    )


def difference_sample(values: Values, setting: str, against: str, metric: Metric) -> Sample:
    """One setting's values minus another's, as a comparison takes them.

    Failed runs come along at their worst.
    """
    ours, theirs = values.settings[setting], values.settings[against]
    if not values.paired and not values.anytime:
        return _groups(ours, theirs, metric)
    pairs = complete_pairs(theirs.of(metric.name), ours.of(metric.name))
    return Sample(
        paired_differences(metric.compare, pairs),
        ranks=metric.compare == "ranks",
        may_be_larger=_censored(ours, metric, pairs.known),
        may_be_smaller=_censored(theirs, metric, pairs.known),
        failed=failed_differences(
            theirs.of(metric.name),
            ours.of(metric.name),
            (theirs.failed, ours.failed),
            metric,
            worst_value(metric, len(values.classes)),
        ),
        anytime=values.anytime,
    )


def _groups(ours: SettingValues, theirs: SettingValues, metric: Metric) -> UnpairedSample:
    """The runs of two settings whose seeds don't correspond."""
    v, b = (of.of(metric.name) for of in (ours, theirs))
    known = np.isfinite(v), np.isfinite(b)
    return UnpairedSample(
        np.zeros(0),
        ranks=metric.compare == "ranks",
        may_be_larger=_censored(ours, metric, known[0]),
        may_be_smaller=_censored(theirs, metric, known[1]),
        b=scaled(b[known[1]], metric),
        v=scaled(v[known[0]], metric),
    )


def _censored(of_setting: SettingValues, metric: Metric, known: Flags) -> int:
    flags = of_setting.censored.get(metric.name)
    return 0 if flags is None else int(flags[known].sum())
