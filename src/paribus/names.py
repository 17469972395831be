"""Names from strangers' files and folders, safe to show."""

import itertools
import unicodedata
from collections.abc import Sequence

#: Letters of a class's name in the text, and on an axis; the tables on disk have all of it.
LONGEST_NAME, LONGEST_LABEL = 60, 40


def printable(text: str) -> str:
    """A line for a terminal: what would steer it, break the line or turn it is escaped."""
    return "".join(map(_escaped, text))


def shown(name: str) -> str:
    """A file's name in one spelling (Unicode NFC), with what can't be printed escaped."""
    return printable(unicodedata.normalize("NFC", name))


def _escaped(letter: str) -> str:
    if letter.isprintable() or unicodedata.category(letter) == "Zs":
        return letter
    return letter.encode("unicode_escape").decode()


def safe_name(text: str) -> str:
    """A name from a file or a folder, safe to stand in a sentence.

    Control characters, which could break lines or turn the direction of text, become spaces;
    a name that is written from right to left is isolated from what stands around it.
    """
    plain = "".join(" " if controls(letter) else letter for letter in text)
    plain = " ".join(plain.split()) or "(no name)"
    if any(unicodedata.bidirectional(letter) in {"R", "AL"} for letter in plain):
        return f"\u2068{plain}\u2069"
    return plain


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


def controls(letter: str) -> bool:
    """Whether a letter could break a line or turn the direction of text."""
    # Cf holds the marks that override direction, but also the joiners that some scripts need.
    category = unicodedata.category(letter)
    return category in {"Cc", "Cs", "Zl", "Zp"} or (
        category == "Cf" and letter not in "\u200c\u200d"
    )
