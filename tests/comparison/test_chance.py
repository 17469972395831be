"""Whether a setting's test accuracy is shown to be above chance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

from paribus.comparison.chance import AgainstChance, against_chance
from paribus.comparison.values import Values, values
from paribus.records.types import Predictions
from paribus.study.spec import Study
from synthetic import make_records, make_study

CLASSES = ("cat", "dog", "ship")
LABELS = np.arange(60) % 3
RNG = np.random.default_rng(20261129)
Integers = npt.NDArray[np.int64]


def study(seeds: int) -> Study:
    return make_study(seeds=seeds, epochs=2, settings=("main",))


def answered(
    answers: Integers,
    labels: Integers = LABELS,
    *,
    group: Integers | None = None,
    splits: bool = False,
) -> Values:
    """The values of networks that gave these answers (seeds, images)."""
    of = study(len(answers))
    made = make_records(of, classes=CLASSES, images=answers.shape[1])
    index = np.arange(answers.shape[1])
    records = [
        replace(record, predictions=Predictions(index, labels, given=row, group=group))
        for record, row in zip(made, answers, strict=True)
    ]
    found = values(of, records)
    return replace(found, labels=np.zeros(0, np.int64), resampled=0.25) if splits else found


def told(answers: Integers, labels: Integers = LABELS, looks: int = 1) -> AgainstChance:
    found = against_chance(answered(answers, labels), "main", looks)
    assert found is not None
    return found


def right_in(shares: list[float]) -> Integers:
    """Answers right on these shares of the images, else at random."""
    follow = RNG.random((len(shares), len(LABELS))) < np.array(shares)[:, None]
    return np.asarray(np.where(follow, LABELS, RNG.integers(0, 3, follow.shape)))


def test_networks_that_learned_are_above_the_same_answers_to_random_images() -> None:
    answers = right_in([0.5, 0.6, 0.7, 0.5])
    found = told(answers)
    assert found.is_above and found.n_seeds == 4 and found.p < 0.05
    assert found.accuracy == pytest.approx((answers == LABELS).mean())
    shares = [np.bincount(row, minlength=3) / 60 for row in answers]
    assert found.chance == pytest.approx(np.mean([share.sum() / 3 for share in shares]))


def test_two_seeds_that_learned_are_enough_however_far_apart() -> None:
    """It is about the trained networks; a t test over two seeds would tell little of others."""
    answers = right_in([0.4, 1.0])
    assert stats.ttest_1samp((answers == LABELS).mean(axis=1), 1 / 3).pvalue > 0.05
    assert told(answers).is_above


def test_answers_that_all_seeds_give_to_these_images_are_judged_by_permuted_labels() -> None:
    """The same accident in all seeds, which a t test over them takes for certain."""
    one = np.roll(LABELS, 1)
    one[:22] = LABELS[:22]
    few = RNG.random((8, 60)) < 0.03
    found = told(np.where(few, RNG.integers(0, 3, (8, 60)), one))
    assert found.accuracy > 0.34 and found.p > 0.3
    assert not found.is_above


def test_below_chance_is_not_above() -> None:
    found = told(np.tile((LABELS + 1) % 3, (3, 1)))
    assert found.p < 0.01 and not found.is_above


@pytest.mark.parametrize("seeds", [1, 2, 6])
def test_one_answer_to_everything_is_exactly_chance(seeds: int) -> None:
    labels = np.repeat([0, 1, 2], [31, 18, 11])
    found = told(np.tile(np.arange(seeds)[:, None] % 3, (1, 60)), labels)
    assert found.accuracy == found.chance and found.p == 1
    assert not found.is_above


@pytest.mark.parametrize("seeds", [1, 3])
def test_networks_that_are_always_right_are_above_however_few(seeds: int) -> None:
    """Without a spread over seeds a t test would say nothing."""
    assert told(np.tile(LABELS, (seeds, 1))).is_above


def test_each_look_is_another_chance_to_err() -> None:
    answers = right_in([0.3, 0.4, 0.3, 0.4, 0.3])
    assert told(answers, looks=4).p == pytest.approx(4 * told(answers).p)


def test_where_one_may_stop_at_any_seed_the_first_network_decides_alone() -> None:
    answers = right_in([0.2, 0.9, 0.9, 0.9])
    found = answered(answers)
    at_any = against_chance(replace(found, anytime=True), "main", 7)
    assert at_any is not None and at_any.n_seeds == 4
    assert at_any.p == told(answers[:1]).p
    assert at_any.accuracy == pytest.approx((answers == LABELS).mean())


def test_so_it_does_where_each_seed_has_test_images_of_its_own() -> None:
    answers = right_in([0.6, 0.1, 0.1])
    found = against_chance(answered(answers, splits=True), "main")
    assert found is not None and found.p == told(answers[:1]).p


def test_it_is_not_known_of_groups_of_one_class_and_without_predictions() -> None:
    answers = right_in([0.9, 0.9])
    assert against_chance(answered(answers, group=LABELS), "main") is None
    assert against_chance(answered(answers, np.zeros(60, np.int64)), "main") is None
    assert against_chance(values(study(2), []), "main") is None
