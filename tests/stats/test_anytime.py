"""Tests that hold at any time: their formulas against integrals, their laws, and their errors."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import integrate, stats

from paribus.errors import ComparisonError
from paribus.stats.anytime import (
    anytime_estimate,
    anytime_interval,
    anytime_p,
    anytime_p_now,
    anytime_p_values,
    course,
    same_width_level,
    same_width_p,
)
from paribus.stats.intervals import Floats, half_width
from paribus.stats.paired import mean_test
from paribus.stats.sample import equivalence_p
from paribus.study.config import FIRST_STOP

RNG = np.random.default_rng(20261129)
D = RNG.normal(0.7, 1, 12)

differences = arrays(np.int64, st.integers(1, 12), elements=st.integers(-40, 40)).map(
    lambda k: k / 1000
)


def evidence(d: Floats, *, one_sided: bool) -> float:
    """The likelihood ratio of t, averaged over effects N(0, 1), or over their upper half."""
    n, t = len(d), stats.ttest_1samp(d, 0).statistic

    def weighted(effect: float) -> float:
        density = stats.nct.pdf(t, n - 1, math.sqrt(n) * effect)
        return float(stats.norm.pdf(effect) * density)

    whole = integrate.quad(weighted, 0 if one_sided else -8, 8)[0] * (2 if one_sided else 1)
    return float(whole / stats.t.pdf(t, n - 1))


class TestMeans:
    @pytest.mark.parametrize("alternative", ["two-sided", "greater"])
    def test_p_is_one_by_the_largest_evidence_so_far(self, alternative: str) -> None:
        one_sided = alternative == "greater"
        after_each = [evidence(D[:n], one_sided=one_sided) for n in range(2, len(D) + 1)]
        given = anytime_p_values(D, "greater" if one_sided else "two-sided")[1:]
        largest = np.maximum.accumulate([1.0, *after_each])[1:]
        assert D[0] > 0
        if one_sided:  # one seed's plus is evidence, too: three of four such effects are above 0
            largest = np.maximum(largest, 2 * 3 / 4)
        assert given == pytest.approx(1 / largest, rel=1e-7)

    def test_less_is_greater_mirrored(self) -> None:
        assert anytime_p(-D, "less") == anytime_p(D, "greater")

    @settings(deadline=None)
    @given(differences)
    def test_p_never_rises_and_is_the_same_in_any_unit(self, d: Floats) -> None:
        p = anytime_p_values(d)
        assert (np.diff(p) <= 0).all()
        assert ((p > 0) & (p <= 1)).all()
        np.testing.assert_allclose(anytime_p_values(-1024 * d), p, rtol=1e-6)

    def test_a_mean_below_zero_never_helps_to_show_one_above(self) -> None:
        d = RNG.normal(0, 1, (200, 20))
        lower = anytime_p_values(d - 0.3, "greater")
        assert (lower >= anytime_p_values(d, "greater")).all()

    def test_the_interval_holds_what_is_not_refuted_by_these_seeds(self) -> None:
        low, high = anytime_interval(D)
        for end, outward in ((low, -1), (high, 1)):
            assert evidence(D - end, one_sided=False) == pytest.approx(20, rel=1e-6)
            assert evidence(D - end + 0.1 * outward, one_sided=False) < 20

    def test_four_seeds_give_no_interval_and_five_do(self) -> None:
        assert anytime_interval(D[:4]) == (-math.inf, math.inf)
        assert np.isnan(anytime_estimate(D[:4]).low)
        assert np.isfinite(anytime_interval(D[:5])).all()

    def test_the_level_that_gives_the_same_width(self) -> None:
        low, high = anytime_interval(D)
        usual = half_width(len(D), D.std(ddof=1), same_width_level(len(D)))
        assert (high - low) / 2 == pytest.approx(float(usual))
        assert same_width_level(4) == 1.0

    def test_the_p_that_goes_with_that_width(self) -> None:
        assert same_width_p(len(D), float(mean_test(D))) == pytest.approx(anytime_p_now(D))
        assert same_width_p(12, 1 - same_width_level(12)) == pytest.approx(0.05)
        assert same_width_p(12, 1.0) == 1.0
        assert 0 < same_width_p(12, 0.0) < 1e-5

    def test_nothing_can_be_decided_before_the_first_stop(self) -> None:
        sure = 1 + 1e-9 * RNG.normal(size=FIRST_STOP)
        assert equivalence_p(sure - 1, 1.0, anytime_p) <= 0.05
        assert equivalence_p(sure[:-1] - 1, 1.0, anytime_p) > 0.05
        assert anytime_p(sure) > 0.05

    def test_equal_differences_are_as_sure_as_their_signs(self) -> None:
        # Of two signs one comes five times in a row in one study of sixteen.
        assert anytime_p(np.full(5, 0.01)) > 1 / 16
        assert anytime_p(np.full(8, 0.01)) < 0.05
        assert anytime_p(np.zeros(8)) == 1.0

    def test_no_seed_has_no_p_value(self) -> None:
        with pytest.raises(ComparisonError, match="at least one seed"):
            anytime_p(np.zeros(0))


class TestSigns:
    def test_evidence_is_the_mean_likelihood_of_the_signs(self) -> None:
        d = np.array([0.2, 0.1, 0.4, -0.1, 0.3, 0.0, 0.2, 0.9, 0.1])
        prior = stats.beta(0.5, 0.5)
        mean = integrate.quad(lambda q: prior.pdf(q) * 2**8 * q**7 * (1 - q), 0, 1)[0]
        upper = integrate.quad(lambda q: prior.pdf(q) * 2**8 * q**7 * (1 - q), 0.5, 1)[0]
        assert anytime_p_values(d, ranks=True)[-1] == pytest.approx(1 / mean, rel=1e-5)
        one_sided = anytime_p_values(d, "greater", ranks=True)[-1]
        assert one_sided == pytest.approx(1 / (2 * upper), rel=1e-5)

    def test_the_interval_of_the_median_ends_at_differences(self) -> None:
        d = RNG.normal(size=20)
        low, high = anytime_interval(d, ranks=True)
        assert low in d
        assert high in d
        assert anytime_p_values(d - low + 1e-9, ranks=True)[-1] > 0 < high - low
        for outside in (low - 1e-6, high + 1e-6):
            k = int((d > outside).sum())
            share = 2**20 * math.exp(
                math.lgamma(k + 0.5) + math.lgamma(20.5 - k) - math.lgamma(21) - math.log(math.pi)
            )
            assert share >= 20


def test_a_course_ends_with_the_comparison_of_all_seeds() -> None:
    seen, last = course(D), anytime_estimate(D)
    ends = [seen.estimate[-1], seen.low[-1], seen.high[-1], seen.p[-1]]
    np.testing.assert_allclose(ends, [last.estimate, last.low, last.high, last.p])


@pytest.mark.parametrize("margin", [None, 1.0], ids=["a difference", "equivalence"])
def test_looking_after_each_of_sixty_seeds_is_rarely_wrong(margin: float | None) -> None:
    d = np.random.default_rng(5).normal(0.0 if margin is None else margin, 1, (2_000, 60))
    if margin is None:
        p = anytime_p_values(d)
    else:
        below, above = d - margin, d + margin
        p = np.maximum(anytime_p_values(above, "greater"), anytime_p_values(below, "less"))
    assert 0.01 < (p[:, -1] <= 0.05).mean() <= 0.04
