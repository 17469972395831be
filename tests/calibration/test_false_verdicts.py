"""False verdicts stay at 5 %: for one comparison, over ten variations, and over looks."""

from __future__ import annotations

import numpy as np
import pytest

from alone import compare_metric
from calibration.simulated_truth import (
    Law,
    family_error,
    sign_flip_error,
    single_error,
    verdicts,
    verdicts_over_looks,
)
from paribus.comparison.judging import adjusted
from paribus.comparison.sequential import follow_looks
from paribus.metrics.metric import Metric, reported

LOOKS = (5, 8, 12, 20)
ACCEPTED = 0.055
METRIC = Metric("m", "metric", "higher", reported("m"), margin=1.0)


def rng() -> np.random.Generator:
    return np.random.default_rng(20260202)


@pytest.mark.parametrize("n", [3, 5, 10, 30])
@pytest.mark.parametrize("law", ["normal", "skewed"])
@pytest.mark.parametrize(
    ("truth", "margin"),
    [(0.0, 0.1), (1.0, 1.0), (0.1, 0.1)],
    ids=["no difference", "at the margin", "at a small margin"],
)
def test_one_comparison_is_rarely_wrong(n: int, law: Law, truth: float, margin: float) -> None:
    assert single_error(rng(), law, truth, n, margin, 10_000) <= ACCEPTED


@pytest.mark.parametrize("n", [6, 10])
def test_the_sign_flip_test_is_rarely_wrong(n: int) -> None:
    assert sign_flip_error(rng(), "skewed", n, 4_000) <= ACCEPTED


@pytest.mark.parametrize("n", [5, 10])
@pytest.mark.parametrize(
    ("truth", "margin"),
    [(np.zeros(10), 0.1), (np.ones(10), 1.0), (np.repeat([0.0, 1.0], 5), 1.0)],
    ids=["none differs", "all at the margin", "half of each"],
)
def test_a_study_of_ten_variations_is_rarely_wrong_anywhere(
    n: int, truth: np.ndarray[tuple[int], np.dtype[np.float64]], margin: float
) -> None:
    assert family_error(rng(), truth, n, margin, 8_000) <= ACCEPTED


def test_without_holm_it_would_often_be_wrong() -> None:
    d = rng().standard_normal((4_000, 10, 10))
    alone = verdicts(d.reshape(-1, 1, 10), 0.1).reshape(4_000, 10)
    assert (alone != "undecided").any(axis=1).mean() > 0.3


@pytest.mark.parametrize(("truth", "margin"), [(0.0, 0.1), (0.0, 0.7), (1.0, 1.0)])
@pytest.mark.parametrize("variations", [1, 10])
def test_adding_seeds_until_decided_is_rarely_wrong(
    variations: int, truth: float, margin: float
) -> None:
    truths, repetitions = np.full(variations, truth), 24_000 // variations
    assert family_error(rng(), truths, 20, margin, repetitions, looks=LOOKS) <= ACCEPTED


def test_looking_without_allowing_for_it_would_often_be_wrong() -> None:
    d, wrong = rng().standard_normal((4_000, 1, 20)), np.zeros((4_000, 1), bool)
    for look in LOOKS:
        wrong |= verdicts(d[..., :look], 0.1) != "undecided"
    assert wrong.mean() > 0.1


def test_what_is_simulated_here_is_what_a_study_does() -> None:
    """The vectorised verdicts of these tests against `adjusted` and `follow_looks`."""
    d = rng().normal(np.array([0.0, 0.6, 1.2, 2.0]), 1.0, (5, 20, 4)).swapaxes(1, 2)
    at_once, by_looks = verdicts(d, 1.0), verdicts_over_looks(d, 1.0, LOOKS)
    for one, expected, expected_by_looks in zip(d, at_once, by_looks, strict=True):
        named = {str(i): row for i, row in enumerate(one)}
        result = adjusted([compare_metric(i, np.zeros(20), r, METRIC) for i, r in named.items()])
        assert [c.verdict for c in result] == expected.tolist()
        courses = follow_looks(np.zeros(20), named, METRIC, LOOKS)
        assert [courses[i].path[-1].verdict for i in named] == expected_by_looks.tolist()
    assert set(by_looks.ravel()) == {"better", "equivalent", "undecided"}
