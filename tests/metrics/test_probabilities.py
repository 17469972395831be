"""Metrics of log probabilities: scikit-learn's numbers, and what each image adds to them."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sklearn_metrics
from sklearn.calibration import calibration_curve

from paribus.metrics.classification import class_shares
from paribus.metrics.probabilities import (
    BINS,
    calibration_errors,
    in_top,
    rank_values,
    squared_errors,
)
from paribus.records.types import Floats, Integers

RNG = np.random.default_rng(20261129)
Drawn = tuple[Floats, Integers]


def some_answers(number: int, images: int, classes: int, ties: bool = False) -> Drawn:
    """Log probabilities (images, classes), and labels that they know something about."""
    random = np.random.default_rng(number)
    labels = random.permutation(np.arange(images) % classes)
    logits = random.normal(0, 2, (images, classes))
    logits[np.arange(images), labels] += 1.5
    if ties:
        logits = logits.round()
    logs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    return logs.astype(np.float32), labels


drawn = st.builds(
    some_answers, st.integers(0, 9_999), st.integers(20, 80), st.integers(2, 9), st.booleans()
)


@given(drawn)
@settings(deadline=None, max_examples=15)
def test_they_are_scikit_learns(answers: Drawn) -> None:
    logs, labels = answers
    classes = range(logs.shape[1])
    balanced = sklearn_metrics.balanced_accuracy_score(labels, logs.argmax(axis=1))
    assert class_shares(labels, logs.argmax(axis=1)).mean() == pytest.approx(balanced)
    probabilities = np.exp(logs) / np.exp(logs).sum(axis=1, keepdims=True)
    wanted = np.eye(len(classes))[labels]
    brier = len(classes) * sklearn_metrics.mean_squared_error(wanted, probabilities)
    assert squared_errors(logs, labels).mean() == pytest.approx(brier)
    areas = [sklearn_metrics.roc_auc_score(labels == n, logs[:, n]) for n in classes]
    assert rank_values(logs, labels).mean() == pytest.approx(np.mean(areas))


@given(st.integers(0, 9_999), st.integers(6, 12))
@settings(deadline=None, max_examples=20)
def test_top_five_is_scikit_learns(number: int, classes: int) -> None:
    logs, labels = some_answers(number, 50, classes)
    theirs = sklearn_metrics.top_k_accuracy_score(labels, logs, k=5, labels=range(classes))
    assert in_top(logs, labels).mean() == pytest.approx(theirs)


def test_of_five_classes_the_true_one_is_always_among_the_first_five() -> None:
    assert np.isnan(in_top(*some_answers(1, 30, 5))).all()


def plain_calibration_error(logs: Floats, labels: Integers) -> float:
    """By scikit-learn's groups of equal size: the mean distance of confidence from accuracy."""
    right = logs.argmax(axis=1) == labels
    accuracy, confidence = calibration_curve(
        right, np.exp(logs.max(axis=1)), n_bins=BINS, strategy="quantile"
    )
    return float(np.abs(accuracy - confidence).mean())


def test_the_calibration_error_is_the_distance_in_groups_minus_what_chance_adds() -> None:
    logs, labels = some_answers(3, 60 * BINS, 4)
    confidence, right = np.exp(logs.max(axis=1)), logs.argmax(axis=1) == labels
    order, added = np.argsort(confidence), []
    for group in order.reshape(BINS, 60):
        d, p = abs(confidence[group].mean() - right[group].mean()), right[group].mean()
        drawn_accuracies = RNG.normal(d, np.sqrt(p * (1 - p) / 60), 40_000)
        added.append(np.abs(drawn_accuracies).mean() - d)
    expected = plain_calibration_error(logs, labels) - np.mean(added)
    assert calibration_errors(logs, labels).mean() == pytest.approx(expected, abs=5e-4)


def test_a_calibrated_network_comes_nearer_to_0_than_by_the_plain_number() -> None:
    ours, plain = [], []
    for number in range(40):
        logs, _ = some_answers(number, 600, 6)
        chance = np.random.default_rng([number, 1]).random((600, 1))
        labels = (np.exp(logs).cumsum(axis=1) > chance).argmax(axis=1)
        ours.append(calibration_errors(logs, labels).mean())
        plain.append(plain_calibration_error(logs, labels))
    assert np.mean(ours) < 0.7 * np.mean(plain)


def test_confidence_beyond_accuracy_is_an_error_of_its_size() -> None:
    right = RNG.random(6_000) < 0.7
    logs = np.log(np.tile([0.9, 0.1], (6_000, 1))).astype(np.float32)
    assert calibration_errors(logs, np.where(right, 0, 1)).mean() == pytest.approx(0.2, abs=0.02)


@pytest.mark.parametrize("metric", [rank_values, squared_errors])
def test_what_an_image_adds_is_how_the_metric_moves_when_it_counts_more(
    metric: Callable[[Floats, Integers], npt.NDArray[np.float64]],
) -> None:
    """Each image counts ten times, one of them twelve times: the mean moves towards its number."""
    logs, labels = some_answers(5, 45, 3)
    often = np.repeat(np.arange(45), 10)
    values, mean = metric(logs, labels), metric(logs[often], labels[often]).mean()
    more = [np.append(often, [image] * 2) for image in range(45)]
    moved = [metric(logs[rows], labels[rows]).mean() - mean for rows in more]
    np.testing.assert_allclose(moved, 2 / 452 * (values - values.mean()), atol=2e-4)


def test_a_class_without_an_image_is_left_out() -> None:
    logs, labels = some_answers(7, 40, 3)
    labels = np.where(labels == 2, 0, labels)
    areas = [sklearn_metrics.roc_auc_score(labels == n, logs[:, n]) for n in (0, 1)]
    assert rank_values(logs, labels).mean() == pytest.approx(np.mean(areas))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(rank_values(logs, np.zeros(40, int))).all()
        assert class_shares(labels, labels).mean() == pytest.approx(1)
