"""Numbers of a claim's evidence in words: "+1.3 [0.9, 1.7] points", "p = 0.02"."""

from __future__ import annotations

import math
from dataclasses import dataclass

from paribus.claims.sample import Interval
from paribus.metrics.metric import Metric
from paribus.narrative.words import Unit


@dataclass(frozen=True)
class Quantity:
    """How values of a metric, or differences of them, are written.

    Attributes:
        unit: what follows the number.
        scale: what a number is multiplied with first.
        lead: what precedes it, as "ratio ".
        sign: whether a plus is written.
    """

    unit: str
    scale: float = 1.0
    lead: str = ""
    sign: bool = False

    @property
    def is_ratio(self) -> bool:
        """Whether tests are made on logarithms of what is written."""
        return bool(self.lead)

    def on_reader_scale(self, interval: Interval) -> Interval:
        """An interval of the test's scale as the reader's: a ratio, not its logarithm."""
        if not self.is_ratio:
            return interval
        low, high = (None if x is None else math.exp(x) for x in (interval.low, interval.high))
        return Interval(math.exp(interval.estimate), low, high, interval.level)

    def found(self, interval: Interval) -> str:
        """An estimate with its interval on the reader's scale: "+1.3 [0.9, 1.7] points"."""
        low, high = interval.low, interval.high
        if low is None or high is None:
            alone = self._signed(f"{self.scale * interval.estimate:.4g}")
            return self._with_unit(f"{self.lead}{alone}")
        digits = _digits(self.scale * (high - low))
        estimate, low_text, high_text = (
            f"{self.scale * number:.{digits}f}" for number in (interval.estimate, low, high)
        )
        return self._with_unit(f"{self.lead}{self._signed(estimate)} [{low_text}, {high_text}]")

    def bounds(self, low: float, high: float) -> str:
        """A range that was declared: "1 to 1.25"."""
        return self._with_unit(f"{self.scale * low:g} to {self.scale * high:g}")

    def amount(self, size: float) -> str:
        """A difference that was declared: "1 point"; of a ratio, as a share: "5 %"."""
        if self.is_ratio:
            return f"{100 * size:g} %"
        number = f"{self.scale * size:g}"
        one = number == "1" and len(self.unit) > 1
        return f"1 {self.unit.removesuffix('s')}" if one else self._with_unit(number)

    def _signed(self, number: str) -> str:
        return f"+{number}" if self.sign and not number.startswith("-") else number

    def _with_unit(self, text: str) -> str:
        return f"{text} {self.unit}" if self.unit else text


def value_of(metric: Metric) -> Quantity:
    """How a setting's own values are written."""
    if metric.written == "number":
        return Quantity(metric.unit)
    points = metric.written == "points"
    return Quantity("points" if points else "%", scale=100, sign=points)


def difference_of(metric: Metric) -> Quantity:
    """How a setting against another is written."""
    if metric.compare == "ratio":
        return Quantity("", lead="ratio ")
    if metric.written == "number":
        return Quantity(metric.unit, sign=True)
    return Quantity("points", scale=100, sign=True)


def unit_of(metric: Metric) -> Unit:
    """How values of a metric stand in a table whose row names their unit."""
    if metric.written == "number":
        return Unit(metric.digits)
    sign = "points" if metric.written == "points" else "%"
    return Unit(metric.digits, scale=100, sign=sign, difference="points")


def p_in_words(p: float | None) -> str:
    """A p value as it stands in a sentence."""
    if p is None:
        return "no p value"
    return f"p {p_value(p)}" if p < 0.001 else f"p = {p_value(p)}"


def p_value(p: float) -> str:
    """A p value as it stands in a table: two digits that count, and never 0."""
    return "< 0.001" if p < 0.001 else f"{p:.2g}"


def over_seeds(n: int) -> str:
    """The seeds behind a number."""
    return "over 1 seed" if n == 1 else f"over {n} seeds"


def _digits(width: float) -> int:
    """Decimals that give an interval so wide two digits of its half."""
    return 0 if width <= 0 else min(max(1 - math.floor(math.log10(width / 2)), 0), 8)
