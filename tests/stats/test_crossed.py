"""Seeds x images: the mean squares against a model fit, and what must not change them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from paribus.errors import ComparisonError
from paribus.stats.crossed import CrossedInterval, Table, crossed_interval, split_spread

RNG = np.random.default_rng(20260102)

tables = arrays(
    np.int8, st.tuples(st.integers(2, 5), st.integers(2, 9)), elements=st.integers(-1, 1)
)


def some_table(seeds: int = 6, images: int = 40) -> Table:
    return RNG.integers(-1, 2, (seeds, images)).astype(np.int8)


def numbers(interval: CrossedInterval) -> list[float]:
    return [interval.estimate, interval.low, interval.high, interval.p, interval.df]


def by_the_book(x: npt.NDArray[np.float64]) -> tuple[float, float, float]:
    """MS_seeds, MS_images, MS_rest as a textbook computes them, from deviations."""
    s, m = x.shape
    mean, row, column = x.mean(), x.mean(axis=1, keepdims=True), x.mean(axis=0, keepdims=True)
    rest = x - row - column + mean
    return (
        m * float(((row - mean) ** 2).sum()) / (s - 1),
        s * float(((column - mean) ** 2).sum()) / (m - 1),
        float((rest**2).sum()) / ((s - 1) * (m - 1)),
    )


def test_the_interval_is_the_formula_with_satterthwaites_degrees_of_freedom() -> None:
    seeds_effect = RNG.random((6, 1)) < 0.5
    x = np.where(seeds_effect, 1, some_table()).astype(np.int8)  # seeds that differ
    seeds, images, rest = by_the_book(x.astype(float))
    scaled = seeds + images - rest
    df = scaled**2 / (seeds**2 / 5 + images**2 / 39 + rest**2 / 195)
    error = np.sqrt(scaled / x.size)
    low, high = np.clip(stats.t(df, x.mean(), error).interval(0.95), -1, 1)
    result = crossed_interval(x)
    assert not result.truncated
    assert numbers(result) == pytest.approx(
        [x.mean(), low, high, 2 * stats.t.sf(abs(x.mean()) / error, df), df]
    )


def test_a_variance_below_what_the_interaction_alone_gives_is_raised_and_said() -> None:
    raised = 0
    for x in RNG.integers(-1, 2, (50, 4, 6)).astype(np.int8):
        seeds, images, rest = by_the_book(x.astype(float))
        result = crossed_interval(x)
        assert result.truncated == (seeds + images < 2 * rest)
        if result.truncated:
            df = rest**2 / (seeds**2 / 3 + images**2 / 5 + rest**2 / 15)
            half = stats.t.ppf(0.975, df) * np.sqrt(rest / 24)
            assert result.high == pytest.approx(min(1, x.mean() + half))
            raised += 1
    assert 5 < raised < 45


def test_networks_that_answer_alike_have_no_interval() -> None:
    result = crossed_interval(np.zeros((3, 10), np.int8))
    assert result.estimate == 0
    assert np.isnan([result.low, result.high, result.p]).all()


@settings(deadline=None)
@given(tables)
def test_the_order_of_seeds_and_images_changes_nothing(x: npt.NDArray[np.int8]) -> None:
    np.testing.assert_allclose(
        numbers(crossed_interval(x)), numbers(crossed_interval(x[::-1, ::-1])), rtol=1e-9
    )


@settings(deadline=None)
@given(tables)
def test_swapping_the_settings_mirrors_the_interval(x: npt.NDArray[np.int8]) -> None:
    one, other = crossed_interval(x), crossed_interval(-x)
    np.testing.assert_allclose([other.low, other.high], [-one.high, -one.low], rtol=1e-9)
    np.testing.assert_allclose([other.p, other.df], [one.p, one.df], rtol=1e-9)


def test_a_single_class_is_no_stratum() -> None:
    x = some_table()
    assert numbers(crossed_interval(x, np.full(40, 7))) == pytest.approx(
        numbers(crossed_interval(x))
    )


def test_differences_between_classes_do_not_count_where_their_numbers_are_fixed() -> None:
    classes = np.repeat([0, 1], 200)
    chance = RNG.random((8, 400))
    x = np.where(classes == 0, chance < 0.5, -(chance < 0.5).astype(int)).astype(np.int8)
    as_a_whole, by_class = crossed_interval(x), crossed_interval(x, classes)
    assert by_class.high - by_class.low < 0.75 * (as_a_whole.high - as_a_whole.low)


def test_mean_squares_within_classes_pool_those_of_each_class() -> None:
    """With equal class sizes, images and rest are the means over the classes' own."""
    classes = np.tile([0, 1, 2], 20)
    x = (RNG.random((5, 60)) < RNG.random(60)).astype(np.int8)  # images that differ
    parts = np.array([by_the_book(x[:, classes == c].astype(float)) for c in range(3)])
    seeds = by_the_book(x.astype(float))[0]
    images, rest = parts[:, 1].mean(), parts[:, 2].mean()
    spread = split_spread(x, classes)
    assert spread.test_set == pytest.approx(np.sqrt(rest / 60))
    result = crossed_interval(x, classes)
    half = stats.t.ppf(0.975, result.df) * np.sqrt((seeds + images - rest) / x.size)
    assert not result.truncated
    assert result.high - result.estimate == pytest.approx(half)


def test_the_split_is_jordans_unbiased_estimator() -> None:
    correct = RNG.random((12, 80)) < RNG.random((1, 80))
    m = 80
    variance = correct.mean(axis=1).var(ddof=1)
    per_image = correct.var(axis=0, ddof=1)
    jordan = m / (m - 1) * (variance - per_image.sum() / m**2)
    spread = split_spread(correct)
    assert spread.total == pytest.approx(np.sqrt(variance))
    assert spread.total**2 - spread.test_set**2 == pytest.approx(jordan)
    assert spread.truncated == (jordan < 0)


def test_the_split_finds_the_true_spread_and_the_noise_of_the_test_set() -> None:
    p = 0.6 + 0.04 * RNG.standard_normal((400, 1)) + np.zeros((1, 1000))
    spread = split_spread(RNG.random(p.shape) < p)
    assert spread.true == pytest.approx(0.04, rel=0.1)
    assert spread.test_set == pytest.approx(np.sqrt(0.6 * 0.4 / 1000), rel=0.05)


def test_the_true_spread_has_the_f_interval() -> None:
    correct = RNG.random((10, 200)) < 0.5 + 0.1 * RNG.standard_normal((10, 1))
    seeds, _, rest = by_the_book(correct.astype(float))
    low, high = (seeds / stats.f(9, 9 * 199).ppf(q) - rest for q in (0.975, 0.025))
    spread = split_spread(correct)
    expected = [np.sqrt(max(end, 0) / 200) for end in (low, high)]
    assert [spread.true_low, spread.true_high] == pytest.approx(expected)


def test_the_interval_of_the_true_spread_holds_it_in_95_of_100() -> None:
    for true in (0.0, 0.03):
        held = 0
        for _ in range(300):
            p = 0.5 + true * RNG.standard_normal((5, 1))
            spread = split_spread(RNG.random((5, 300)) < p)
            held += spread.true_low <= true <= spread.true_high
        assert 0.92 < held / 300 < 0.985 or (true == 0 and held / 300 > 0.92)


def test_coin_flips_alone_have_no_true_spread() -> None:
    true = [split_spread(RNG.random((10, 500)) < 0.5).truncated for _ in range(200)]
    assert 0.35 < np.mean(true) < 0.75  # the estimate falls below 0 about half the time


@pytest.mark.parametrize(
    ("table", "classes", "message"),
    [
        (np.zeros((1, 5), np.int8), None, r"at least 2 seeds x 2 images.*\(1, 5\)"),
        (np.full((3, 5), 2, np.int8), None, "only -1, 0 and 1"),
        (np.full((3, 5), 256), None, "only -1, 0 and 1"),
        (np.zeros((3, 5), np.int8), [0, 1], "one class per image"),
        (np.zeros((3, 4), np.int8), [0, 0, 0, 1], "two images of each class"),
    ],
)
def test_what_is_no_such_table_is_refused(table: Table, classes: list[int], message: str) -> None:
    with pytest.raises(ComparisonError, match=message):
        crossed_interval(table, classes)


def test_numbers_that_are_not_whole_have_the_same_mean_squares() -> None:
    classes = np.tile([0, 1, 2, 3], 10)
    x = some_table()
    whole, half = crossed_interval(x, classes), crossed_interval(x / 2 + 7, classes, most=np.inf)
    assert half.estimate == pytest.approx(whole.estimate / 2 + 7)
    assert [half.df, 2 * half.error] == pytest.approx([whole.df, whole.error])


def test_numbers_that_never_vary_have_no_interval_but_for_rounding() -> None:
    x = np.full((4, 30), 0.1) + RNG.normal(size=(4, 30)) * 1e-17
    assert np.isnan(crossed_interval(x).error)


def test_numbers_that_are_not_finite_are_refused() -> None:
    x = RNG.normal(size=(3, 5))
    x[1, 2] = np.nan
    with pytest.raises(ComparisonError, match="finite"):
        crossed_interval(x)


def test_another_level_and_bound_are_those_of_the_same_t() -> None:
    x = RNG.normal(0.3, 1, (5, 60))
    result = crossed_interval(x, most=np.inf)
    assert result.at(0.95) == result
    law = stats.t(result.df, result.estimate, result.error)
    assert [result.at(0.9).low, result.at(0.9).high] == pytest.approx(law.interval(0.9))
    assert result.p_beyond(0.1, "greater") == pytest.approx(law.cdf(0.1))
    assert result.p_beyond(0.1, "less") == pytest.approx(law.sf(0.1))
    assert result.p_beyond(0.0, "two-sided") == pytest.approx(result.p)
