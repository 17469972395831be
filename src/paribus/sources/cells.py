"""What the cells of a table mean: numbers in several notations, words, nothing.

Numbers that may be read in two ways, as 1,234 may be, are refused rather than guessed.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from paribus.sources.run import Value

#: How a file writes one half: as 0.5, as 0,5, or both ways.
Decimals = Literal[".", ",", "both"]

#: Words that say that nothing was measured; NaN is a value.
MISSING = frozenset(("", "NA", "N/A", "n/a", "#N/A", "<NA>", "null", "NULL", "None", "-", "--"))
_BOOLEANS = {"true": True, "false": False}

#: Digits of a whole number; with more of them it is a real one.
MOST_DIGITS = 30
#: Whole numbers in JSON have any size.
_TOO_LARGE = 10**300
_INTEGER = re.compile(rf"[-+]?[0-9]{{1,{MOST_DIGITS}}}")
_POINT = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[-+]?[0-9]+)?", re.IGNORECASE)
_COMMA = re.compile(r"[-+]?[0-9]*,[0-9]+(e[-+]?[0-9]+)?", re.IGNORECASE)
_NO_NUMBER = re.compile(r"[-+]?(nan|inf|infinity)", re.IGNORECASE)
#: Groups of three digits, as in 1,234 and 12.345.678.
_GROUPED = re.compile(r"[-+]?[1-9][0-9]{0,2}([.,'\u2019 \u00a0\u202f][0-9]{3})+")
#: The same, with decimals or without, as 1,234.5.
_SEPARATED = re.compile(_GROUPED.pattern + "([.,][0-9]+)?")


class NotationError(ValueError):
    """A cell that can't be understood; `row` counts from 0."""

    def __init__(self, row: int, message: str) -> None:
        super().__init__(message)
        self.row = row


@dataclass(frozen=True)
class Cells:
    """A column: its values, None where nothing stands, and its rows that are in per cent."""

    values: list[Value]
    percent: frozenset[int] = frozenset()


def decimals_of(texts: Iterable[str], delimiter: str) -> Decimals:
    """How the cells of a file write decimals; a file delimited by commas can't use them for it."""
    if delimiter == ",":
        return "."
    numbers = {_bare(text) for text in texts if "," in text or "." in text}
    clear = {number for number in numbers if not _GROUPED.fullmatch(number)}
    point = any("." in number and _POINT.fullmatch(number) for number in clear)
    comma = any(_COMMA.fullmatch(number) for number in clear)
    if point:
        return "both" if comma else "."
    return "," if comma or delimiter == ";" else "."


def read_cells(texts: Sequence[str], decimals: Decimals = ".") -> Cells:
    """The values of a column; what is in per cent becomes a share: 46.3 % is 0.463.

    Raises:
        NotationError: a column of numbers has one that may mean two things.
    """
    if decimals == "." and (numbers := _all_numbers(texts)) is not None:
        return Cells(numbers)
    known = _known(texts, decimals)
    doubtful = {
        text for text, value in known.items() if isinstance(value, str) and _is_doubtful(text)
    }
    if doubtful and all(text in doubtful or _fits(value) for text, value in known.items()):
        row = next(row for row, text in enumerate(texts) if text in doubtful)
        raise NotationError(
            row,
            f"{texts[row].strip()!r} may be read in more than one way; write numbers without "
            "separators of thousands and with a decimal point",
        )
    shares = {text for text, value in known.items() if isinstance(value, float) and "%" in text}
    percent = (row for row, text in enumerate(texts) if text in shares) if shares else ()
    return Cells(list(map(known.__getitem__, texts)), frozenset(percent))


def read_numbers(texts: Sequence[str]) -> list[Value]:
    """The values of a column that a program wrote, with decimal points."""
    numbers = _all_numbers(texts)
    return list(map(_known(texts, ".").__getitem__, texts)) if numbers is None else numbers


def is_number(value: object) -> bool:
    """Whether a value is a number that a float holds, NaN and infinity included; True is none."""
    if isinstance(value, float):
        return True
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < _TOO_LARGE


def _all_numbers(texts: Sequence[str]) -> list[Value] | None:
    """The values of a column in which hardly a number stands twice; None if it isn't one.

    Most columns of measurements are, and a look at each text takes five times as long.
    """
    first = texts[:1_000]
    if len(set(first)) < len(first) / 2 or "_" in "".join(texts):
        return None  # Python takes 1_000 for a number
    try:
        return [int(text) if _is_whole(text) else float(text) for text in texts]
    except ValueError:
        return None


def _is_whole(text: str) -> bool:
    return len(text) <= MOST_DIGITS and text.removeprefix("-").isdecimal()


def _known(texts: Sequence[str], decimals: Decimals) -> dict[str, Value]:
    """Each different text and its value."""
    return {text: _value(text.strip(), decimals) for text in set(texts)}


def _value(text: str, decimals: Decimals) -> Value:
    if text in MISSING:
        return None
    if _INTEGER.fullmatch(text):
        return int(text)
    if (word := text.lower()) in _BOOLEANS:
        return _BOOLEANS[word]
    number = _pointed(_bare(text), decimals)
    if number is None:
        return text
    if text.endswith("%"):
        return _hundredth(number)
    return float(number)


def _hundredth(number: str) -> float:
    """The float nearest to a hundredth of a decimal number: 0.463 for 46.3, unlike 46.3 / 100."""
    return (
        float(f"{number}e-2")
        if number[-1] in "0123456789." and "e" not in number.lower()
        else (float(number) / 100)
    )


def _pointed(number: str, decimals: Decimals) -> str | None:
    """A number with a decimal point; None where the text is none, or may be two."""
    if _NO_NUMBER.fullmatch(number):
        return number
    if decimals == "both" and _GROUPED.fullmatch(number):
        return None
    if decimals != "." and _COMMA.fullmatch(number):
        return number.replace(",", ".")
    if decimals == "," and _GROUPED.fullmatch(number):
        return None
    return number if _POINT.fullmatch(number) else None


def _bare(text: str) -> str:
    """A text without the sign of per cent."""
    return text.strip().removesuffix("%").rstrip()


def _is_doubtful(text: str) -> bool:
    """Whether a text that is no number as it stands looks like one in another notation."""
    number = _bare(text)
    return bool(_SEPARATED.fullmatch(number) or _COMMA.fullmatch(number))


def _fits(value: Value) -> bool:
    return value is None or is_number(value)
