"""Planted label errors come first; cleanlab is the oracle."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from cleanlab.count import get_confident_thresholds
from cleanlab.rank import get_label_quality_scores
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy.stats import kendalltau
from sklearn.datasets import load_digits

from calibration.label_errors import shares
from failures.made import Probabilities, some_records, surely, suspected
from paribus.failures.label_errors import adjusted_margin, class_thresholds, label_odds
from paribus.failures.outcomes import outcomes
from paribus.records.types import Integers
from paribus.study.spec import Study
from sessions import session_of

Flags = npt.NDArray[np.bool_]


def some_probabilities(
    number: int, classes: int, originals: int = 60
) -> tuple[Integers, Probabilities]:
    """Labels of which each class has one, and probabilities."""
    random = np.random.default_rng(number)
    labels = random.permutation(np.arange(originals) % classes)
    weights = random.random((originals, classes)) ** 2 + 1e-3
    weights[np.arange(originals), labels] *= random.uniform(1, 9)
    return labels, weights / weights.sum(axis=1, keepdims=True)


def planted(
    number: int, classes: int, seeds: int, originals: int = 400
) -> tuple[Integers, Probabilities, Flags]:
    """Labels, 8 % of them wrong; probabilities (seeds, n, classes) of runs that mostly know."""
    random = np.random.default_rng(number)
    true = random.integers(0, classes, originals)
    wrong = random.permutation(originals) < 0.08 * originals
    labels = np.where(wrong, (true + random.integers(1, classes, originals)) % classes, true)
    # Some images are hard, some look like another class to every seed, some classes are liked.
    logits = random.normal(0, 1, (originals, classes)) + random.normal(0, 0.7, classes)
    logits = logits + random.normal(0, 0.7, (seeds, originals, classes))
    logits[:, np.arange(originals), true] += random.normal(5, 1.5, originals)
    weights = np.exp(logits)
    return labels, weights / weights.sum(axis=2, keepdims=True), wrong


def found_in_top_fifth(rank: Integers, wrong: Flags) -> float:
    return float((rank[wrong] <= len(rank) / 5).mean())


# ---- the metric ---------------------------------------------------------------------------------


@given(st.integers(0, 2**32 - 1), st.integers(2, 12))
def test_thresholds_are_cleanlabs(number: int, classes: int) -> None:
    labels, probability = some_probabilities(number, classes)
    np.testing.assert_allclose(
        class_thresholds(labels, probability), get_confident_thresholds(labels, probability)
    )


@given(st.integers(0, 2**32 - 1), st.integers(2, 12))
def test_the_score_is_cleanlabs_quality_of_the_label_against_its_strongest_rival(
    number: int, classes: int
) -> None:
    labels, probability = some_probabilities(number, classes)
    (items,) = (suspected(outcomes(some_records(labels, {"main": [probability]}))),)
    adjusted = probability / get_confident_thresholds(labels, probability)
    rows = np.arange(len(labels))
    pair = np.column_stack([adjusted[rows, labels], adjusted[rows, items.given]])
    quality = get_label_quality_scores(
        np.tile([0, 1], 30), np.where(np.arange(60)[:, None] % 2, pair[:, ::-1], pair)
        / pair.sum(axis=1, keepdims=True), method="self_confidence",
    )  # fmt: skip
    np.testing.assert_allclose(1 - items.score, quality, rtol=1e-5)


def test_the_same_probability_means_more_for_a_class_that_is_rarely_given_it() -> None:
    # Class 1 gets 0.9 of its images, class 2 only 0.5; 0.45 of each, against a label 0.
    probability = np.array(
        [[0.9, 0.05, 0.05], [0.05, 0.9, 0.05], [0.25, 0.25, 0.5], [0.1, 0.45, 0.45]]
    )
    labels = np.array([0, 1, 2, 0])
    odds, other = label_odds(labels, probability)
    assert other[3] == 2
    assert odds[3] == pytest.approx(np.log((0.45 / 0.5) / (0.1 / 0.5)))


def test_a_hard_image_is_less_suspicious_than_one_with_a_firm_rival() -> None:
    sure = surely([[k % 4 for k in range(40)]], 4)[0]
    hard, firm = [0.1, 0.3, 0.3, 0.3], [0.1, 0.88, 0.01, 0.01]
    odds, _ = label_odds(np.array([*(np.arange(40) % 4), 0, 0]), np.vstack([sure, hard, firm]))
    assert odds[-1] > odds[-2] > 0 > odds[:-2].max()


def test_a_class_without_a_test_image_speaks_only_where_the_networks_are_certain() -> None:
    probability = np.array([[0.6, 0.3, 0.1], [0.3, 0.6, 0.1], [0.02, 0.0, 0.98]])
    labels = np.array([0, 1, 0])
    assert class_thresholds(labels, probability).tolist() == pytest.approx([0.31, 0.6, 1.0])
    odds, other = label_odds(labels, probability)
    assert other.tolist() == [1, 0, 2]
    assert odds[2] > 0 > odds[:2].max()


def test_a_class_that_no_image_of_it_is_ever_given_has_finite_odds() -> None:
    probability = np.array([[1.0, 0.0], [1.0, 0.0]])
    odds, _ = label_odds(np.array([0, 1]), probability)
    assert np.isfinite(odds).all()


def test_settings_count_equally_however_many_seeds_they_have() -> None:
    labels = np.array([0, 1, 0])
    yes, no = surely([[0, 1, 0]], 2, 0.8), surely([[0, 1, 1]], 2, 0.9)
    few = suspected(outcomes(some_records(labels, {"a": yes, "b": no})))
    many = suspected(outcomes(some_records(labels, {"a": yes, "b": np.concatenate([no] * 5)})))
    np.testing.assert_allclose(few.score, many.score)


@given(st.integers(0, 2**32 - 1), st.sampled_from([2, 3, 10, 200]))
@settings(deadline=None, max_examples=30)
def test_scores_lie_between_0_and_1_and_ranks_follow_them(number: int, classes: int) -> None:
    labels, probability = some_probabilities(number, classes)
    items = suspected(outcomes(some_records(labels, {"main": [probability]})))
    assert ((items.score >= 0) & (items.score <= 1)).all()
    assert sorted(items.rank.tolist()) == list(range(1, len(labels) + 1))
    assert (np.diff(items.score[np.argsort(items.rank)]) <= 0).all()
    assert (items.given != labels).all()


def test_of_equally_suspicious_images_the_lower_number_comes_first() -> None:
    items = suspected(outcomes(some_records([0, 0, 1], {"main": surely([[1, 1, 1]], 2)})))
    assert items.rank.tolist() == [1, 2, 3]


# ---- planted errors ------------------------------------------------------------------------------


@given(st.integers(0, 2**32 - 1), st.integers(3, 10), st.integers(2, 6))
@settings(max_examples=60, deadline=None)
def test_four_of_five_planted_errors_are_in_the_top_fifth(
    number: int, classes: int, seeds: int
) -> None:
    labels, probability, wrong = planted(number, classes, seeds)
    items = suspected(outcomes(some_records(labels, {"main": probability})))
    assert found_in_top_fifth(items.rank, wrong) >= 0.8


@given(st.integers(0, 10_000), st.integers(2, 9))
@settings(max_examples=20, deadline=None)
def test_the_adjusted_margin_orders_as_cleanlabs(number: int, classes: int) -> None:
    labels, probability = some_probabilities(number, classes)
    quality = get_label_quality_scores(
        labels, probability, method="normalized_margin", adjust_pred_probs=True
    )
    ours = adjusted_margin(labels, probability)
    assert kendalltau(ours, -quality).statistic == pytest.approx(1)
    items = suspected(outcomes(some_records(labels, {"main": probability[None]})))
    np.testing.assert_allclose(items.margin, ours, atol=1e-6)
    assert items.margin_rank[ours.argmax()] == 1


def test_errors_towards_the_likeliest_rival_are_found_by_the_adjusted_margin() -> None:
    """And those towards any class by the ratio: neither is better throughout."""
    rival, anything = (
        shares(50, 2.5, kind, repetitions=2) for kind in ("the likeliest rival", "any class")
    )
    assert rival[2] > rival[1] + 0.1
    assert anything[1] > anything[2] + 0.05


@pytest.mark.parametrize("classes", [2, 10, 100])
def test_the_ranking_finds_at_least_as_many_planted_errors_as_cleanlabs(classes: int) -> None:
    ours, theirs = [], []
    for number in range(10):
        labels, probability, wrong = planted(number, classes, seeds=3, originals=1000)
        mean = probability.mean(axis=0)
        labels[:classes] = np.where(wrong[:classes], labels[:classes], np.arange(classes))
        items = suspected(outcomes(some_records(labels, {"main": probability})))
        quality = get_label_quality_scores(
            labels, mean, method="normalized_margin", adjust_pred_probs=True
        )
        rank = np.argsort(np.argsort(quality, kind="stable")) + 1
        ours.append(found_in_top_fifth(items.rank, wrong))
        theirs.append(found_in_top_fifth(rank, wrong))
    assert np.mean(ours) >= np.mean(theirs) - 0.01


def write_mislabeled_digits(folder: Path) -> dict[bytes, str]:
    """Digits as PNG files, 8 % of the test images with another digit; pixels -> true digit."""
    digits, random = load_digits(), np.random.default_rng(4)
    truth = {}
    for number, digit in enumerate(digits.target):
        part = "test" if number % 3 == 0 else "train"
        moved = part == "test" and random.random() < 0.08
        label = (digit + random.integers(1, 10)) % 10 if moved else digit
        pixels = (digits.images[number] * 15.9).astype(np.uint8)
        file = folder / part / str(label) / f"{number}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(file)
        truth[pixels.tobytes()] = str(digit)
    return truth


def test_planted_errors_in_real_images_are_found_by_trained_networks(tmp_path: Path) -> None:
    truth = write_mislabeled_digits(tmp_path / "digits")
    study = Study.model_validate(
        {
            "name": "mislabeled digits",
            "data": {
                "source": "folder", "path": str(tmp_path / "digits"), "size": 16, "color": "gray",
            },
            "epochs": 4,
            "batch_size": 64,
            "seeds": 2,
        }
    )  # fmt: skip
    with session_of(study, tmp_path / "out") as session:
        session.train({"baseline": 2})
        items, data = outcomes(session.records()), session.data
    (one,) = items.values()
    pixels = [data["baseline"].originals.read(index).tobytes() for index in one.index.tolist()]
    labels = [one.classes[label] for label in one.labels]
    wrong = np.array([truth[p] != label for p, label in zip(pixels, labels, strict=True)])
    assert 30 < wrong.sum() < 70
    rank = suspected(items).rank
    assert found_in_top_fifth(rank, wrong) >= 0.8
    assert found_in_top_fifth(len(rank) + 1 - rank, wrong) < 0.1
