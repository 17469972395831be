"""How each kind of claim is tested: numbers, differences, rankings of classes and of settings."""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import pairwise

import numpy as np

from paribus.claims.samples import difference_sample, value_sample
from paribus.claims.statement import (
    Above,
    Answer,
    Equivalent,
    Expectation,
    Inside,
    NotBeyond,
    Statement,
    Toward,
    unanswered,
)
from paribus.comparison.values import Values
from paribus.errors import ComparisonError
from paribus.metrics.metric import Metric
from paribus.metrics.registry import class_metric
from paribus.stats import ranking as stats
from paribus.stats.intervals import LEVEL
from paribus.stats.sample import Sample
from paribus.stats.unpaired_sample import UnpairedSample
from paribus.study.claims import DifferenceRange, Direction, Order, Ranking, ValueRange

#: What a sample with at least two seeds says to a statement.
Judge = Callable[[Sample], Answer]


def direction(
    test: Direction, values: Values, metrics: Mapping[str, Metric], level: float
) -> Statement:
    """A setting is better, worse, higher, lower than another, equivalent, not worse, not better."""
    by_margin = test.margin is not None or test.expect in ("equivalent", "not_worse", "not_better")
    if test.by is not None and by_margin:
        raise ComparisonError(
            "expected either `by` (the smallest difference claimed) or a margin (the largest "
            "difference that doesn't matter), got both; keep one"
        )
    metric = metrics[test.metric]
    if test.margin is not None:
        metric = replace(metric, margin=test.margin)
    if test.expect == "equivalent":
        return _versus(test, values, metric, level, Equivalent(), _equivalent(metric))
    if test.expect == "not_worse" or test.expect == "not_better":
        one_sided = NotBeyond(test.expect)
        return _versus(test, values, metric, level, one_sided, _not_beyond(one_sided, metric))
    expected = Toward(test.expect, test.by)
    return _versus(test, values, metric, level, expected, _toward(expected, metric))


def difference_range(
    test: DifferenceRange, values: Values, metrics: Mapping[str, Metric], level: float
) -> Statement:
    """The difference of two settings, or the ratio of their times, lies in a range."""
    metric = metrics[test.metric]
    low, high = test.between
    expected = Inside(low, high)
    if metric.compare == "ratio":
        if low <= 0:
            raise ComparisonError(f"expected `between` to begin above 0 for a ratio, got {low:g}")
        low, high = math.log(low), math.log(high)
    return _versus(test, values, metric, level, expected, _inside(low, high))


def value_ranges(
    test: ValueRange, values: Values, metrics: Mapping[str, Metric], level: float
) -> list[Statement]:
    """The mean of each setting lies in the setting's range."""
    metric = metrics[test.metric]
    return [
        _answered(
            unanswered([setting], metric, Inside(*bounds), values),
            value_sample(values, setting, metric),
            _inside(*bounds),
            level,
        )
        for setting, bounds in test.within.items()
    ]


def ranking(test: Ranking, values: Values) -> list[Statement]:
    """Each class claimed lies beyond each other one, in each setting."""
    names = tuple(values.settings) if test.settings == "all" else test.settings
    return [statement for name in names for statement in _in_setting(test, name, values)]


def order(test: Order, values: Values, metrics: Mapping[str, Metric]) -> list[Statement]:
    """Each setting lies above the next one in the mean of a metric."""
    # A ranking subtracts the values themselves and compares means, be they times or epochs.
    metric = replace(metrics[test.metric], compare="difference")
    if not values.paired:
        return _unpaired_order(test, values, metric)
    columns = [values.settings[name].of(test.metric) for name in test.order]
    ranked = stats.ordered_ranking(
        np.stack(columns, axis=1), test.order, test.order, anytime=values.anytime
    )
    if not ranked.n_seeds:
        return [unanswered(test.order, metric, Above(), values)]
    return _statements(test.order, metric, ranked)


def _unpaired_order(test: Order, values: Values, metric: Metric) -> list[Statement]:
    """Each setting above the next one, as two groups of runs."""
    upward = _toward(Toward("higher"), replace(metric, margin=None))
    return [
        _answered(
            unanswered(test.order, metric, Above(upper, lower), values),
            difference_sample(values, upper, lower, metric),
            upward,
            LEVEL,
        )
        for upper, lower in pairwise(test.order)
    ]


def _toward(expected: Toward, metric: Metric) -> Judge:
    """Whether the difference goes this way, and at least so far.

    "Better" is true of any difference above 0. One inside the margin doesn't refute it; that is
    said apart.
    """
    upward = _is_upward(expected.expect, metric)
    margin = metric.scaled_margin if expected.by is None else None
    bound = 0.0 if expected.by is None else _bound(expected.by, metric, upward)

    def judge(sample: Sample) -> Answer:
        # Taken for what happened within the epochs trained, all values are known.
        known = replace(sample, may_be_larger=0, may_be_smaller=0)
        above, below = (min(1.0, 2 * p) for p in (known.p_above(bound), known.p_below(bound)))
        support, refute = (above, below) if upward else (below, above)
        inside = None if margin is None else sample.p_between(-margin, margin)
        return Answer(support, refute, inside)

    return judge


def _not_beyond(expected: NotBeyond, metric: Metric) -> Judge:
    """Whether the difference stays short of the margin on one side: one one-sided test at 5 %.

    It is refuted as a range is, by the 95 % interval.
    """
    upward = _is_upward(expected.expect.removeprefix("not_"), metric)
    margin = _margin(metric, expected.expect)

    def judge(sample: Sample) -> Answer:
        if upward:  # not beyond +margin
            return Answer(sample.p_below(margin), min(1.0, 2 * sample.p_above(margin)))
        return Answer(sample.p_above(-margin), min(1.0, 2 * sample.p_below(-margin)))

    return judge


def _bound(by: float, metric: Metric, upward: bool) -> float:
    """How far a difference must go, on the scale of the paired differences."""
    bound = by if upward else -by
    if metric.compare != "ratio":
        return bound
    if bound <= -1:
        raise ComparisonError(
            f"expected `by` below 1, since nothing is lower by 100 % or more, got {by:g}"
        )
    return math.log1p(bound)


def _equivalent(metric: Metric) -> Judge:
    """Whether the difference stays inside the margin: not if its interval lies outside."""
    margin = _margin(metric, "equivalent")
    return _inside(-margin, margin)


def _margin(metric: Metric, expect: str) -> float:
    """The margin on the scale of the paired differences; refused where there is none."""
    if metric.scaled_margin is None:
        raise ComparisonError(
            f"expected a margin to be {expect} within, got none for {metric.label}; add "
            "`margin:` with the largest difference that doesn't matter"
        )
    return metric.scaled_margin


def _inside(low: float, high: float) -> Judge:
    return lambda sample: Answer(sample.p_between(low, high), sample.p_outside(low, high))


def _is_upward(expect: str, metric: Metric) -> bool:
    if expect in ("higher", "lower"):
        return expect == "higher"
    if metric.higher_is_better is None:
        raise ComparisonError(
            f"expected `higher` or `lower`, since neither is better in {metric.label}, got "
            f"`{expect}`"
        )
    return (expect == "better") == metric.higher_is_better


def _versus(
    test: Direction | DifferenceRange,
    values: Values,
    metric: Metric,
    level: float,
    expected: Expectation,
    judge: Judge,
) -> Statement:
    claimed = unanswered([test.setting, test.against], metric, expected, values)
    sample = difference_sample(values, test.setting, test.against, metric)
    answered = _answered(claimed, sample, judge, level)
    if answered.interval is None or metric.compare != "ratio":
        return answered
    return replace(answered, interval=answered.interval.mapped(math.exp))


def _answered(claimed: Statement, sample: Sample, judge: Judge, level: float) -> Statement:
    """The statement with what the seeds say to it, if there are any."""
    if not sample.n:
        return claimed
    answer = judge(sample) if sample.n > 1 else None
    # Failed runs count in differences over paired seeds alone.
    counts = len(claimed.settings) == 2 and not isinstance(sample, UnpairedSample)
    finished = answer if counts else None
    if finished is not None and sample.failed.size:
        finished = judge(replace(sample, failed=np.zeros(0)))
    most = claimed.metric.largest_difference if claimed.metric.compare != "ratio" else math.inf
    least = 0.0 if len(claimed.settings) == 1 and math.isfinite(most) else -most
    return replace(
        claimed,
        n_seeds=sample.n,
        interval=sample.interval(level).within(least, most),
        wanted_level=level,
        answer=answer,
        finished=finished,
        censored=sample.may_be_larger + sample.may_be_smaller,
    )


def _in_setting(test: Ranking, setting: str, values: Values) -> list[Statement]:
    metric = replace(class_metric(test.metric, ""), label=test.metric)
    if not values.settings[setting].tested.any():
        return [unanswered([setting], metric, Above(), values)]
    table = values.by_class(setting, test.metric)
    rankings = [
        stats.extreme_ranking(
            table, values.classes, members, highest=highest, anytime=values.anytime
        )
        for members, highest in ((test.best, True), (test.worst, False))
        if members is not None
    ]
    return [one for ranked in rankings for one in _statements((setting,), metric, ranked)]


def _statements(
    settings: tuple[str, ...], metric: Metric, ranked: stats.Ranking
) -> list[Statement]:
    whole = Statement(settings, metric, Above(), ranked.n_seeds, agreeing=ranked.agreeing)
    return [
        replace(
            whole,
            expected=Above(above.upper, above.lower),
            interval=above.interval.within(-metric.largest_difference, metric.largest_difference),
            answer=Answer(
                above.p if above.interval.estimate > 0 else 1.0,
                above.p if above.interval.estimate < 0 else 1.0,
            ),
        )
        for above in ranked.statements
    ] or [whole]
