"""The intervals for new seeds and new images of metrics of probabilities, with few repetitions."""

from __future__ import annotations

import pytest

from calibration.new_images import coverage


@pytest.mark.parametrize("name", ["macro AUC", "calibration error"])
def test_metrics_that_are_no_plain_means_hold_the_truth_of_all_images(name: str) -> None:
    both, one = coverage(name, 10, 0.5, 0.3, repetitions=40, truths=60)
    assert both >= 0.85
    assert one < both
