"""Names, counts and lists as readers see them, and a sentence set in print."""

import re
import statistics
from collections.abc import Sequence
from typing import Any

import numpy as np

from paribus.names import printable, safe_name

MINUS, NO_BREAK, NONE = "\u2212", "\u00a0", "\u2013"

#: Names of sources and networks that read better than their keys.
_READABLE = {
    "stl10": "STL-10",
    "mnist": "MNIST",
    "fashion_mnist": "Fashion-MNIST",
    "kmnist": "Kuzushiji-MNIST",
    "svhn": "SVHN",
    "cifar10": "CIFAR-10",
    "cifar100": "CIFAR-100",
    "lenet5": "LeNet-5",
    "mlp": "MLP",
    **{f"resnet{depth}": f"ResNet-{depth}" for depth in (18, 20, 32, 34, 56)},
    "wide_resnet": "Wide ResNet",
    "adam": "Adam",
    "adamw": "AdamW",
    "sgd": "SGD",
    "sam": "SAM",
    "muon": "Muon",
}

#: A minus sign as ASCII has it, and the sign of a number that is nothing.
_HYPHEN = re.compile(r"(?<![\w.])-(?=\d)")
_NOTHING = re.compile(r"(?<![\w.])[+-](0(?:\.0+)?)(?![\d.])")
_P_VALUE = re.compile(r"\bp ([=<]) (?=\d)")


def typeset(text: str) -> str:
    """A sentence written in ASCII with the signs that print has for minus and "at least".

    A p value stays on one line.
    """
    plain = _NOTHING.sub(r"\1", printable(text))
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
    if isinstance(given, tuple | list):
        return listed([*map(value, given)]) or NONE
    return safe_name(str(given))


def listed(items: Sequence[str]) -> str:
    """Items in a sentence: "a", "a and b", "a, b and c"."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"
