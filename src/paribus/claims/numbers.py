"""Claims about numbers: one setting against another, and settings by themselves."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

from paribus.claims.sample import Sample, difference_sample, value_sample
from paribus.claims.statement import ONE_NETWORK, Answer, Statement, unanswered
from paribus.comparison.values import Values
from paribus.errors import ComparisonError
from paribus.metrics.metric import Metric
from paribus.narrative import notes
from paribus.narrative.numbers import Quantity, difference_of, value_of
from paribus.study.claims import DifferenceRange, Direction, ValueRange

#: What a sample with at least two seeds says to a statement.
Judge = Callable[[Sample], Answer]

_CONTRARY = {"better": "worse", "worse": "better", "higher": "lower", "lower": "higher"}


def direction(
    test: Direction, values: Values, metrics: Mapping[str, Metric], level: float
) -> Statement:
    """A setting is better, worse, higher, lower than another, or equivalent to it."""
    if test.by is not None and (test.margin is not None or test.expect == "equivalent"):
        raise ComparisonError(
            "`by` is the least difference claimed, a margin the largest that doesn't matter; "
            "one of the two is expected."
        )
    metric = metrics[test.metric]
    if test.margin is not None:
        metric = replace(metric, margin=test.margin)
    if test.expect == "equivalent":
        return _versus(test, values, metric, level, _equivalent(metric))
    judge = _toward(test, metric) if test.by is None else _at_least(test, metric, test.by)
    return _versus(test, values, metric, level, judge)


def difference_range(
    test: DifferenceRange, values: Values, metrics: Mapping[str, Metric], level: float
) -> Statement:
    """The difference of two settings, or the ratio of their times, lies in a range."""
    metric = metrics[test.metric]
    low, high = test.between
    words = difference_of(metric).bounds(low, high)
    if metric.compare == "ratio":
        if low <= 0:
            raise ComparisonError(f"A ratio of times lies above 0; `between` begins at {low:g}.")
        low, high = math.log(low), math.log(high)
    return _versus(test, values, metric, level, _inside_range(low, high, words))


def value_ranges(
    test: ValueRange, values: Values, metrics: Mapping[str, Metric], level: float
) -> list[Statement]:
    """The mean of each setting lies in the setting's range."""
    metric = metrics[test.metric]
    words = value_of(metric)
    found = []
    for setting, (low, high) in test.within.items():
        about, sample = f"{setting}, mean {metric.label}", value_sample(values, setting, metric)
        judge = _inside_range(low, high, words.bounds(low, high))
        if sample.n:
            found.append(_statement(about, sample, words, level, judge, ONE_NETWORK))
        else:
            found.append(unanswered(about, [setting], values))
    return found


# ---- how each is judged -------------------------------------------------------------------------


def _toward(test: Direction, metric: Metric) -> Judge:
    """Whether the difference goes this way: not if it goes the other or stays in the margin."""
    upward, margin = _is_upward(test, metric), metric.scaled_margin

    def judge(sample: Sample) -> Answer:
        support, refute = _beyond(sample, 0.0, upward)
        refuted = f"{_CONTRARY[test.expect]}, not {test.expect}"
        inside = 1.0 if margin is None else sample.p_between(-margin, margin)
        if inside < refute:
            refute, refuted = inside, f"{_within_margin(metric)}, not {test.expect}"
        return _answer(support, refute, test.expect, refuted)

    return judge


def _at_least(test: Direction, metric: Metric, by: float) -> Judge:
    """Whether the difference goes this way, and at least so far."""
    upward = _is_upward(test, metric)
    bound = by if upward else -by
    if metric.compare == "ratio":
        if bound <= -1:
            raise ComparisonError(f"A time can't be shorter by {100 * by:g} %.")
        bound = math.log1p(bound)
    expected = f"{test.expect} by {difference_of(metric).amount(by)} or more"

    def judge(sample: Sample) -> Answer:
        return _answer(*_beyond(sample, bound, upward), expected, f"not {expected}")

    return judge


def _equivalent(metric: Metric) -> Judge:
    """Whether the difference stays inside the margin: not if its interval lies outside."""
    margin = metric.scaled_margin
    if margin is None:
        raise ComparisonError(
            f"Nothing is equivalent without a margin, and {metric.label} has none; "
            "add `margin:` with the largest difference that doesn't matter."
        )
    expected = _within_margin(metric)

    def judge(sample: Sample) -> Answer:
        inside, outside = sample.p_between(-margin, margin), sample.p_outside(-margin, margin)
        return _answer(inside, outside, expected, f"not {expected}")

    return judge


def _inside_range(low: float, high: float, words: str) -> Judge:
    def judge(sample: Sample) -> Answer:
        return Answer(
            sample.p_between(low, high),
            sample.p_outside(low, high),
            supported=f" lies inside {words}",
            refuted=f" lies outside {words}",
            undecided=f" is not shown to lie inside {words}, nor outside",
        )

    return judge


def _answer(p_support: float, p_refute: float, expected: str, refuted: str) -> Answer:
    return Answer(
        p_support, p_refute, f": {expected}", f": {refuted}", f": not shown to be {expected}"
    )


def _beyond(sample: Sample, bound: float, upward: bool) -> tuple[float, float]:
    """Two-sided p values for and against a center beyond `bound`, within the epochs trained."""
    known = sample.within_epochs
    above, below = (min(1.0, 2 * p) for p in (known.p_above(bound), known.p_below(bound)))
    return (above, below) if upward else (below, above)


def _is_upward(test: Direction, metric: Metric) -> bool:
    if test.expect in ("higher", "lower"):
        return test.expect == "higher"
    if metric.higher_is_better is None:
        raise ComparisonError(
            f"Of {metric.label} neither way is better; `expect: higher` or `lower` is expected."
        )
    return (test.expect == "better") == metric.higher_is_better


def _within_margin(metric: Metric) -> str:
    assert metric.margin is not None
    return f"equivalent within {difference_of(metric).amount(metric.margin)}"


# ---- from a sample to a statement ---------------------------------------------------------------


def _versus(
    test: Direction | DifferenceRange, values: Values, metric: Metric, level: float, judge: Judge
) -> Statement:
    about = f"{test.setting} against {test.against}, {metric.label}"
    sample = difference_sample(values, test.setting, test.against, metric)
    if not sample.n:
        return unanswered(about, [test.setting, test.against], values)
    return _statement(about, sample, difference_of(metric), level, judge, notes.ONE_SEED)


def _statement(
    about: str, sample: Sample, words: Quantity, level: float, judge: Judge, if_one: str
) -> Statement:
    interval = words.on_reader_scale(sample.interval(level))
    found = words.found(interval)
    if sample.n < 2:
        return Statement(about, sample.n, interval, found, None, (if_one,))
    said = (
        *notes.on_level(sample.n, interval.level, level),
        *_on_censoring(sample.may_be_larger + sample.may_be_smaller),
    )
    return Statement(about, sample.n, interval, found, judge(sample), said)


def _on_censoring(censored: int) -> list[str]:
    if not censored:
        return []
    values = "1 value is" if censored == 1 else f"{censored} values are"
    return [
        f"{values} only known to be at least what is given: a direction is that within the epochs "
        "trained, and no range is shown on the side where the truth may lie further.",
    ]
