"""Is a setting's test accuracy above chance at all? Until it is shown to be, nothing is best.

Chance is the accuracy of the same answers given to random images, as in `effects`. Labels are
permuted over the images, the same for all seeds, since their answers may fit these labels by the
same accident. This is about the networks that were trained: if they do no better than chance, no
difference between them is worth a word. So no spread over seeds counts, as it does for `effects`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from paribus.comparison.values import Values
from paribus.metrics.interventions import beyond_chance
from paribus.records.types import Predictions
from paribus.stats.intervals import ALPHA
from paribus.stats.labels import drawn_permutation_p
from paribus.stats.paired import DIGITS


@dataclass(frozen=True)
class AgainstChance:
    """A setting's accuracy against that of unrelated answers given as often.

    Attributes:
        setting: its name.
        n_seeds: how many of its networks have predictions; failed runs don't count.
        accuracy, chance: their means over these networks, 0 to 1.
        p: two-sided, of "the answers have nothing to do with the labels".
    """

    setting: str
    n_seeds: int
    accuracy: float
    chance: float
    p: float

    @property
    def is_above(self) -> bool:
        """Whether the accuracy is shown to be above chance."""
        return self.accuracy > self.chance and self.p <= ALPHA


def against_chance(values: Values, setting: str, looks: int = 1) -> AgainstChance | None:
    """A setting's test accuracy against chance, in a study of so many looks.

    None without predictions, where all test images are of one class, and where images belong
    together in groups, so that their labels can't be permuted one by one.
    """
    runs = values.settings[setting].runs
    shown = [run.record.predictions for run in runs if run and run.record.predictions]
    if not shown or values.groups is not None or any(np.ptp(of.labels) == 0 for of in shown):
        return None
    n = len(values.classes)
    accuracy = float(np.mean([(of.predicted == of.labels).mean() for of in shown]))
    # Equal but for the last bits is equal: one answer to everything is exactly chance.
    beyond = np.array([beyond_chance(of.labels, of.predicted, n) for of in shown]).round(DIGITS)
    chance = accuracy - float(beyond.mean())
    return AgainstChance(setting, len(shown), accuracy, chance, _p(values, shown, looks))


def _p(values: Values, shown: Sequence[Predictions], looks: int) -> float:
    """The p value of permuted labels, times the looks.

    Of the first network alone where one may stop after any seed, since its p doesn't depend on how
    many follow; and where each seed splits the images anew, so that no two are tested on the same
    ones.
    """
    classes = len(values.classes)
    if values.anytime or not len(values.labels):
        first = shown[0]
        return drawn_permutation_p(first.predicted[None], first.labels, classes)
    p = drawn_permutation_p(np.stack([of.predicted for of in shown]), values.labels, classes)
    return min(1.0, looks * p)
