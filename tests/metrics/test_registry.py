"""The metrics that are compared."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from paribus.errors import ComparisonError
from paribus.metrics.registry import METRICS, class_metric


def test_accuracy_alone_has_a_margin_one_point() -> None:
    assert {m.name: m.margin for m in METRICS.values() if m.margin} == {"test_accuracy": 0.01}


def test_recalls_of_all_classes_are_one_family() -> None:
    dog, cat = class_metric("recall", "dog"), class_metric("recall", "cat")
    assert dog.name == "recall:dog"
    assert dog.label == "recall of dog"
    assert dog.family == cat.family == "recall"


def test_figures_of_a_class_are_named_and_told_as_readers_know_them() -> None:
    assert class_metric("precision", "fire truck").label == "precision of fire truck"
    assert class_metric("f1", "dog").label == "F1 of dog"
    assert class_metric("f1", "dog").family == "f1"


def test_every_other_metric_is_a_family_of_its_own() -> None:
    assert all(metric.family == name for name, metric in METRICS.items())


@pytest.mark.parametrize("margin", [0.0, -0.01, math.inf, math.nan])
def test_a_margin_must_be_a_number_above_zero(margin: float) -> None:
    with pytest.raises(ComparisonError, match="test_accuracy: expected a finite margin above 0"):
        replace(METRICS["test_accuracy"], margin=margin)


def test_the_margin_of_a_ratio_is_a_share() -> None:
    time = replace(METRICS["train_cpu_seconds"], margin=0.05)
    assert time.scaled_margin == pytest.approx(math.log(1.05))
