"""The changes that are made to test pictures to learn what a network looks at: the list.

`paribus.evaluation.intervene` makes them; this module needs no torch, so that a report can
name them anywhere.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Topic = Literal["background", "colour", "position", "resolution", "texture"]

#: Areas of the centre, in per cent of the picture's.
AREAS = (25, 50, 75)
#: How what is blanked is filled: with the training pictures' mean colour, or with the
#: picture itself, blurred beyond recognition.
FILLS = ("mean", "blur")
#: How far a picture is moved, in per cent of its side.
SHIFTS = (6, 12)
#: Standard deviations of a Gaussian blur, in per cent of the side.
BLURS = (3, 6)
#: Along each side, the patches that are shuffled.
SHUFFLES = (2, 4, 8)

#: The area that leaves as much picture inside the centre as outside, in per cent.
HALF = 50
#: Half of the picture is seen, its surroundings or its centre: the two are compared.
CENTRE_BLANKED = f"centre-blanked-{HALF}-mean"
SURROUNDINGS_BLANKED = f"surroundings-blanked-{HALF}-mean"


@dataclass(frozen=True)
class Intervention:
    """One change.

    Attributes:
        name: in tables and on disk, "centre-blanked-50-mean".
        label: for readers, "centre hidden, 50 %".
        topic: the cause that it asks about.
        amount: of the change, in the unit of its kind: the centre's per cent of the area, per
            cent of the side or of the colour, or the patches along a side.
    """

    name: str
    label: str
    topic: Topic
    amount: int


def interventions(channels: int) -> tuple[Intervention, ...]:
    """Every change that is made to pictures of so many channels, cause by cause.

    Only pictures of three channels (red, green, blue) can lose their colour.
    """
    grey = Intervention("grey", "grey", "colour", 100)
    return (
        *_blanked("centre", "centre hidden, {} %"),
        *_blanked("surroundings", "centre alone, {} %"),
        *([grey] if channels == 3 else []),
        *_graded("shift", "shifted, {} %", "position", SHIFTS),
        *_graded("blur", "blurred, {} %", "resolution", BLURS),
        *_graded("shuffle", "shuffled, {0} x {0}", "texture", SHUFFLES),
    )


def centre(side_h: int, side_w: int, area: int) -> tuple[int, int, int, int]:
    """The rectangle in a picture's middle, of its proportions, that has `area` per cent of it.

    Its sides are rounded to whole pixels, and so is where it begins, up and to the left.

    Args:
        side_h, side_w: the picture's height and width, in pixels; at least 4.

    Returns:
        The rectangle's top, left, height and width, in pixels.
    """
    share = math.sqrt(area / 100)
    height, width = round(side_h * share), round(side_w * share)
    return (side_h - height) // 2, (side_w - width) // 2, height, width


def _blanked(part: str, label: str) -> list[Intervention]:
    ends = {"mean": "", "blur": " (blurred)"}
    return [
        Intervention(
            f"{part}-blanked-{area}-{fill}", label.format(area) + ends[fill], "background", area
        )
        for area in AREAS
        for fill in FILLS
    ]


def _graded(kind: str, label: str, topic: Topic, amounts: Sequence[int]) -> list[Intervention]:
    return [Intervention(f"{kind}-{n}", label.format(n), topic, n) for n in amounts]
