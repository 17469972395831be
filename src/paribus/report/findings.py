"""What the records say of a study's variations and claims, as far as they can be compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from paribus.claims.judge import ClaimVerdict, judge
from paribus.comparison.confusion import ConfusionDifference, compare_confusions
from paribus.comparison.study import StudyComparison, compare
from paribus.comparison.values import NOT_ANALYZED, Analyzed
from paribus.errors import ComparisonError
from paribus.narrative.observation import Observation
from paribus.narrative.observations import observe
from paribus.records.types import Record
from paribus.study.spec import Study
from paribus.tables import confusion_of


@dataclass(frozen=True)
class Findings:
    """The comparisons of a study and all that rests on them.

    Attributes:
        compared: None where the settings can't be compared, as with other test images.
        claims: the verdict on each claim.
        observations: in sentences, the most important first.
        confusions: variation -> its confusion matrix minus the baseline's, with two paired
            seeds or more.
        refused: why there are no comparisons, or no verdicts on claims; mostly none.
    """

    compared: StudyComparison | None
    claims: tuple[ClaimVerdict, ...]
    observations: tuple[Observation, ...]
    confusions: Mapping[str, ConfusionDifference]
    refused: tuple[str, ...]


def find(study: Study, records: Sequence[Record], analyzed: Analyzed = NOT_ANALYZED) -> Findings:
    """Compare, judge and observe; a report is written even where that can't be done."""
    try:
        compared = compare(study, records, analyzed)
    except ComparisonError as error:
        return Findings(None, (), (), {}, (str(error),))
    looks = None if isinstance(study.seeds, int) else study.seeds.looks
    claims: tuple[ClaimVerdict, ...] = ()
    refused: tuple[str, ...] = ()
    try:
        claims = judge(study, compared.values)
    except ComparisonError as error:
        refused = (str(error),)
    return Findings(
        compared, claims, observe(compared, looks), _confusions(study, records), refused
    )


def _confusions(study: Study, records: Sequence[Record]) -> dict[str, ConfusionDifference]:
    counts = {(r.facts.setting, r.facts.seed): confusion_of(r) for r in records if r.predictions}
    found = {}
    for name in study.variations:
        seeds = [
            seed
            for seed in range(study.most_seeds)
            if (name, seed) in counts and (study.baseline, seed) in counts
        ]
        if len(seeds) > 1:
            before, after = (
                np.stack([counts[setting, seed] for seed in seeds])
                for setting in (study.baseline, name)
            )
            found[name] = compare_confusions(before, after)
    return found
