"""The list of changes: every name once, cause by cause, and the center that they speak of."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paribus.metrics.interventions import (
    AREAS,
    CENTER_BLANKED,
    HALF,
    SURROUNDINGS_BLANKED,
    center,
    interventions,
)

SIDES = st.integers(4, 300)


def test_color_images_have_these_changes_in_this_order() -> None:
    assert [items.name for items in interventions(3)] == [
        "center-blanked-25-mean",
        "center-blanked-25-blur",
        "center-blanked-50-mean",
        "center-blanked-50-blur",
        "center-blanked-75-mean",
        "center-blanked-75-blur",
        "surroundings-blanked-25-mean",
        "surroundings-blanked-25-blur",
        "surroundings-blanked-50-mean",
        "surroundings-blanked-50-blur",
        "surroundings-blanked-75-mean",
        "surroundings-blanked-75-blur",
        "gray",
        "shift-6",
        "shift-12",
        "blur-3",
        "blur-6",
        "shuffle-2",
        "shuffle-4",
        "shuffle-8",
    ]


@pytest.mark.parametrize("channels", [1, 2, 4])
def test_images_of_other_than_three_channels_have_no_color_to_lose(channels: int) -> None:
    assert interventions(channels) == tuple(i for i in interventions(3) if i.topic != "color")


def test_labels_are_for_readers_and_no_two_are_alike() -> None:
    labels = {items.name: items.label for items in interventions(3)}
    assert len(set(labels.values())) == len(labels)
    assert labels["center-blanked-50-mean"] == "center hidden, 50 %"
    assert labels["shuffle-4"] == "shuffled, 4 x 4"


def test_the_amounts_are_those_of_the_names() -> None:
    for items in interventions(3):
        assert items.name == "gray" or str(items.amount) in items.name.split("-")


def test_the_two_halves_that_are_compared_are_in_the_list() -> None:
    assert {CENTER_BLANKED, SURROUNDINGS_BLANKED} <= {items.name for items in interventions(1)}


@pytest.mark.parametrize(
    ("sides", "area", "expected"),
    [
        ((32, 32), 25, (8, 8, 16, 16)),
        ((32, 32), 50, (4, 4, 23, 23)),
        ((96, 96), 50, (14, 14, 68, 68)),
        ((8, 8), 75, (0, 0, 7, 7)),
        ((32, 64), 25, (8, 16, 16, 32)),
    ],
)
def test_the_center_is_where_a_reader_would_draw_it(
    sides: tuple[int, int], area: int, expected: tuple[int, int, int, int]
) -> None:
    assert center(*sides, area) == expected


@given(SIDES, SIDES, st.sampled_from(AREAS))
def test_the_center_lies_in_the_middle_and_leaves_something_outside(
    side_h: int, side_w: int, area: int
) -> None:
    top, left, height, width = center(side_h, side_w, area)
    for side, start, length in [(side_h, top, height), (side_w, left, width)]:
        assert 0 < length < side
        assert side - start - length - start in {0, 1}  # as much before as after, to a pixel


@given(SIDES, SIDES, st.sampled_from(AREAS))
def test_the_center_has_its_share_of_the_area_but_for_half_a_pixel_a_side(
    side_h: int, side_w: int, area: int
) -> None:
    _, _, height, width = center(side_h, side_w, area)
    exact = side_h * side_w * area / 100
    assert abs(height * width - exact) <= (side_h + side_w) / 2 + 1


def test_half_leaves_about_as_much_inside_as_outside() -> None:
    _, _, height, width = center(32, 32, HALF)
    assert height * width / 32**2 == pytest.approx(0.5, abs=0.02)


def test_a_report_can_name_the_changes_without_torch() -> None:
    code = "import sys, paribus.metrics.interventions; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
