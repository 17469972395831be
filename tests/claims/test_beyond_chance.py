"""A claim about what goes beyond chance must hold on new test images, not on these alone."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ttest_1samp

from paribus.claims.judge import ClaimVerdict, judge
from paribus.comparison.values import Analyzed, values
from paribus.metrics.interventions import CENTER_BLANKED, SURROUNDINGS_BLANKED
from paribus.narrative.claims import evidence
from paribus.records.types import Integers, Interventions, Record
from paribus.study.spec import Study
from synthetic import make_records, make_study

SEEDS, IMAGES = 8, 300
LABELS = np.arange(IMAGES) % 10


@pytest.fixture(scope="module")
def study() -> Study:
    plain = make_study(seeds=SEEDS, epochs=2, settings=["main", "l2"]).model_dump()
    test = {"metric": "background_learned", "within": {"main": [0, 1]}}
    claims = [{"id": "it", "says": "Something is learned from the background.", "test": test}]
    return Study.model_validate(plain | {"claims": claims})


@pytest.fixture(scope="module")
def records(study: Study) -> list[Record]:
    return make_records(study, images=IMAGES)


def verdict(study: Study, records: list[Record], around: Integers) -> ClaimVerdict:
    """If the surroundings alone give these answers (seeds, images)."""
    analyzed: Analyzed = {
        (r.facts.setting, r.facts.seed): Interventions(
            {CENTER_BLANKED: around[r.facts.seed], SURROUNDINGS_BLANKED: LABELS},
            np.array([0.5], np.float32),
        )
        for r in records
    }
    (result,) = judge(study, values(study, records, analyzed))
    return result


def alike(number: int) -> Integers:
    """Answers that have nothing to do with the labels, nearly the same from all seeds."""
    random = np.random.default_rng(number)
    leaning = 3 * random.normal(size=(IMAGES, 10))
    return np.asarray((leaning + random.normal(size=(SEEDS, IMAGES, 10))).argmax(axis=2))


def test_what_all_seeds_fit_by_accident_supports_nothing(
    study: Study, records: list[Record]
) -> None:
    distance = {number: abs((alike(number) == LABELS).mean() - 0.12) for number in range(40)}
    lucky = alike(min(distance, key=lambda number: distance[number]))
    accuracies = (lucky == LABELS).mean(axis=1)
    assert ttest_1samp(accuracies, 0.1).pvalue < 0.01  # seeds alone would show it
    found = verdict(study, records, lucky)
    assert found.verdict == "undecided"
    assert found.interval is not None and found.interval.low is not None
    assert found.interval.low < 0
    assert "Chance depends on the test images" in evidence(found)


def test_what_is_learned_is_supported(study: Study, records: list[Record]) -> None:
    random = np.random.default_rng(1)
    learned = np.where(random.random((SEEDS, IMAGES)) < 0.2, LABELS, alike(2))
    assert verdict(study, records, learned).verdict == "supported"
