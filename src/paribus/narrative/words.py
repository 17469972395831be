"""Numbers and names as the report writes them."""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from paribus.names import controls, safe_name

MINUS, NO_BREAK, NONE = "\u2212", "\u00a0", "\u2013"

#: Names of sources and networks that read better than their keys.
_READABLE = {"lenet5": "LeNet-5", "stl10": "STL-10", "adam": "Adam", "adamw": "AdamW", "sgd": "SGD"}


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

    @property
    def median(self) -> float:
        """Their median; NaN of none."""
        return float(np.median(self.values)) if self.values else float("nan")


@dataclass(frozen=True)
class Unit:
    """How a metric's values are written.

    Attributes:
        digits: after the decimal point.
        scale: what a value is multiplied with first.
        sign: what follows a value, as "%".
        difference: what follows a difference of two values, as "points".
    """

    digits: int
    scale: float = 1.0
    sign: str = ""
    difference: str = ""

    def value(self, value: float) -> str:
        """A value with its sign: "46.3 %"."""
        return _joined(self.number(value), self.sign)

    def number(self, value: float) -> str:
        """A value alone: "46.3"."""
        return _number(value * self.scale, self.digits)

    def change(self, value: float) -> str:
        """A difference, always with plus or minus: "+1.2 points"."""
        return _joined(self.signed(value), self.difference)

    def signed(self, value: float) -> str:
        """A difference alone; one that rounds to nothing has no sign."""
        text = self.number(value)
        if not any(digit in text for digit in "123456789"):
            return text.lstrip(MINUS)
        return text if text.startswith(MINUS) else f"+{text}"

    def spread(self, spread: Spread) -> str:
        """Mean and standard deviation: "46.3 ± 0.8 %"; the mean alone if one value is known."""
        if not spread.n:
            return NONE
        mean = self.number(spread.mean)
        if spread.sd is None:
            return _joined(mean, self.sign)
        return _joined(f"{mean} ± {self.number(spread.sd)}", self.sign)


PERCENT = Unit(1, scale=100, sign="%", difference="points")
LOSS = Unit(3)
SHARE = Unit(3)
EPOCHS = Unit(1)
SECONDS = Unit(1, sign="s", difference="s")


#: A minus sign as ASCII has it, and the sign of a number that is nothing.
_HYPHEN, _NOTHING = (
    re.compile(r"(?<![\w.])-(?=\d)"),
    re.compile(r"(?<![\w.])[+-](0(?:\.0+)?)(?![\d.])"),
)
#: Words that are written from right to left, and would turn what stands around them.
_RIGHT_TO_LEFT = re.compile(r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]+")
_P_VALUE = re.compile(r"\bp ([=<]) (?=\d)")


def typeset(text: str) -> str:
    """A sentence written in ASCII with the signs that print has for minus and "at least".

    A p value stays on one line, and names in it are as safe as `name` makes them.
    """
    safe = "".join(" " if controls(letter) else letter for letter in text)
    plain = _NOTHING.sub(r"\1", _RIGHT_TO_LEFT.sub("\u2068\\g<0>\u2069", safe))
    plain = plain.replace(">=", "≥")
    return _P_VALUE.sub(rf"p{NO_BREAK}\1{NO_BREAK}", _HYPHEN.sub(MINUS, plain))


def count(number: int, one: str, many: str | None = None) -> str:
    """A number with its noun: "1 seed", "10 seeds", "5,000 images"."""
    return f"{whole(number)}{NO_BREAK}{one if number == 1 else many or one + 's'}"


def whole(number: float) -> str:
    """A whole number with its thousands set off by commas."""
    return f"{number:,.0f}"


def median(values: Sequence[int]) -> str:
    """The median of whole numbers, with a decimal only where it lies between two."""
    return f"{statistics.median(values):g}"


def readable(key: str) -> str:
    """The usual name of a data source, network or optimizer."""
    return _READABLE.get(key, key)


def value(given: Any) -> str:
    """A value of a study file, as a reader would write it."""
    if given is None:
        return NONE
    if isinstance(given, bool):
        return "yes" if given else "no"
    if isinstance(given, float):
        readable = given == 0 or 1e-6 <= abs(given) < 1e6
        return np.format_float_positional(given, trim="-") if readable else f"{given:g}"
    return safe_name(str(given))


def listed(items: Sequence[str]) -> str:
    """Items in a sentence: "a", "a and b", "a, b and c"."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"


def _number(value: float, digits: int) -> str:
    if math.isnan(value):
        return NONE
    if math.isinf(value):
        return "∞" if value > 0 else f"{MINUS}∞"
    text = f"{value:,.{digits}f}"
    return text.replace("-", MINUS)


def _joined(number: str, sign: str) -> str:
    return f"{number}{NO_BREAK}{sign}" if sign and number != NONE else number
