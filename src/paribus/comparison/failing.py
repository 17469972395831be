"""Failed runs as an outcome: how often each setting fails, and what that does to a difference.

Leaving failed runs out would compare the lucky seeds: a variation that diverges in one of ten seeds
and gains a point in the others would look better, though its mean is lower.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from paribus.comparison.values import Flags, Values
from paribus.metrics.metric import Metric
from paribus.stats.intervals import Floats
from paribus.stats.multiplicity import holm
from paribus.stats.proportions import fisher_p, mcnemar_p, share


@dataclass(frozen=True)
class Failing:
    """How the runs of the seeds ended that both settings have trained.

    Attributes:
        n: such seeds; where seeds don't correspond, the runs of the two settings together.
        only_baseline, only_variation, both: in how many of them these runs failed.
        p, p_adjusted: McNemar's exact p of "both settings fail equally often" (Fisher's, where
            seeds don't correspond); adjusted over the variations, and for the looks if there are
            any.
    """

    n: int
    only_baseline: int
    only_variation: int
    both: int
    p: float
    p_adjusted: float


def failing(values: Values, variations: Iterable[str], looks: int = 1) -> Mapping[str, Failing]:
    """How often each variation fails against the baseline, for those where any run failed.

    p is adjusted by Holm over all variations, and by Bonferroni over so many looks.
    """
    counted = {name: _count(values, name) for name in variations}
    p = holm([min(1.0, looks * one.p) for one in counted.values()]).tolist()
    return {
        name: replace(one, p_adjusted=adjusted)
        for (name, one), adjusted in zip(counted.items(), p, strict=True)
        if one.only_baseline or one.only_variation or one.both
    }


def _count(values: Values, variation: str) -> Failing:
    baseline, ours = (values.settings[name] for name in (values.baseline, variation))
    if not values.paired:
        shares = [share(int(of.failed.sum()), int(of.recorded.sum())) for of in (baseline, ours)]
        (first, second), p = shares, fisher_p(*shares)
        return Failing(first.of + second.of, first.count, second.count, 0, p, p)
    ended = baseline.recorded & ours.recorded
    before, after = ended & baseline.failed, ended & ours.failed
    only_baseline, only_variation = int((before & ~after).sum()), int((after & ~before).sum())
    p = mcnemar_p(only_baseline, only_variation)
    both = int((before & after).sum())
    return Failing(int(ended.sum()), only_baseline, only_variation, both, p, p)


def failed_differences(
    baseline: npt.ArrayLike,
    variation: npt.ArrayLike,
    failed: tuple[Flags, Flags],
    metric: Metric,
    worst: float | None,
) -> Floats:
    """Differences (k,) of the seeds in which a run failed, that run counted at its worst.

    Values (n,) of both settings, NaN where a run has none; `failed` (n,) each. `worst` is what a
    failed run counts as, as chance for an accuracy. Without such a value the difference is
    infinite, for the worst rank; where neither way is better it is given in both directions, so
    that it speaks against whatever is to be shown. Two failed runs of a seed differ by 0.
    """
    b, v = np.asarray(baseline, float), np.asarray(variation, float)
    only_b, only_v = failed[0] & ~failed[1], failed[1] & ~failed[0]
    same, up, down = (
        np.full(int(each.sum()), value)
        for each, value in ((failed[0] & failed[1], 0.0), (only_b, math.inf), (only_v, -math.inf))
    )
    if worst is not None:
        d = np.concatenate([v[only_b] - worst, worst - b[only_v], same])
        return np.asarray(d[~np.isnan(d)])
    if metric.better == "neither":
        return np.concatenate([up, -up, down, -down, same])
    d = np.concatenate([up, down, same])
    return d if metric.better == "higher" else -d


def worst_value(metric: Metric, classes: int) -> float | None:
    """What a failed run counts as: chance for accuracies and recall, 0 or 1 for another share.

    Chance is one of the `classes`, or five for the top five. None where no value is the worst, as
    for a loss, a time, or a metric in which neither way is better, and as long as the classes are
    unknown.
    """
    if metric.compare != "difference" or metric.better == "neither":
        return None
    if metric.guesses:
        return metric.guesses / classes if classes else None
    if metric.written == "percent":
        return 0.0 if metric.better == "higher" else 1.0
    return None
