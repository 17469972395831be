"""Charts of estimates: every seed is seen, equal ones stacked, and a verdict has its shape."""

from __future__ import annotations

from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from effort import examples
from paribus.report.charts import COLORS, VERDICT_MARKS
from paribus.report.charts.drawing import Specification, artist
from paribus.report.charts.intervals import STACKED, Mark, SeedRow, seed_differences

SEEDS = st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=30)


def chart(*rows: SeedRow, margin: float | None = 1.0, null: float = 0.0) -> Specification:
    return seed_differences(rows, "points", null, margin, 720)


def row(name: str, seeds: list[float], verdict: str = "undecided") -> SeedRow:
    return SeedRow(Mark(name, verdict, 0.5, 0.1, 0.9), seeds)


def lanes(seeds: list[float]) -> dict[float, list[int]]:
    found: defaultdict[float, list[int]] = defaultdict(list)
    for each in chart(row("l2", seeds))["datasets"]["seeds"]:
        found[each["value"]].append(each["lane"])
    return found


@examples(40)
@given(SEEDS)
def test_every_seed_is_drawn_once_at_its_difference(seeds: list[float]) -> None:
    drawn = chart(row("l2", seeds))["datasets"]["seeds"]
    assert sorted(each["value"] for each in drawn) == sorted(seeds)
    assert {each["row"] for each in drawn} == {"l2"}
    assert all(0 <= each["lane"] <= STACKED for each in drawn)


@examples(40)
@given(SEEDS)
def test_no_two_seeds_share_a_place_as_long_as_there_is_a_lane(seeds: list[float]) -> None:
    for each in lanes(seeds).values():
        free = [lane for lane in each if lane < STACKED]
        assert len(free) == len(set(free))


def test_equal_seeds_are_stacked_from_the_lowest_lane_on() -> None:
    assert lanes([0.5, 0.5, 0.5, 2.0, -1.0]) == {-1.0: [0], 0.5: [0, 1, 2], 2.0: [0]}
    assert lanes([1.0] * 7) == {1.0: [0, 1, 2, 3, 4, 4, 4]}
    assert lanes([0.0, 0.0]) == {0.0: [0, 1]}  # nothing differs at all


def test_seeds_that_a_chart_can_not_tell_apart_are_stacked_too() -> None:
    assert lanes([10.0, 0.501, 0.502]) == {0.501: [0], 0.502: [1], 10.0: [0]}


def test_the_margin_is_a_band_around_no_difference_of_a_ratio_too() -> None:
    assert chart(row("a", [1.0]))["datasets"]["null"] == [{"null": 0.0, "from": -1.0, "to": 1.0}]
    ratio = chart(row("a", [1.0]), margin=None, null=1.0)
    assert ratio["datasets"]["null"] == [{"null": 1.0, "from": 1.0, "to": 1.0}]
    band, plain = (
        sum("rect" in str(layer["mark"]) for layer in of["layer"])
        for of in (chart(row("a", [1.0])), ratio)
    )
    assert (band, plain) == (1, 0)


@pytest.mark.parametrize("verdict", VERDICT_MARKS)
def test_a_mean_has_the_color_and_the_shape_of_its_verdict(verdict: str) -> None:
    (mean,) = chart(row("a", [1.0], verdict))["datasets"]["means"]
    color, shape = VERDICT_MARKS[verdict]
    assert (mean["color"], mean["shape"]) == (COLORS[color], shape)
    assert (mean["low"], mean["estimate"], mean["high"]) == (0.1, 0.5, 0.9)
    hollow = mean["fill"] == COLORS["paper"]
    assert hollow == (verdict == "undecided")


def test_rows_of_seeds_can_be_drawn() -> None:
    with artist() as draw:
        drawn = draw({"one": lambda: chart(row("l2", [0.5, 0.5, -1.0]), row("bn", [2.0]))})["one"]
    texts = {element.text for element in drawn.iter() if element.tag.endswith("text")}
    assert {"l2", "bn", "points"} <= texts
