"""Claims about rankings: the best and the worst classes, and the order of settings."""

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from paribus.claims.statement import Above, Answer, Statement, unanswered
from paribus.comparison.values import Values
from paribus.metrics.metric import Metric
from paribus.metrics.registry import class_metric
from paribus.stats import ranking as stats
from paribus.stats.intervals import ALPHA
from paribus.stats.sample import Interval
from paribus.study.claims import Order, Ranking


def ranking(test: Ranking, values: Values) -> list[Statement]:
    """Each class claimed lies beyond each other one, in each setting."""
    names = tuple(values.settings) if test.settings == "all" else test.settings
    return [statement for name in names for statement in _in_setting(test, name, values)]


def order(test: Order, values: Values, metrics: Mapping[str, Metric]) -> list[Statement]:
    """Each setting lies above the next one in the mean of a metric."""
    # A ranking subtracts the values themselves and compares means, be they times or epochs.
    metric = replace(metrics[test.metric], compare="difference")
    columns = [values.settings[name].of(test.metric) for name in test.order]
    ranked = stats.ordered_ranking(np.stack(columns, axis=1), test.order, test.order)
    if not ranked.n_seeds:
        return [unanswered(test.order, metric, Above(), values)]
    return _statements(test.order, metric, ranked)


def _in_setting(test: Ranking, setting: str, values: Values) -> list[Statement]:
    metric = replace(class_metric(test.metric, ""), label=test.metric)
    if not values.settings[setting].tested.any():
        return [unanswered([setting], metric, Above(), values)]
    table = values.by_class(setting, test.metric)
    statements: list[Statement] = []
    for members, highest in ((test.best, True), (test.worst, False)):
        if members is not None:
            ranked = stats.extreme_ranking(table, values.classes, members, highest=highest)
            statements += _statements((setting,), metric, ranked)
    return statements


def _statements(
    settings: tuple[str, ...], metric: Metric, ranked: stats.Ranking
) -> list[Statement]:
    whole = Statement(settings, metric, Above(), ranked.n_seeds, agreeing=ranked.agreeing)
    if ranked.n_seeds < 2:
        return [whole]
    return [_of_pair(whole, above) for above in ranked.statements]


def _of_pair(whole: Statement, above: stats.Above) -> Statement:
    low, high = (None if math.isnan(bound) else bound for bound in (above.low, above.high))
    return replace(
        whole,
        expected=Above(above.upper, above.lower),
        interval=Interval(above.estimate, low, high, 1 - ALPHA),
        answer=Answer(
            above.p if above.estimate > 0 else 1.0, above.p if above.estimate < 0 else 1.0
        ),
    )
