"""The observations that a study's author would write by hand, written from its numbers.

Every sentence follows from a verdict or a count: an undecided test is only said to be
undecided, and a metric without values is passed over.
"""

from collections.abc import Sequence

from paribus.comparison.study import StudyComparison
from paribus.narrative.best import on_best_setting
from paribus.narrative.differences import on_differences
from paribus.narrative.observation import Observation
from paribus.narrative.seeds import on_pairing, on_spread
from paribus.narrative.settings import on_classes, on_overfitting


def observe(
    compared: StudyComparison, looks: Sequence[int] | None = None
) -> tuple[Observation, ...]:
    """All that can be said of a study, the most important first.

    Args:
        looks: those of a study that adds seeds until it is decided. The ranks of classes then
            allow for them as the primary metric does; other metrics are tested on the seeds
            there are.
    """
    return (
        *on_best_setting(compared),
        *on_overfitting(compared),
        *on_classes(compared, looks),
        *on_differences(compared),
        *on_spread(compared),
        *on_pairing(compared),
    )
