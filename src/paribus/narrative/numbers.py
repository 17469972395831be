"""Numbers as text: "46.3 ± 0.8 %" in tables, "+1.3 [0.9, 1.7] points" in sentences, "p = 0.02".

Tables have the signs of print at once; sentences are ASCII until `words.typeset`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from paribus.metrics.metric import Metric
from paribus.narrative.words import MINUS, NO_BREAK, NONE
from paribus.stats.intervals import Interval


@dataclass(frozen=True)
class Spread:
    """Values of one metric, one per seed."""

    values: tuple[float, ...]

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread:
        """The spread of any numbers."""
        return cls(tuple(float(value) for value in values))

    @property
    def n(self) -> int:
        """How many values there are."""
        return len(self.values)

    @property
    def mean(self) -> float:
        """Their mean; NaN of none."""
        return float(np.mean(self.values)) if self.values else float("nan")

    @property
    def sd(self) -> float | None:
        """Their standard deviation with n - 1 below; None of fewer than two."""
        return float(np.std(self.values, ddof=1)) if self.n > 1 else None


@dataclass(frozen=True)
class Unit:
    """How values of a metric, or differences of them, are written.

    After multiplying with `scale`, with so many digits where no interval says how many matter, and
    followed by `sign`, as "%" or "points"; a difference has a plus; a ratio is told from one.
    """

    digits: int = 3
    scale: float = 1.0
    sign: str = ""
    plus: bool = False
    ratio: bool = False

    @property
    def bare(self) -> Unit:
        """The same without the unit, for a table that names it."""
        return replace(self, sign="")

    # ---- in tables ------------------------------------------------------------------------------

    def value(self, value: float) -> str:
        """A number with its unit: "46.3 %", "+1.2 points"."""
        return self._joined(self.signed(value) if self.plus else self.number(value))

    def number(self, value: float) -> str:
        """A number alone: "46.3"."""
        scaled = value * self.scale
        if math.isnan(scaled):
            return NONE
        if math.isinf(scaled):
            return "∞" if scaled > 0 else f"{MINUS}∞"
        return f"{scaled:,.{self.digits}f}".replace("-", MINUS)

    def signed(self, value: float) -> str:
        """A number alone, always with plus or minus; one that rounds to nothing has no sign."""
        text = self.number(value)
        if not any(digit in text for digit in "123456789"):
            return text.lstrip(MINUS)
        return text if text.startswith(MINUS) else f"+{text}"

    def spread(self, spread: Spread) -> str:
        """Mean and standard deviation: "46.3 ± 0.8 %"; the mean alone if one value is known."""
        if not spread.n:
            return NONE
        mean = self.number(spread.mean)
        return self._joined(mean if spread.sd is None else f"{mean} ± {self.number(spread.sd)}")

    # ---- in sentences ---------------------------------------------------------------------------

    def rounded(self, value: float) -> str:
        """A number with its unit: "46.3 %"."""
        return self._with_sign(self._plus(f"{self.scale * value:.{self.digits}f}"))

    def estimate(self, interval: Interval) -> str:
        """An estimate with its interval, rounded as that says: "+1.3 [0.9, 1.7] points"."""
        low, high, lead = interval.low, interval.high, "ratio " if self.ratio else ""
        if low is None or high is None:
            alone = self._plus(f"{self.scale * interval.estimate:.4g}")
            return self._with_sign(f"{lead}{alone}")
        digits = _digits(self.scale * (high - low))
        estimate, low_text, high_text = (
            f"{self.scale * number:.{digits}f}" for number in (interval.estimate, low, high)
        )
        return self._with_sign(f"{lead}{self._plus(estimate)} [{low_text}, {high_text}]")

    def alone(self, interval: Interval) -> str:
        """The estimate without its interval, but rounded as that says: "+1.3 points"."""
        if interval.low is None or interval.high is None:
            return self.estimate(interval)
        digits = _digits(self.scale * (interval.high - interval.low))
        number = self._plus(f"{self.scale * interval.estimate:.{digits}f}")
        return self._with_sign(f"{'ratio ' if self.ratio else ''}{number}")

    def ends(self, interval: Interval) -> str:
        """Both ends of an interval that has them: "[0.9, 1.7]"."""
        assert interval.low is not None and interval.high is not None, "asked of whole intervals"
        digits = _digits(self.scale * (interval.high - interval.low))
        low, high = (f"{self.scale * end:.{digits}f}" for end in (interval.low, interval.high))
        return f"[{low}, {high}]"

    def told(self, interval: Interval) -> str:
        """The same with its level: "+1.3 points, 95 % interval [0.9, 1.7]"."""
        if interval.low is None or interval.high is None:
            return self.estimate(interval)
        level = f"{100 * interval.level:.3g} % interval"
        return f"{self.alone(interval)}, {level} {self.ends(interval)}"

    def range(self, low: float, high: float) -> str:
        """From one estimate to another, rounded as that says: "-0.4 to +2.8 points"."""
        digits, lead = _digits(self.scale * (high - low)), "a ratio of " if self.ratio else ""
        ends = (self._plus(f"{self.scale * end:.{digits}f}") for end in (low, high))
        return self._with_sign(f"{lead}{' to '.join(ends)}")

    def bounds(self, low: float, high: float) -> str:
        """A range that was declared: "1 to 1.25"."""
        return self._with_sign(f"{self.scale * low:g} to {self.scale * high:g}")

    def amount(self, size: float) -> str:
        """A difference that was declared: "1 point"; of a ratio, as a share: "5 %"."""
        if self.ratio:
            return f"{100 * size:g} %"
        number = f"{self.scale * size:g}"
        one = number == "1" and len(self.sign) > 1
        return f"1 {self.sign.removesuffix('s')}" if one else self._with_sign(number)

    def _plus(self, number: str) -> str:
        return f"+{number}" if self.plus and not number.startswith("-") else number

    def _with_sign(self, text: str) -> str:
        return f"{text} {self.sign}" if self.sign else text

    def _joined(self, number: str) -> str:
        return f"{number}{NO_BREAK}{self.sign}" if self.sign and number != NONE else number


PERCENT = Unit(1, scale=100, sign="%")
POINTS = Unit(1, scale=100, sign="points", plus=True)
LOSS = Unit(3)


def value_of(metric: Metric) -> Unit:
    """How a setting's values of a metric are written."""
    if metric.written == "number":
        return Unit(metric.digits, sign=metric.unit)
    return replace(PERCENT if metric.written == "percent" else POINTS, digits=metric.digits)


def change_of(metric: Metric) -> Unit:
    """How one value of a metric minus another is written."""
    if metric.written == "number":
        # Per cent of what was measured, not of the baseline's value.
        sign = POINTS.sign if metric.unit == PERCENT.sign else metric.unit
        return Unit(metric.digits, sign=sign, plus=True)
    return replace(POINTS, digits=metric.digits)


def difference_of(metric: Metric) -> Unit:
    """How a setting against another is written, as the metric is compared: maybe as a ratio."""
    return Unit(metric.digits, ratio=True) if metric.compare == "ratio" else change_of(metric)


# ---- p values and seeds -------------------------------------------------------------------------


def p_value(p: float | None) -> str:
    """A p value in a table: two digits that count, never 0, a dash where there is none."""
    if p is None or math.isnan(p):
        return NONE
    return "< 0.001" if p < 0.001 else f"{p:.2g}"


def p_in_words(p: float | None) -> str:
    """A p value in a sentence."""
    if p is None:
        return "no p value"
    return f"p {p_value(p)}" if p < 0.001 else f"p = {p_value(p)}"


def seeds(n: int) -> str:
    """A number of seeds in a sentence."""
    return "1 seed" if n == 1 else f"{n} seeds"


def over_seeds(n: int) -> str:
    """The seeds behind a number."""
    return f"over {seeds(n)}"


def _digits(width: float) -> int:
    """Decimals that give an interval so wide two digits of its half."""
    return 0 if width <= 0 else min(max(1 - math.floor(math.log10(width / 2)), 0), 8)
