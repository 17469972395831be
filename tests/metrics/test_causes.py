"""What a network looks at as numbers: agreement beyond chance, and what it rests on."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from paribus.metrics.interventions import (
    CENTER_BLANKED,
    SURROUNDINGS_BLANKED,
    beyond_chance,
    by_chance,
    cause_values,
)
from paribus.metrics.registry import CAUSES
from paribus.records.types import Integers, Interventions, Predictions

ANSWERS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=40)


def shown(answers: Integers, labels: Integers, classes: int = 4) -> Predictions:
    log_probabilities = np.full((len(answers), classes), -5.0, np.float32)
    log_probabilities[np.arange(len(answers)), answers] = -0.1
    return Predictions(np.arange(len(answers)), labels, log_probabilities, log_probabilities)


def result(around: Integers, center: Integers, **others: Integers) -> Interventions:
    return Interventions(
        predicted={CENTER_BLANKED: around, SURROUNDINGS_BLANKED: center, **others},
        outside=np.array([0.2, 0.4], np.float32),
    )


@given(ANSWERS)
def test_agreement_by_chance_is_that_of_all_pairs_of_answers(pairs: list[tuple[int, int]]) -> None:
    first, second = np.array(pairs).T
    every = [a == b for a in first for b in second]
    assert by_chance(first, second, 4) == pytest.approx(np.mean(every))


@given(ANSWERS)
def test_agreement_beyond_chance_is_the_numerator_of_cohens_kappa(
    pairs: list[tuple[int, int]],
) -> None:
    first, second = np.array(pairs).T
    chance = by_chance(first, second, 4)
    if chance < 1:
        kappa = cohen_kappa_score(first, second, labels=range(4))
        assert beyond_chance(first, second, 4) == pytest.approx(kappa * (1 - chance), abs=1e-9)


def test_a_network_that_always_says_the_same_agrees_with_itself_by_chance_alone() -> None:
    assert beyond_chance(np.full(9, 2), np.full(9, 2), 4) == 0


def test_of_no_image_nothing_is_known() -> None:
    assert math.isnan(beyond_chance(np.zeros(0, int), np.zeros(0, int), 4))


LABELS = np.arange(40) % 4
DRAW = np.random.default_rng(1)
NOISE = DRAW.permutation(LABELS)


def test_a_network_that_sees_only_the_background_relies_on_it_wholly() -> None:
    answers = np.where(np.arange(40) < 20, LABELS, (LABELS + 1) % 4)  # half of them wrong
    values = cause_values(shown(answers, LABELS), 4, result(around=answers, center=NOISE))
    assert values["background_reliance"] > 0.6
    assert values["background_in_failures"] > 0.6
    assert values["background_learned"] == pytest.approx(0.5 - 0.25)


def test_a_network_that_sees_only_the_object_doesnt_rely_on_the_background() -> None:
    answers = np.where(np.arange(40) < 20, LABELS, (LABELS + 1) % 4)
    values = cause_values(shown(answers, LABELS), 4, result(around=NOISE, center=answers))
    assert values["background_reliance"] < -0.6
    assert values["background_in_failures"] < -0.6
    assert abs(values["background_learned"]) < 0.15


def test_the_background_may_decide_mistakes_alone() -> None:
    right = np.arange(40) < 20
    answers = np.where(right, LABELS, (LABELS + 1) % 4)
    around, center = np.where(right, NOISE, answers), np.where(right, answers, NOISE)
    values = cause_values(shown(answers, LABELS), 4, result(around, center))
    assert values["background_in_failures"] > 0.6
    assert values["background_reliance"] < values["background_in_failures"] - 0.4


def test_without_a_mistake_nothing_is_known_of_mistakes() -> None:
    values = cause_values(shown(LABELS, LABELS), 4, result(LABELS, NOISE))
    assert math.isnan(values["background_in_failures"])


def test_what_a_change_costs_is_accuracy_before_minus_after() -> None:
    gray = np.where(np.arange(40) < 30, LABELS, (LABELS + 1) % 4)
    values = cause_values(shown(LABELS, LABELS), 4, result(LABELS, NOISE, gray=gray))
    assert values["drop:gray"] == pytest.approx(0.25)


def test_attribution_outside_is_a_mean_over_images_that_have_one() -> None:
    items = result(LABELS, NOISE)
    items.outside[1] = np.nan
    assert cause_values(shown(LABELS, LABELS), 4, items)["attribution_outside"] == pytest.approx(
        0.2
    )


def test_every_value_is_a_metric_that_can_be_compared() -> None:
    values = cause_values(shown(LABELS, LABELS), 4, result(LABELS, NOISE, gray=LABELS))
    assert values.keys() <= CAUSES.keys()
