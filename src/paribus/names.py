"""Strangers' texts, safe to show: `printable` is the one thing that makes them so.

Terminals, pages, Markdown and charts all show what it gives. What is kept in files for programs
(JSON, CSV) has the texts as they are.
"""

import itertools
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any

#: Letters of a class's name in the text, and on an axis; the tables on disk have all of it.
LONGEST_NAME, LONGEST_LABEL = 60, 40


#: Words that are written from right to left, and would turn what stands around them.
_LETTER = "[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]"
_RIGHT_TO_LEFT = re.compile(f"{_LETTER}+(?: +{_LETTER}+)*")


def printable(text: str) -> str:
    """A text in one line: what controls, breaks, turns or joins, or isn't there, is escaped.

    A letter of Unicode's categories C, Zl and Zp becomes its code: `\\x1b`, `\\u202e`.
    """
    return text if text.isprintable() else "".join(map(_escaped, text))


def in_print(text: str) -> str:
    """A printable text for a page: words from right to left don't turn what stands around them."""
    if text.isascii():
        return printable(text)
    return _RIGHT_TO_LEFT.sub("\u2068\\g<0>\u2069", printable(text))


def harmless(value: Any) -> Any:
    """A value with every text in it printable; a dataclass stays one."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, tuple | list):
        return type(value)(map(harmless, value))
    if isinstance(value, dict):
        return {harmless(key): harmless(item) for key, item in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{f.name: harmless(getattr(value, f.name)) for f in fields(value)})
    return value


def shown(name: str) -> str:
    """A file's name in one spelling (Unicode NFC), with what can't be printed escaped."""
    return printable(unicodedata.normalize("NFC", name))


def _escaped(letter: str) -> str:
    if letter.isprintable() or unicodedata.category(letter) == "Zs":
        return letter
    return letter.encode("unicode_escape").decode()


def safe_name(text: str) -> str:
    """A name from a file or a folder, as it may stand in a sentence: never empty."""
    return " ".join(printable(text).split()) or "(no name)"


def safe_class(text: str) -> str:
    """A class's name, safe to show and not too long."""
    return _cut(safe_name(text), LONGEST_NAME)


def safe_classes(texts: Sequence[str]) -> tuple[str, ...]:
    """Classes' names safe to show, and still different where they were: "cat", "cat (2)"."""
    shown: list[str] = []
    for plain in map(safe_class, texts):
        unique = itertools.chain([plain], (f"{plain} ({number})" for number in itertools.count(2)))
        shown.append(next(candidate for candidate in unique if candidate not in shown))
    return tuple(shown)


def chart_labels(shown: Sequence[str]) -> tuple[str, ...]:
    """Names for a chart: cut where they are longer than any axis has room for."""
    return safe_classes([_cut(text, LONGEST_LABEL) for text in shown])


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"


def whole_text(text: str) -> str:
    """The text with half characters, as which Python reads bytes that aren't UTF-8, as codes."""
    return text.encode("utf-8", "backslashreplace").decode()
