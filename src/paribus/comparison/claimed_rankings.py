"""Claims about rankings: the best and the worst classes, and the order of settings."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from paribus.comparison.evidence import Quantity, difference_of
from paribus.comparison.measure import Measure
from paribus.comparison.paired import ALPHA
from paribus.comparison.ranking import Above, extreme_ranking, ordered_ranking
from paribus.comparison.ranking import Ranking as Ranked
from paribus.comparison.sample import Interval
from paribus.comparison.statement import ONE_NETWORK, Answer, Statement, unanswered
from paribus.comparison.study_comparison import Measures
from paribus.comparison.values import Values
from paribus.study.claims import Order, Ranking


def ranking(test: Ranking, values: Values) -> list[Statement]:
    """Each class claimed lies beyond each other one, in each setting."""
    names = tuple(values.settings) if test.settings == "all" else test.settings
    return [statement for name in names for statement in _in_setting(test, name, values)]


def order(test: Order, values: Values, measures: Measures) -> list[Statement]:
    """Each setting lies above the next one in the mean of a measure."""
    measure = measures[test.measure]
    columns = [values.settings[name].of(test.measure) for name in test.order]
    ranked = ordered_ranking(np.stack(columns, axis=1), test.order, test.order)
    if not ranked.n_seeds:
        return [unanswered(measure.label, test.order, values)]
    return _statements(measure.label, ranked, measure)


def _in_setting(test: Ranking, setting: str, values: Values) -> list[Statement]:
    about = f"{setting}, {test.measure}"
    if not values.settings[setting].finished.any():
        return [unanswered(about, [setting], values)]
    measure = Measure(test.measure, test.measure, "", "mean difference", True)
    table = values.by_class(setting, test.measure)
    found: list[Statement] = []
    for members, highest in ((test.best, True), (test.worst, False)):
        if members is not None:
            ranked = extreme_ranking(table, values.classes, members, highest=highest)
            found += _statements(about, ranked, measure)
    return found


def _statements(about: str, ranked: Ranked, measure: Measure) -> list[Statement]:
    if ranked.n_seeds < 2:
        there = "It holds for that one." if ranked.agreeing else "It does not hold for that one."
        return [Statement(about, ranked.n_seeds, None, "", None, (ONE_NETWORK, there))]
    # A ranking subtracts the values themselves and compares means, be they times or epochs.
    words = difference_of(replace(measure, kind="mean difference"))
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
