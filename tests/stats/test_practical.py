"""Probabilities of a difference that matters."""

from __future__ import annotations

import numpy as np
import pytest

from paribus.errors import ComparisonError
from paribus.stats.paired import mean_test
from paribus.stats.practical import practical
from paribus.stats.sample import equivalence_p

D = np.array([0.4, 1.9, -0.3, 1.1, 0.8, 2.2])


def test_they_are_the_shares_of_draws_from_the_posterior() -> None:
    """Drawn in the two steps of its definition: first the variance, then the mean."""
    rng, n = np.random.default_rng(1), len(D)
    sd = np.sqrt((n - 1) * D.var(ddof=1) / rng.chisquare(n - 1, 400_000))
    mean = rng.normal(D.mean(), sd / np.sqrt(n))
    p = practical(D, 1.0)
    assert p is not None
    shares = [(mean < -1).mean(), (abs(mean) <= 1).mean(), (mean > 1).mean()]
    assert [p.below, p.inside, p.above] == pytest.approx(shares, abs=0.003)
    assert p.below + p.inside + p.above == pytest.approx(1)


def test_they_are_those_of_baycomp() -> None:
    """Baycomp 1.0.3: `Posterior(D.mean(), D.var(ddof=1) / 6, 5, rope=1.0, meanx=0).probs()`.

    Its `two_on_single` would add a correction for folds that share training images.
    """
    p = practical(D, 1.0)
    assert p is not None
    expected = [0.0015999083565494418, 0.4817883409545298, 0.5166117506889207]
    assert [p.below, p.inside, p.above] == pytest.approx(expected, rel=1e-12)


def test_each_side_is_the_p_value_of_the_one_sided_test() -> None:
    p = practical(D, 0.5)
    assert p is not None
    assert p.below == pytest.approx(float(mean_test(D + 0.5, "greater")))
    assert p.above == pytest.approx(float(mean_test(D - 0.5, "less")))
    assert max(p.below, p.above) == pytest.approx(float(equivalence_p(D, 0.5)))


def test_without_a_spread_nothing_is_said() -> None:
    assert practical(np.full(6, 0.2), 1.0) is None
    assert practical(D[:1], 1.0) is None
    with pytest.raises(ComparisonError, match="a margin above 0, got 0"):
        practical(D, 0)
