"""What new seeds will show: intervals of their differences, and the odds of winning."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.regression.linear_model import OLS
from statsmodels.stats.proportion import proportion_confint

from paribus.errors import ComparisonError
from paribus.stats.intervals import Interval
from paribus.stats.prediction import (
    clopper_pearson,
    outperforming,
    predicted_by_rank,
    predicted_mean,
)

D = np.array([0.4, 1.9, -0.3, 1.1, 0.8, 2.2])


def test_a_new_seed_is_predicted_as_statsmodels_predicts_a_new_observation() -> None:
    frame = OLS(D, np.ones(len(D))).fit().get_prediction([[1.0]]).summary_frame(alpha=0.05)
    one = predicted_mean(D)
    assert one is not None
    assert [one.estimate, one.low, one.high] == pytest.approx(
        frame.loc[0, ["mean", "obs_ci_lower", "obs_ci_upper"]].tolist()
    )


def test_many_new_seeds_end_at_the_interval_of_the_mean() -> None:
    widths = [ends(predicted_mean(D, m))[1] - ends(predicted_mean(D, m))[0] for m in (1, 6, 10**9)]
    low, high = stats.ttest_1samp(D, 0).confidence_interval()
    assert widths[0] > widths[1] > widths[2] == pytest.approx(high - low)
    assert widths[1] / widths[2] == pytest.approx(np.sqrt(2))


@pytest.mark.parametrize("new", [1, 5])
def test_new_seeds_lie_inside_as_often_as_is_said(new: int) -> None:
    drawn = np.random.default_rng(new).normal(0.3, 2.0, (1_500, 5 + new))
    held = 0
    for row in drawn:
        low, high = ends(predicted_mean(row[:5], new))
        held += low <= row[5:].mean() <= high
    assert held / len(drawn) == pytest.approx(0.95, abs=0.018)


def ends(interval: Interval | None) -> tuple[float, float]:
    assert interval is not None and interval.low is not None and interval.high is not None
    return interval.low, interval.high


@pytest.mark.parametrize(("n", "level"), [(2, 1 / 3), (10, 9 / 11), (39, 0.95), (79, 0.95)])
def test_by_rank_a_new_seed_lies_inside_whatever_the_distribution(n: int, level: float) -> None:
    drawn = np.random.default_rng(n).standard_exponential((1_500, n + 1))
    held = 0
    for row in drawn:
        interval = predicted_by_rank(row[:-1])
        assert interval is not None
        assert interval.level == pytest.approx(level)
        low, high = ends(interval)
        held += low <= row[-1] <= high
    assert held / len(drawn) == pytest.approx(level, abs=0.04)


def test_nothing_is_predicted_from_one_seed_or_without_a_spread() -> None:
    assert predicted_mean(D[:1]) is None
    assert predicted_by_rank(D[:1]) is None
    assert predicted_mean(np.full(5, 0.1)) is None


@pytest.mark.parametrize(("wins", "n"), [(0, 5), (3, 5), (5, 5), (7, 10), (19, 30)])
def test_odds_without_ties_are_statsmodels_clopper_pearson(wins: int, n: int) -> None:
    of = outperforming(wins, 0, n)
    assert [of.low, of.high] == pytest.approx(proportion_confint(wins, n, method="beta"))
    assert of.share == wins / n


def test_a_tie_counts_half_and_two_equal_settings_are_even() -> None:
    even = outperforming(0, 8, 8)
    assert [even.share, even.low + even.high] == pytest.approx([0.5, 1.0])
    assert outperforming(6, 2, 10).share == 0.7


@pytest.mark.parametrize("n", [2, 5, 10])
def test_with_ties_the_interval_holds_the_share_in_95_of_100_studies_at_least(n: int) -> None:
    """Summed exactly over all outcomes, for shares of wins and ties on a grid."""
    wins, ties = (each.ravel() for each in np.indices((n + 1, n + 1)))
    wins, ties = wins[wins + ties <= n], ties[wins + ties <= n]
    low, high = clopper_pearson(wins + ties / 2, n)
    least = 1.0
    for tie in np.linspace(0, 1, 11):
        for win in np.linspace(0, 1 - tie, 21):
            chances = [win, tie, max(0.0, 1 - win - tie)]
            p = stats.multinomial.pmf(np.stack([wins, ties, n - wins - ties], 1), n, chances)
            true = win + tie / 2
            least = min(least, p[(low <= true + 1e-12) & (true <= high + 1e-12)].sum())
    assert least >= 0.95


def test_counts_that_do_not_fit_are_refused() -> None:
    for wins, ties, n in [(0, 0, 0), (4, 2, 5), (-1, 0, 5)]:
        with pytest.raises(ComparisonError, match="expected wins and ties of n seeds"):
            outperforming(wins, ties, n)
