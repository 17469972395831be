"""Every setting against every other on the primary metric, all tested together."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np

from paribus.comparison.values import Values
from paribus.errors import ComparisonError
from paribus.metrics.metric import Metric
from paribus.stats.anytime import anytime_interval, anytime_p
from paribus.stats.intervals import ALPHA, Floats
from paribus.stats.multiplicity import holm
from paribus.stats.paired import differences, log_ratios
from paribus.stats.pairs import FEWEST_SEEDS, Simultaneous, simultaneous
from paribus.stats.sample import Verdict, verdict

#: More settings than this are not compared with one another: 50 make 1,225 pairs.
MOST_SETTINGS = 50

#: Why settings aren't compared with one another.
Reason = Literal["many", "unpaired", "ranks", "few", "values"]


@dataclass(frozen=True)
class SettingPair:
    """The first setting against the second on the primary metric.

    `estimate` is first minus second (a ratio: first / second), with its simultaneous interval; the
    verdict says what the first is. None where unknown.
    """

    first: str
    second: str
    estimate: float
    low: float | None
    high: float | None
    p_adjusted: float
    verdict: Verdict


@dataclass(frozen=True)
class SettingPairs:
    """All pairs of settings over the seeds that all of them have, or the reason why there are none.

    The intervals have `level` together.
    """

    metric: Metric
    n_seeds: int = 0
    pairs: tuple[SettingPair, ...] = ()
    level: float = 1 - ALPHA
    reason: Reason | None = None


def setting_pairs(values: Values, looks: Sequence[int] | None = None) -> SettingPairs:
    """Compare all pairs of the settings that have values, at least three settings.

    With looks, p counts as often as there are looks (Bonferroni). Where seeds are added until
    decided, or were changed after a look, the anytime-valid test is adjusted by Holm.
    """
    metric = values.primary
    known = {name: one.of(metric.name) for name, one in values.settings.items()}
    known = {name: column for name, column in known.items() if np.isfinite(column).any()}
    if len(known) < 3:
        return SettingPairs(metric)
    table = np.stack([*known.values()])
    table = table[:, np.isfinite(table).all(axis=0)]
    reason = _reason(metric, len(known), table.shape[1], values.paired)
    if reason:
        return SettingPairs(metric, table.shape[1], reason=reason)
    try:
        return _compared(
            metric, list(known), table, 1 if looks is None else len(looks), values.anytime
        )
    except ComparisonError:
        return SettingPairs(metric, table.shape[1], reason="values")


def _reason(metric: Metric, settings: int, seeds: int, paired: bool) -> Reason | None:
    if settings > MOST_SETTINGS:
        return "many"
    if not paired:
        return "unpaired"
    if metric.compare == "ranks":
        return "ranks"
    return "few" if seeds < FEWEST_SEEDS else None


def _compared(
    metric: Metric, names: Sequence[str], table: Floats, looks: int, anytime: bool
) -> SettingPairs:
    subtract = log_ratios if metric.compare == "ratio" else differences
    both = list(combinations(range(len(names)), 2))
    d = np.stack([subtract(table[second], table[first]) for first, second in both], axis=1)
    found = _anytime(d) if anytime else simultaneous(d, 1 - ALPHA / looks)
    shown = np.exp if metric.compare == "ratio" else np.asarray
    most = np.inf if metric.compare == "ratio" else metric.largest_difference
    ends = [np.asarray(shown(np.clip(end, -most, most))) for end in (found.low, found.high)]
    p = np.minimum(looks * found.p, 1.0)
    made = [
        SettingPair(
            names[first],
            names[second],
            float(shown(found.estimate[n])),
            _known(ends[0][n]),
            _known(ends[1][n]),
            float(p[n]),
            verdict(float(found.estimate[n]), float(p[n]), None, metric.higher_is_better),
        )
        for n, (first, second) in enumerate(both)
    ]
    return SettingPairs(metric, len(d), tuple(made))


def _anytime(d: Floats) -> Simultaneous:
    pairs = d.shape[1]
    ends = np.array([anytime_interval(column, level=1 - ALPHA / pairs) for column in d.T])
    p = holm([anytime_p(column) for column in d.T])
    return Simultaneous(d.mean(axis=0), ends[:, 0], ends[:, 1], p)


def _known(end: float) -> float | None:
    return float(end) if np.isfinite(end) else None
