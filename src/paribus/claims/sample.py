"""The values over seeds that a claim about a number is tested on."""

import numpy as np

from paribus.comparison.values import Flags, Values
from paribus.metrics.metric import Metric
from paribus.stats.paired import complete_pairs, differences, log_ratios
from paribus.stats.sample import Sample


def value_sample(values: Values, setting: str, metric: Metric) -> Sample:
    """The values of one setting, whose center is the mean whatever the metric."""
    column = values.settings[setting].of(metric.name)
    known = np.isfinite(column)
    return Sample(column[known], may_be_larger=_censored(values, setting, metric, known))


def difference_sample(values: Values, setting: str, against: str, metric: Metric) -> Sample:
    """One setting's values minus another's over paired seeds, as a comparison takes them."""
    ours, theirs = (values.settings[name].of(metric.name) for name in (setting, against))
    pairs = complete_pairs(theirs, ours)
    paired = log_ratios if metric.compare == "ratio" else differences
    return Sample(
        paired(pairs.baseline, pairs.variation),
        ranks=metric.compare == "ranks",
        may_be_larger=_censored(values, setting, metric, pairs.known),
        may_be_smaller=_censored(values, against, metric, pairs.known),
    )


def _censored(values: Values, setting: str, metric: Metric, known: Flags) -> int:
    flags = values.settings[setting].censored.get(metric.name)
    return 0 if flags is None else int(flags[known].sum())
