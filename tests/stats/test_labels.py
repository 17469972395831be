"""Answers against permuted labels: the exact variance, and how often chance is found to fit."""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

from paribus.stats.labels import drawn_permutation_p, label_permutation

RNG = np.random.default_rng(20261129)
Integers = npt.NDArray[np.int64]


def beyond_chance(answers: Integers, labels: Integers, classes: int) -> tuple[float, list[float]]:
    """Right answers beyond chance, mean over seeds: all, and of each class; by counting."""
    of_class = []
    for number in range(classes):
        right = np.mean([((row == number) & (labels == number)).sum() for row in answers])
        expected = np.mean([(row == number).mean() for row in answers]) * (labels == number).sum()
        of_class.append(float(right - expected))
    return sum(of_class), of_class


def test_its_variance_is_that_over_every_permutation() -> None:
    labels = np.array([0, 0, 1, 1, 2, 0])
    answers = RNG.integers(0, 3, (3, 6))
    every = [
        beyond_chance(answers, np.array(permuted), 3)
        for permuted in itertools.permutations(labels.tolist())
    ]
    observed, of_class = beyond_chance(answers, labels, 3)
    result = label_permutation(answers, labels, 3)
    sd = np.std([total for total, _ in every])
    assert np.mean([total for total, _ in every]) == pytest.approx(0)
    assert result.p == pytest.approx(2 * stats.norm.sf(abs(observed) / sd))
    for number in range(3):
        sd = np.std([each[number] for _, each in every])
        p = 2 * stats.norm.sf(abs(of_class[number]) / sd)
        assert result.by_class[number] == pytest.approx(p)


def test_seeds_that_agree_count_as_one() -> None:
    labels, answers = RNG.integers(0, 4, 200), RNG.integers(0, 4, (1, 200))
    once = label_permutation(answers, labels, 4)
    copied = label_permutation(np.repeat(answers, 8, axis=0), labels, 4)
    assert copied.p == pytest.approx(once.p)
    np.testing.assert_allclose(copied.by_class, once.by_class)


def test_one_answer_to_everything_is_what_every_permutation_gives() -> None:
    labels = np.arange(30) % 3
    result = label_permutation(np.full((5, 30), 2), labels, 3)
    assert result.p == 1 and (result.by_class == 1).all()


def test_alike_but_unrelated_answers_are_found_in_5_of_100_where_a_t_test_finds_half() -> None:
    labels = np.arange(200) % 10
    found, by_seeds = 0, 0
    for _ in range(300):
        leaning = 2 * RNG.normal(size=(200, 10))
        answers = (leaning + RNG.normal(size=(8, 200, 10))).argmax(axis=2)
        result = label_permutation(answers, labels, 10)
        found += int(result.p <= 0.05)
        by_seeds += int(stats.ttest_1samp((answers == labels).mean(axis=1), 0.1).pvalue <= 0.05)
    assert found / 300 < 0.09
    assert by_seeds / 300 > 0.3


def test_answers_that_follow_the_labels_are_found() -> None:
    labels = np.arange(200) % 10
    follow = RNG.random((5, 200)) < 0.2
    answers = np.where(follow, labels, RNG.integers(0, 10, (5, 200)))
    assert label_permutation(answers, labels, 10).p < 0.001


def test_drawn_permutations_agree_with_every_one_of_them() -> None:
    labels = np.array([0, 0, 1, 1, 2, 0])
    answers = np.array([[0, 0, 1, 2, 2, 1], [0, 1, 1, 1, 2, 0]])
    every = [
        abs(beyond_chance(answers, np.array(permuted), 3)[0])
        for permuted in itertools.permutations(labels.tolist())
    ]
    share = np.mean(np.array(every) >= abs(beyond_chance(answers, labels, 3)[0]) - 1e-9)
    assert drawn_permutation_p(answers, labels, 3) == pytest.approx(share, abs=0.02)


@pytest.mark.parametrize(
    ("labels", "classes"),
    [(np.arange(100), 100), (np.repeat([0, 1], [97, 3]), 2)],
    ids=["a class an image", "a rare class"],
)
def test_few_right_answers_mislead_the_normal_law_and_not_drawn_permutations(
    labels: Integers, classes: int
) -> None:
    found = np.zeros(2)
    for _ in range(300):
        answers = RNG.permutation(labels)[None]
        above = beyond_chance(answers, labels, classes)[0] > 1e-9
        normal = label_permutation(answers, labels, classes).p
        drawn = drawn_permutation_p(answers, labels, classes)
        found += above * (np.array([normal, drawn]) <= 0.05)
    assert found[0] / 300 > 0.06
    assert found[1] / 300 < 0.05
