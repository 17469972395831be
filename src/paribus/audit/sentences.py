"""Sentences that rank classes, read; all others are left alone.

"All three settings do worst on dog." is read as: worst, dog, in all settings. Reading stays
within a small vocabulary on purpose. A sentence with a word outside it ("except", "second",
"because") may mean anything, and guessing would put words into its authors' mouths.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Literal

from paribus.audit.ranks import RANKED_BY, Extreme

EXTREMES: dict[str, Extreme] = {
    "best": "best",
    "highest": "best",
    "worst": "worst",
    "lowest": "worst",
}
#: A class's accuracy is the share of its images called right: its recall.
METRICS = {"recall": "recall", "accuracy": "recall", "precision": "precision", "f1": "f1"}
COUNTS = {"two": 2, "both": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7}
COUNTS |= {"eight": 8, "nine": 9, "ten": 10}
CLASS_WORDS = {"class", "classes"}
_OTHER_WORDS = """
a all always an and are at by clearly consistently each every for get gets had has have in is
of on our over that the their these this those throughout to under was we were with across
setting settings network networks model models variation variations run runs test
classified classifies classify recognized recognizes recognized recognizes
achieve achieved achieves did do does perform performed performs reach reached reaches
result results score scores value values
"""
VOCABULARY = (
    {*_OTHER_WORDS.split()} | CLASS_WORDS | EXTREMES.keys() | METRICS.keys() | COUNTS.keys()
)


@dataclass(frozen=True)
class Reading:
    """What a sentence claims: these classes are the best, or the worst, in these settings.

    Attributes:
        extreme: best or worst.
        classes: as the file calls them.
        settings: those that the sentence names, or all.
        metrics: those that it names, or all three.
    """

    extreme: Extreme
    classes: tuple[str, ...]
    settings: tuple[str, ...]
    metrics: tuple[str, ...]


@dataclass(frozen=True)
class Unread:
    """Why a claim isn't checked."""

    why: str


#: Most sentences of a report are of this kind.
NOT_A_RANKING = Unread(
    "it doesn't rank classes; whatever else it needs (curves, times, images, further seeds) "
    "the file doesn't hold"
)


@dataclass(frozen=True)
class _Part:
    """A name or a word of a sentence; `ambiguous` is what may be either."""

    kind: Literal["class", "setting", "word", "ambiguous"]
    text: str


def read_sentence(says: str, classes: Sequence[str], settings: Sequence[str]) -> Reading | Unread:
    """Read a sentence that ranks classes, or say why it isn't read.

    Args:
        says: the sentence.
        classes, settings: as the file calls them.
    """
    parts = _parts(says, classes, settings)
    words = [part.text for part in parts if part.kind == "word"]
    named = _named(parts, "class")
    if not EXTREMES.keys() & words or not any(p.kind in ("class", "ambiguous") for p in parts):
        return NOT_A_RANKING
    among = _named(parts, "setting") or tuple(settings)
    if doubt := _doubt(parts, words) or _wrong_count(parts, len(named), len(among)):
        return Unread(doubt)
    (extreme,) = {EXTREMES[word] for word in words if word in EXTREMES}
    metrics = dict.fromkeys(METRICS[word] for word in words if word in METRICS)
    return Reading(extreme, named, among, tuple(metrics) or RANKED_BY)


def _doubt(parts: Sequence[_Part], words: Sequence[str]) -> str | None:
    """What keeps a sentence about best or worst classes from being understood."""
    for part in parts:
        if part.kind == "ambiguous":
            return f"{part.text!r} may be a name or another word; give it a `test`"
    for word in words:
        if word not in VOCABULARY and not word.isdecimal():
            return f"the word {word!r} is beyond what is read; give it a `test`"
    if len({EXTREMES[word] for word in words if word in EXTREMES}) > 1:
        return "it speaks of the best and the worst at once; make it two"
    kinds = [part.kind for part in parts if part.kind != "word"]
    if len(list(groupby(kinds))) > 2:
        return "which class goes with which setting isn't plain; make it several"
    return None


def _wrong_count(parts: Sequence[_Part], classes: int, settings: int) -> str | None:
    """Where a number in the sentence ("all three settings") isn't that of what it is read as."""
    for part, following in pairwise(parts):
        number = COUNTS.get(part.text) or (int(part.text) if part.text.isdecimal() else None)
        if part.kind != "word" or number is None:
            continue
        of_classes = following.kind == "class" or following.text in CLASS_WORDS | EXTREMES.keys()
        read, what = (classes, "classes") if of_classes else (settings, "settings")
        if number != read:
            return f"it speaks of {number} {what}, but would be read of {read}; give it a `test`"
    return None


def _named(parts: Sequence[_Part], kind: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.text for part in parts if part.kind == kind))


def _parts(says: str, classes: Sequence[str], settings: Sequence[str]) -> list[_Part]:
    """The sentence as names and words; of several names that fit the longest counts."""
    names = [(_Part("class", name), _words(name)) for name in classes]
    names += [(_Part("setting", name), _words(name)) for name in settings]
    words, parts = _words(says), []
    while words:
        part, length = _first(words, names)
        parts.append(part)
        words = words[length:]
    return parts


def _first(words: list[str], names: list[tuple[_Part, list[str]]]) -> tuple[_Part, int]:
    """The name or word that the words begin with, and how many words it takes."""
    fitting = [(part, len(name)) for part, name in names if _fits(part, name, words)]
    longest = max((length for _, length in fitting), default=1)
    candidates = [part for part, length in fitting if length == longest]
    is_word = longest == 1 and (words[0] in VOCABULARY or words[0].isdecimal())
    if not candidates:
        return _Part("word", words[0]), 1
    if len(candidates) > 1 or is_word:
        return _Part("ambiguous", words[0]), longest
    return candidates[0], longest


def _fits(part: _Part, name: list[str], words: list[str]) -> bool:
    """Whether the words begin with this name; "cats" is cat, batch normalization batch-norm."""
    begin = words[: len(name)]
    if not name or len(begin) < len(name):
        return False
    if part.kind == "class":
        return begin[:-1] == name[:-1] and begin[-1] in (name[-1], name[-1] + "s", name[-1] + "es")
    longer = len(name) > 1 and min(map(len, name)) >= 3
    return begin == name or (
        longer and all(word.startswith(of) for word, of in zip(begin, name, strict=True))
    )


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.casefold())
