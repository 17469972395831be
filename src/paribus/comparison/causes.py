"""What a network looks at, as numbers of a run: how its answers change with the pictures.

Two networks, or one network before and after a change, agree on some pictures by chance alone,
and a network that answers "ship" to everything agrees with itself always. So agreement counts
here only as far as it goes beyond chance: the share of pictures on which two answers agree,
minus the share expected of unrelated answers that are given as often (the numerator of Cohen's
kappa, Cohen 1960).
"""

from __future__ import annotations

import math

import numpy as np

from paribus.records import Integers, Interventions, Predictions
from paribus.study.interventions import CENTRE_BLANKED, SURROUNDINGS_BLANKED


def by_chance(answers: Integers, others: Integers, classes: int) -> float:
    """The share of pictures on which unrelated answers, given as often, would agree.

    Args:
        answers, others: (n,) class numbers, n at least 1.
    """
    first, second = (np.bincount(its, minlength=classes) / len(its) for its in (answers, others))
    return float(first @ second)


def beyond_chance(answers: Integers, others: Integers, classes: int) -> float:
    """The share of pictures (n,) on which the answers agree, minus that by chance; NaN of none."""
    if not len(answers):
        return math.nan
    return float((answers == others).mean()) - by_chance(answers, others, classes)


def cause_values(shown: Predictions, found: Interventions) -> dict[str, float]:
    """The measures of `paribus.comparison.measure.CAUSES` of one run, by name.

    - `background_learned`: how far the network is right beyond chance where the centre, half of
      the area, is blanked: it can only have learnt that from the surroundings.
    - `background_reliance`: how often, beyond chance, it keeps its answer where it sees the
      surroundings alone, minus how often where it sees the centre alone. Both are half of the
      picture; above 0, the surroundings decide more than the centre does.
    - `background_in_failures`: the same on the pictures it is wrong about, where its answer is
      a wrong one: above 0, its mistakes come from the surroundings more than from the centre.
    - `attribution_outside`: the share of what speaks for its answers, by integrated gradients,
      that lies outside the central half.
    - `drop:<intervention>`: its accuracy minus that on the changed pictures.
    """
    answers, classes = shown.last.argmax(axis=1), shown.last.shape[1]
    wrong = answers != shown.labels
    accuracy = float(1 - wrong.mean())
    outside = found.outside[np.isfinite(found.outside)]
    values = {
        f"drop:{name}": accuracy - float((changed == shown.labels).mean())
        for name, changed in found.predicted.items()
    }
    values["attribution_outside"] = float(outside.mean()) if len(outside) else math.nan
    around, centre = (found.predicted.get(n) for n in (CENTRE_BLANKED, SURROUNDINGS_BLANKED))
    if around is None or centre is None:
        return values
    return values | {
        "background_learned": beyond_chance(shown.labels, around, classes),
        "background_reliance": _reliance(answers, around, centre, classes),
        "background_in_failures": _reliance(answers[wrong], around[wrong], centre[wrong], classes),
    }


def _reliance(answers: Integers, around: Integers, centre: Integers, classes: int) -> float:
    return beyond_chance(answers, around, classes) - beyond_chance(answers, centre, classes)
