"""What a network looks at, as numbers of a run: how its answers change with the images.

Two networks, or one network before and after a change, agree on some images by chance alone,
and a network that answers "ship" to everything agrees with itself always. So agreement counts
here only as far as it goes beyond chance: the share of images on which two answers agree,
minus the share expected of unrelated answers that are given as often (the numerator of Cohen's
kappa, Cohen 1960).
"""

import math

import numpy as np

from paribus.metrics.interventions import CENTER_BLANKED, SURROUNDINGS_BLANKED
from paribus.records.types import Integers, Interventions, Predictions


def by_chance(predicted: Integers, others: Integers, classes: int) -> float:
    """The share of images on which unrelated answers, given as often, would agree.

    Args:
        answers, others: (n,) class numbers, n at least 1.
    """
    first, second = (
        np.bincount(given, minlength=classes) / len(given) for given in (predicted, others)
    )
    return float(first @ second)


def beyond_chance(predicted: Integers, others: Integers, classes: int) -> float:
    """The share of images (n,) on which the answers agree, minus that by chance; NaN of none."""
    if not len(predicted):
        return math.nan
    return float((predicted == others).mean()) - by_chance(predicted, others, classes)


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
    wrong = predicted != shown.labels
    accuracy = float(1 - wrong.mean())
    outside = interventions.outside[np.isfinite(interventions.outside)]
    values = {
        f"drop:{name}": accuracy - float((changed == shown.labels).mean())
        for name, changed in interventions.predicted.items()
    }
    values["attribution_outside"] = float(outside.mean()) if len(outside) else math.nan
    around, center = (
        interventions.predicted.get(n) for n in (CENTER_BLANKED, SURROUNDINGS_BLANKED)
    )
    if around is None or center is None:
        return values
    return values | {
        "background_learned": beyond_chance(shown.labels, around, classes),
        "background_reliance": _reliance(predicted, around, center, classes),
        "background_in_failures": _reliance(
            predicted[wrong], around[wrong], center[wrong], classes
        ),
    }


def _reliance(predicted: Integers, around: Integers, center: Integers, classes: int) -> float:
    return beyond_chance(predicted, around, classes) - beyond_chance(predicted, center, classes)
