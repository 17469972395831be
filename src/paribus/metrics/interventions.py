"""The changes that are made to test images to learn what a network looks at: the list.

`paribus.explain.interventions` makes them; this module needs no torch, so that a report can
name them anywhere.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Topic = Literal["background", "color", "position", "resolution", "texture"]

#: Areas of the center, in per cent of the image's.
AREAS = (25, 50, 75)
#: How what is blanked is filled: with the training images' mean color, or with the
#: image itself, blurred beyond recognition.
FILLS = ("mean", "blur")
#: How far an image is moved, in per cent of its side.
SHIFTS = (6, 12)
#: Standard deviations of a Gaussian blur, in per cent of the side.
BLURS = (3, 6)
#: Along each side, the patches that are shuffled.
SHUFFLES = (2, 4, 8)

#: The area that leaves as much image inside the center as outside, in per cent.
HALF = 50
#: Half of the image is seen, its surroundings or its center: the two are compared.
CENTER_BLANKED = f"center-blanked-{HALF}-mean"
SURROUNDINGS_BLANKED = f"surroundings-blanked-{HALF}-mean"


@dataclass(frozen=True)
class Intervention:
    """One change.

    Attributes:
        name: in tables and on disk, "center-blanked-50-mean".
        label: for readers, "center hidden, 50 %".
        topic: the cause that it asks about.
        amount: of the change, in the unit of its kind: the center's per cent of the area, per
            cent of the side or of the color, or the patches along a side.
    """

    name: str
    label: str
    topic: Topic
    amount: int


def interventions(channels: int) -> tuple[Intervention, ...]:
    """Every change that is made to images of so many channels, cause by cause.

    Only images of three channels (red, green, blue) can lose their color.
    """
    gray = Intervention("gray", "gray", "color", 100)
    return (
        *_blanked("center", "center hidden, {} %"),
        *_blanked("surroundings", "center alone, {} %"),
        *([gray] if channels == 3 else []),
        *_graded("shift", "shifted, {} %", "position", SHIFTS),
        *_graded("blur", "blurred, {} %", "resolution", BLURS),
        *_graded("shuffle", "shuffled, {0} x {0}", "texture", SHUFFLES),
    )


def center(side_h: int, side_w: int, area: int) -> tuple[int, int, int, int]:
    """The rectangle in an image's middle, of its proportions, that has `area` per cent of it.

    Its sides are rounded to whole pixels, and so is where it begins, up and to the left.

    Args:
        side_h, side_w: the image's height and width, in pixels; at least 4.

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
