"""What a network looks at: the changes made to test images to learn it, and numbers of a run.

`paribus.explain.interventions` makes the changes; this module needs no torch, so that a report
can name them anywhere.

Two networks, or one network before and after a change, agree on some images by chance alone,
and a network that answers "ship" to everything agrees with itself always. So agreement counts
here only as far as it goes beyond chance: the share of images on which two answers agree,
minus the share expected of unrelated answers that are given as often (the numerator of Cohen's
kappa, Cohen 1960).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from paribus.metrics.classification import Figures
from paribus.records.types import Integers, Interventions, Predictions

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

    Its name is that in tables and on disk, "center-blanked-50-mean"; its label is for readers. The
    amount is in the unit of its kind: the center's per cent of the area, per cent of the side or
    of the color, or the patches along a side.
    """

    name: str
    label: str
    topic: Topic
    amount: int


def interventions(channels: int) -> tuple[Intervention, ...]:
    """Every change that is made to images of so many channels, cause by cause.

    Only images of three channels (red, green, blue) can lose their color.
    """
    return (
        *_blanked("center", "center hidden, {} %"),
        *_blanked("surroundings", "center alone, {} %"),
        *([Intervention("gray", "gray", "color", 100)] if channels == 3 else []),
        *_graded("shift", "shifted, {} %", "position", SHIFTS),
        *_graded("blur", "blurred, {} %", "resolution", BLURS),
        *_graded("shuffle", "shuffled, {0} x {0}", "texture", SHUFFLES),
    )


def center(side_h: int, side_w: int, area: int) -> tuple[int, int, int, int]:
    """The rectangle in an image's middle, of its proportions, that has `area` per cent of it.

    Top, left, height and width, in pixels, of an image of at least 4 x 4. The sides are rounded to
    whole pixels, and so is where it begins, up and to the left.
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


def by_chance(predicted: Integers, others: Integers, classes: int) -> float:
    """The share of images (n,), at least one, on which unrelated answers would agree."""
    return float(shares(predicted, classes) @ shares(others, classes))


def shares(predicted: Integers, classes: int) -> Figures:
    """How often each class is given as an answer: (classes,)."""
    return np.asarray(np.bincount(predicted, minlength=classes) / len(predicted))


def beyond_chance(predicted: Integers, others: Integers, classes: int) -> float:
    """The share of images (n,) on which the answers agree, minus that by chance; NaN of none."""
    if not len(predicted):
        return math.nan
    return float((predicted == others).mean()) - by_chance(predicted, others, classes)


def beyond_chance_of_images(predicted: Integers, others: Integers, classes: int) -> Figures:
    """What each image (n,) adds to `beyond_chance`, which is their mean.

    If the image counts a little more, so do its two answers in how often each is given, by which
    chance is worked out (its linear part; Efron 1982).
    """
    if not len(predicted):
        return np.zeros(0)
    ours, theirs = shares(predicted, classes), shares(others, classes)
    return np.asarray((predicted == others) - theirs[predicted] - ours[others] + ours @ theirs)


def cause_values(
    shown: Predictions, classes: int, interventions: Interventions
) -> dict[str, float]:
    """The metrics of `paribus.metrics.registry.CAUSES` of one run, by name.

    - `background_learned`: how far the network is right beyond chance where the center, half of
      the area, is blanked: it can only have learnt that from the surroundings.
    - `background_reliance`: how often, beyond chance, it keeps its answer where it sees the
      surroundings alone, minus how often where it sees the center alone. Both are half of the
      image; above 0, the surroundings decide more than the center does.
    - `background_in_failures`: the same on the images it is wrong about, where its answer is
      a wrong one: above 0, its mistakes come from the surroundings more than from the center.
    - `attribution_outside`: the share of what speaks for its answers, by integrated gradients,
      that lies outside the central half.
    - `drop:<intervention>`: its accuracy minus that on the changed images.
    """
    predicted = shown.predicted
    accuracy = float((predicted == shown.labels).mean())
    outside = interventions.outside[np.isfinite(interventions.outside)]
    values = {
        f"drop:{name}": accuracy - float((changed == shown.labels).mean())
        for name, changed in interventions.predicted.items()
    }
    values["attribution_outside"] = float(outside.mean(dtype=float)) if len(outside) else math.nan
    of_images = cause_values_of_images(shown, classes, interventions)
    return values | {
        name: float(each.mean()) if len(each) else math.nan for name, each in of_images.items()
    }


def cause_values_of_images(
    shown: Predictions, classes: int, interventions: Interventions
) -> dict[str, Figures]:
    """What each test image (n,) adds to the metrics of the background, which are their means.

    Of `background_in_failures` an image that is right adds nothing but the mean; empty where none
    is wrong.
    """
    around, center = (
        interventions.predicted.get(n) for n in (CENTER_BLANKED, SURROUNDINGS_BLANKED)
    )
    if around is None or center is None:
        return {}
    predicted = shown.predicted
    wrong = predicted != shown.labels
    of_failures = _reliance(predicted[wrong], around[wrong], center[wrong], classes)
    in_failures = np.zeros(0)
    if len(of_failures):
        in_failures = np.full(len(wrong), of_failures.mean())
        in_failures[wrong] += (of_failures - of_failures.mean()) * len(wrong) / wrong.sum()
    return {
        "background_learned": beyond_chance_of_images(shown.labels, around, classes),
        "background_reliance": _reliance(predicted, around, center, classes),
        "background_in_failures": in_failures,
    }


def _reliance(predicted: Integers, around: Integers, center: Integers, classes: int) -> Figures:
    """What each image adds to how much more often the answer stays with the surroundings alone."""
    kept = (beyond_chance_of_images(predicted, part, classes) for part in (around, center))
    return np.asarray(np.subtract(*kept))
