"""What new images add to a comparison: an interval that is never narrower than its own."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from paribus.comparison.compare import compare_metric
from paribus.comparison.comparison import Comparison
from paribus.comparison.new_images import with_new_images
from paribus.comparison.unpaired import compare_unpaired
from paribus.metrics.registry import METRICS
from paribus.stats.anytime import same_width_level
from paribus.stats.crossed import CrossedInterval, crossed_difference, crossed_interval
from paribus.stats.intervals import LEVEL

ACCURACY = METRICS["test_accuracy"]
#: Ten seeds of 40 images: variation right minus baseline right.
TABLE = np.random.default_rng(3).integers(-1, 2, (10, 40)).astype(np.int8)


def compared(table: np.ndarray, level: float = LEVEL, anytime: bool = False) -> Comparison:
    """A variation against a baseline, by what each image adds to the difference."""
    n, d = len(table), table.mean(axis=1)
    wide = same_width_level(n) if anytime else level
    made = compare_metric("x", np.zeros(n), d, ACCURACY, level=level, anytime=anytime)
    return with_new_images(made, crossed_interval(table, level=wide) if wide < 1 else None)


def tables(rng: np.random.Generator) -> np.ndarray:
    """Seeds that differ little or much, on images that do."""
    seeds, images = int(rng.integers(2, 12)), int(rng.integers(2, 60))
    lean = rng.choice([0, 0.3, 2]) * rng.normal(size=(seeds, 1))
    lean = lean + rng.choice([0, 0.3, 2]) * rng.normal(size=images) + rng.choice([0, 0.5])
    return np.asarray(np.clip(np.round(lean + rng.normal(size=(seeds, images))), -1, 1), np.int8)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([LEVEL, 0.984]), st.booleans())
def test_it_contains_the_one_for_these_images_and_its_p_is_no_smaller(
    number: int, level: float, anytime: bool
) -> None:
    c = compared(tables(np.random.default_rng(number)), LEVEL if anytime else level, anytime)
    if c.new_images is None or math.isnan(c.new_images.error):
        return
    assert c.p is not None and c.new_images.p >= c.p
    if c.low is None or c.high is None:
        assert math.isnan(c.new_images.low) and math.isnan(c.new_images.high)
        return
    assert c.new_images.low <= c.low <= c.high <= c.new_images.high


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([LEVEL, 0.984]))
def test_it_excludes_no_difference_exactly_where_its_p_says_so(number: int, level: float) -> None:
    c = compared(tables(np.random.default_rng(number)), level)
    if c.new_images is None or not math.isfinite(c.new_images.low):
        return
    excluded = c.new_images.low > 0 or c.new_images.high < 0
    assert excluded == (c.new_images.p < 1 - level)


def test_one_that_is_wider_anyway_stays_as_it_is() -> None:
    own = crossed_interval(TABLE)
    c = compared(TABLE)
    assert c.low is not None and own.low < c.low
    assert c.new_images == own


def test_one_that_came_out_narrower_is_the_one_for_these_images() -> None:
    """Three seeds have two degrees of freedom; images add more of them than they add variance."""
    table = 0.1 * np.random.default_rng(2).normal([[0.6], [0.3], [0.0]], 1, (3, 40))
    own = crossed_interval(table)
    made = compare_metric("x", np.zeros(3), table.mean(axis=1), ACCURACY)
    assert made.low is not None and made.high is not None and made.p is not None
    assert made.low < own.low and own.high < made.high and made.p > own.p
    found = with_new_images(made, own).new_images
    assert found == replace(own, low=made.low, high=made.high, p=made.p, widened=True)


def test_differences_without_a_spread_say_nothing_of_new_images_either() -> None:
    """Each seed gains one image, and another one each time."""
    c = compared(np.eye(3, 40, dtype=np.int8))
    assert c.low is None and c.p == 0.25
    assert c.new_images is not None and c.new_images.p >= 0.25
    assert math.isnan(c.new_images.low) and math.isnan(c.new_images.high)


def test_where_one_may_stop_at_any_seed_its_p_allows_for_that() -> None:
    table = (TABLE + np.random.default_rng(1).normal(0.12, 0.1, (10, 1))).astype(float)
    usual, anytime = compared(table).new_images, compared(table, anytime=True).new_images
    assert usual is not None and anytime is not None
    assert usual.p < 0.05 < anytime.p
    assert usual.low > 0 > anytime.low


def test_groups_of_runs_follow_the_same_rule() -> None:
    rng = np.random.default_rng(4)
    widened = 0
    for _ in range(40):
        b, v = ((rng.random((3, 60)) < p).astype(np.int8) for p in (0.6, 0.7))
        made = compare_unpaired("x", b.mean(axis=1), v.mean(axis=1), ACCURACY)
        c = with_new_images(made, crossed_difference(b, v))
        assert c.new_images is not None and c.low is not None and c.high is not None
        assert c.new_images.low <= c.low and c.new_images.high >= c.high
        widened += c.new_images.widened
    assert widened


def test_without_one_or_without_a_test_nothing_is_changed() -> None:
    made = compare_metric("x", np.zeros(5), np.arange(5) / 100, ACCURACY)
    assert with_new_images(made, None) == made
    nan = math.nan
    nothing = CrossedInterval(0.0, nan, nan, nan, nan, nan, truncated=False)
    assert with_new_images(made, nothing).new_images is nothing
    one = compare_metric("x", np.zeros(1), np.ones(1), ACCURACY)
    assert with_new_images(one, crossed_interval(TABLE)).new_images == crossed_interval(TABLE)
