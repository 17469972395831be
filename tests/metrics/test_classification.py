"""The metrics are scikit-learn's own, and laws that any confusion matrix obeys."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sklearn_metrics

from paribus.metrics import classification

Pairs = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], int]


@st.composite
def predictions(draw: st.DrawFn) -> Pairs:
    classes = draw(st.integers(2, 6))
    images = draw(st.integers(1, 40))
    numbers = st.lists(st.integers(0, classes - 1), min_size=images, max_size=images)
    return np.array(draw(numbers)), np.array(draw(numbers)), classes


@given(predictions())
def test_confusion_is_scikit_learns(drawn: Pairs) -> None:
    labels, predicted, classes = drawn
    theirs = sklearn_metrics.confusion_matrix(labels, predicted, labels=range(classes))
    np.testing.assert_array_equal(classification.confusion(labels, predicted, classes), theirs)


@given(predictions())
def test_class_figures_are_scikit_learns(drawn: Pairs) -> None:
    labels, predicted, classes = drawn
    ours = classification.class_figures(classification.confusion(labels, predicted, classes))
    theirs = sklearn_metrics.precision_recall_fscore_support(
        labels, predicted, labels=range(classes), zero_division=0
    )
    mine = ours.precision, ours.recall, ours.f1, ours.support
    for our, their in zip(mine, theirs, strict=True):
        np.testing.assert_allclose(our, their, rtol=1e-12)


@pytest.mark.parametrize("kind", ["macro", "weighted"])
@given(drawn=predictions())
def test_averages_are_scikit_learns(kind: str, drawn: Pairs) -> None:
    labels, predicted, classes = drawn
    figures = classification.class_figures(classification.confusion(labels, predicted, classes))
    ours = getattr(classification, f"{kind}_average")(figures)
    precision, recall, f1, _ = sklearn_metrics.precision_recall_fscore_support(
        labels, predicted, labels=range(classes), average=kind, zero_division=0
    )
    np.testing.assert_allclose((ours.precision, ours.recall, ours.f1), (precision, recall, f1))
    assert ours.support == len(labels)


@given(predictions())
def test_accuracy_is_scikit_learns_and_the_weighted_recall(drawn: Pairs) -> None:
    labels, predicted, classes = drawn
    matrix = classification.confusion(labels, predicted, classes)
    ours = classification.accuracy(matrix)
    assert ours == pytest.approx(sklearn_metrics.accuracy_score(labels, predicted))
    weighted = classification.weighted_average(classification.class_figures(matrix))
    assert ours == pytest.approx(weighted.recall)


@given(st.integers(0, 10_000), st.integers(1, 30), st.integers(2, 6))
def test_log_loss_is_scikit_learns(seed: int, images: int, classes: int) -> None:
    draw = np.random.default_rng(seed)
    probabilities = draw.dirichlet(np.ones(classes), size=images)
    labels = draw.integers(0, classes, size=images)
    ours = classification.log_loss(np.log(probabilities).astype(np.float32), labels)
    theirs = sklearn_metrics.log_loss(labels, probabilities, labels=range(classes))
    # float32 carries about seven digits.
    assert ours == pytest.approx(theirs, rel=1e-5, abs=1e-6)


def test_log_loss_of_certainty_in_the_wrong_class_is_infinite_not_clipped() -> None:
    certain = np.array([[0.0, -np.inf]], np.float32)
    assert classification.log_loss(certain, np.array([1])) == math.inf


def test_a_class_that_never_occurs_has_figures_of_zero() -> None:
    figures = classification.class_figures(np.array([[3, 0], [0, 0]]))
    assert figures.precision[1] == figures.recall[1] == figures.f1[1] == figures.support[1] == 0


def test_a_number_that_is_no_class_is_refused_with_the_range() -> None:
    with pytest.raises(ValueError, match="from 0 to 1, got 0 to 2"):
        classification.confusion(np.array([0, 1]), np.array([0, 2]), 2)


def test_labels_without_predictions_are_refused() -> None:
    with pytest.raises(ValueError, match="one prediction for each label"):
        classification.confusion(np.array([0, 1]), np.array([0]), 2)
