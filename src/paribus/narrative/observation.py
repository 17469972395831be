"""One observation: a sentence, and the numbers that it is bound to."""

from collections.abc import Mapping
from dataclasses import dataclass

#: Setting -> name -> number.
Numbers = Mapping[str, Mapping[str, float | None]]

#: So many settings are named at most; the tables have all.
MOST_NAMED = 8


@dataclass(frozen=True)
class Observation:
    """What the program says of a study in place of its author.

    Attributes:
        topic: what it is about, in a few words.
        sentences: in plain English, hedged as far as the evidence goes.
        numbers: those that the sentences hold, and their p values, by setting.
        figure: anchor of the part of the report that shows it.
    """

    topic: str
    sentences: tuple[str, ...]
    numbers: Numbers
    figure: str

    @property
    def text(self) -> str:
        """The sentences as one paragraph."""
        return " ".join(self.sentences)


def left_out(settings: int, where: str) -> list[str]:
    """A sentence on the settings that the others don't name."""
    left = settings - MOST_NAMED
    if left <= 0:
        return []
    return [f"{left} more {'setting is' if left == 1 else 'settings are'} in {where}."]
