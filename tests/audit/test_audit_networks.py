"""What one run of each setting can tell of two networks, and of two ways of training."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from paribus.audit.networks import (
    differences,
    networks,
    paired_bounds,
    seeds_for,
    smallest_resolvable,
)
from paribus.audit.spec import Published
from paribus.stats.power import power_of_difference
from paribus.stats.proportions import compare_networks

Build = Callable[..., Published]


def two_classes(*right: int, support: int = 500) -> list[list[int]]:
    a, b = right
    return [[a, support - a], [support - b, b]]


def test_two_networks_are_compared_as_on_different_images(build: Build) -> None:
    rows = {"main": two_classes(300, 200), "bn": two_classes(310, 240)}
    (result,) = differences(networks(build(rows)), 0.01)
    main, bn = networks(build(rows))
    # Newcombe 1998, method 10: the distances of two Wilson intervals' ends, squared and added.
    low = 0.05 - math.hypot(0.55 - bn.low, main.high - 0.5)
    high = 0.05 + math.hypot(bn.high - 0.55, 0.5 - main.low)
    assert result.networks.estimate == pytest.approx(0.05)
    assert (result.networks.low, result.networks.high) == pytest.approx((low, high))
    fisher = stats.fisher_exact(np.array([[550, 450], [500, 500]])).pvalue
    assert result.networks.p == pytest.approx(fisher)


right = st.integers(0, 20)


@settings(deadline=None)
@given(right, right, right, right, st.integers(0, 2**32 - 1))
def test_mcnemars_p_lies_within_the_bounds_however_the_outcomes_are_spread(
    build: Build, a: int, b: int, c: int, d: int, seed: int
) -> None:
    rows = {"main": two_classes(a, b, support=20), "bn": two_classes(c, d, support=20)}
    bounds = paired_bounds(*networks(build(rows)))
    assert bounds is not None
    rng = np.random.default_rng(seed)

    def outcomes(*counts: int) -> list[bool]:
        return [bool(x) for n in counts for x in rng.permutation(np.arange(20) < n)]

    p = compare_networks(outcomes(a, b), outcomes(c, d)).p
    assert bounds[0] - 1e-9 <= p <= bounds[1] + 1e-9


@settings(deadline=None)
@given(right, right, right, right)
def test_the_bounds_are_reached(build: Build, a: int, b: int, c: int, d: int) -> None:
    rows = {"main": two_classes(a, b, support=20), "bn": two_classes(c, d, support=20)}
    images = np.arange(20)
    main = np.concatenate([images < a, images < b])
    most_alike = compare_networks(main, np.concatenate([images < c, images < d])).p
    least = np.concatenate([images >= 20 - c, images >= 20 - d])
    assert paired_bounds(*networks(build(rows))) == pytest.approx(
        (most_alike, compare_networks(main, least).p)
    )


def test_networks_with_other_test_images_have_no_paired_test(build: Build) -> None:
    rows = {"main": two_classes(300, 200), "bn": two_classes(300, 200, support=400)}
    (result,) = differences(networks(build(rows)), 0.01)
    assert result.networks.paired_p is None
    assert result.networks.estimate == pytest.approx(500 / 800 - 500 / 1000)


def test_one_run_each_resolves_only_what_exceeds_the_spread(build: Build) -> None:
    """1.96 standard deviations, for one variation."""
    rows = {"main": two_classes(250, 250), "near": two_classes(260, 259)}
    (near,) = differences(networks(build(rows)), 0.01)
    assert near.networks.estimate == pytest.approx(0.019)
    assert not near.training.resolved
    assert near.training.p == pytest.approx(0.0574, abs=1e-4)
    rows["near"] = two_classes(260, 260)
    (far,) = differences(networks(build(rows)), 0.01)
    assert far.training.resolved
    assert far.training.p == pytest.approx(0.0455, abs=1e-4)
    assert smallest_resolvable(0.01) == pytest.approx(0.0196, abs=1e-6)


def test_several_variations_are_adjusted_together(build: Build) -> None:
    rows = {"main": two_classes(250, 250), "x": two_classes(260, 260), "y": two_classes(250, 251)}
    x, y = differences(networks(build(rows)), 0.01)
    assert x.training.p_adjusted == pytest.approx(2 * x.training.p)
    assert not x.training.resolved
    assert y.training.p_adjusted == y.training.p


def test_the_seeds_needed_have_the_power_they_promise(build: Build) -> None:
    rows = {"main": two_classes(250, 250), "x": two_classes(256, 255), "y": two_classes(250, 250)}
    x, y = differences(networks(build(rows)), 0.02)
    seeds = x.training.seeds
    assert seeds is not None
    assert seeds.seeds is not None
    assert power_of_difference(seeds.seeds, 0.011, 0.02, 0.05 / 2) >= 0.8
    assert power_of_difference(seeds.seeds - 1, 0.011, 0.02, 0.05 / 2) < 0.8
    assert str(y.training.seeds) == "more than 1,000"
    assert str(seeds_for(0.01, 0.01, 1)) == "10"


def test_one_setting_alone_has_nothing_to_be_compared_with(build: Build) -> None:
    assert differences(networks(build({"main": two_classes(250, 250)})), 0.01) == ()


def test_networks_that_are_always_right_or_always_wrong_can_be_compared(build: Build) -> None:
    rows = {"a": two_classes(500, 500), "b": two_classes(500, 500), "c": two_classes(0, 0)}
    same, worse = differences(networks(build(rows)), 0.01)
    assert (same.networks.p, same.networks.paired_p) == (1, (1, 1))
    assert worse.networks.p < 1e-100
    assert worse.networks.high < -0.99
