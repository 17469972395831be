"""Claims about rankings: the best and the worst classes, and the order of settings."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from paribus.claims.sample import Interval
from paribus.claims.statement import ONE_NETWORK, Answer, Statement, unanswered
from paribus.comparison.values import Values
from paribus.metrics.metric import Metric
from paribus.metrics.registry import class_metric
from paribus.narrative.numbers import Quantity, difference_of
from paribus.stats.intervals import ALPHA
from paribus.stats.ranking import Above, extreme_ranking, ordered_ranking
from paribus.stats.ranking import Ranking as Ranked
from paribus.study.claims import Order, Ranking


def ranking(test: Ranking, values: Values) -> list[Statement]:
    """Each class claimed lies beyond each other one, in each setting."""
    names = tuple(values.settings) if test.settings == "all" else test.settings
    return [statement for name in names for statement in _in_setting(test, name, values)]


def order(test: Order, values: Values, metrics: Mapping[str, Metric]) -> list[Statement]:
    """Each setting lies above the next one in the mean of a metric."""
    metric = metrics[test.metric]
    columns = [values.settings[name].of(test.metric) for name in test.order]
    ranked = ordered_ranking(np.stack(columns, axis=1), test.order, test.order)
    if not ranked.n_seeds:
        return [unanswered(metric.label, test.order, values)]
    return _statements(metric.label, ranked, metric)


def _in_setting(test: Ranking, setting: str, values: Values) -> list[Statement]:
    about = f"{setting}, {test.metric}"
    if not values.settings[setting].finished.any():
        return [unanswered(about, [setting], values)]
    metric = class_metric(test.metric, "")
    table = values.by_class(setting, test.metric)
    found: list[Statement] = []
    for members, highest in ((test.best, True), (test.worst, False)):
        if members is not None:
            ranked = extreme_ranking(table, values.classes, members, highest=highest)
            found += _statements(about, ranked, metric)
    return found


def _statements(about: str, ranked: Ranked, metric: Metric) -> list[Statement]:
    if ranked.n_seeds < 2:
        there = "It holds for that one." if ranked.agreeing else "It does not hold for that one."
        return [Statement(about, ranked.n_seeds, None, "", None, (ONE_NETWORK, there))]
    # A ranking subtracts the values themselves and compares means, be they times or epochs.
    words = difference_of(replace(metric, compare="difference"))
    return [_of_above(f"{about}, ", above, ranked, words) for above in ranked.statements]


def _of_above(about: str, above: Above, ranked: Ranked, words: Quantity) -> Statement:
    low, high = (None if math.isnan(bound) else bound for bound in (above.low, above.high))
    interval = Interval(above.estimate, low, high, 1 - ALPHA)
    answer = Answer(
        above.p if above.estimate > 0 else 1.0,
        above.p if above.estimate < 0 else 1.0,
        supported=f": {above.upper} lies above {above.lower}",
        refuted=f": {above.upper} lies below {above.lower}, not above",
        undecided=f": {above.upper} is not shown to lie above {above.lower}",
    )
    return Statement(
        about=f"{about}{above.upper} minus {above.lower}",
        n_seeds=ranked.n_seeds,
        interval=interval,
        found=words.found(interval),
        answer=answer,
        notes=(f"The whole ranking holds in {ranked.agreeing} of the {ranked.n_seeds} seeds.",),
    )
