"""What is said of a new seed, of the odds, and of differences that a t test doesn't suit."""

from __future__ import annotations

import numpy as np
import pytest

from alone import compare_metric
from paribus.comparison.compare import Comparison
from paribus.metrics.registry import METRICS
from paribus.narrative.comparisons import notes
from paribus.narrative.outlook import odds, on_shape, winning

ACCURACY, TIME, EPOCH = (METRICS[n] for n in ("test_accuracy", "train_cpu_seconds", "best_epoch"))


def compared(*points: float) -> Comparison:
    baseline = 0.5 + 0.01 * np.arange(len(points))
    return compare_metric("bn", baseline, baseline + np.array(points) / 100, ACCURACY)


def test_the_odds_of_winning_are_of_all_seeds_and_name_ties() -> None:
    c = compared(3, 0, 2, -1, 2.5)
    assert c.outperforming is not None
    assert winning(c) == "Better in 3 of 5 seeds, equal in 1"
    assert odds(c) == "70 % [21, 98 %] of all seeds"
    higher = compare_metric("bn", np.zeros(3), np.array([1.0, 2, -1]), EPOCH)
    assert winning(higher) == "Higher in 2 of 3 seeds"


@pytest.mark.parametrize(
    ("points", "shape", "said"),
    [
        ([2, 2, 2, 2, 2, 2, 3], "clumpy", "the verdict is the same by tests that ask for less"),
        ([2, 2, 2, 2, 3], "clumpy", "by tests that ask for less it would be undecided"),
        ([1.1, 1.4, 1.2, 1.7, 1.5, 1.3], None, ""),
    ],
)
def test_a_verdict_on_clumpy_differences_has_the_robust_one_beside_it(
    points: list[float], shape: str | None, said: str
) -> None:
    c = compared(*points)
    assert (c.verdict, c.shape) == ("better", shape)
    assert said in on_shape(c)
    assert (on_shape(c) in notes(c)) == bool(said)


def test_without_a_verdict_the_shape_is_not_spoken_of() -> None:
    c = compared(0, 0, 0, 0, 0, 0, 3)
    assert (c.verdict, c.shape, on_shape(c)) == ("undecided", "clumpy", "")
