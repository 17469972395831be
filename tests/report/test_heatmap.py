"""A confusion matrix's colors go with its shares, and its text stays readable on them."""

from __future__ import annotations

import re
from importlib import resources

import numpy as np
import pytest

from paribus.report.heatmap import STRONGEST, TEXT_CLASSES, heatmap, row_shares, strengths
from paribus.report.theme import COLORS

MATRIX = np.array([[6.0, 2.0, 0.0], [1.0, 9.0, 0.0], [0.0, 0.0, 0.0]])


def style_sheet() -> str:
    return resources.files("paribus.report").joinpath("templates", "page.css").read_text("utf-8")


def variables(dark: bool) -> dict[str, str]:
    """The page's colors, in light or in dark."""
    sheet = style_sheet()
    light = dict(COLORS) | dict(re.findall(r"--([\w-]+): (#\w{6})", sheet.split("@media")[0]))
    scheme = sheet.split("prefers-color-scheme: dark")[1].split("* {")[0]
    return light | (dict(re.findall(r"--([\w-]+): (#\w{6})", scheme)) if dark else {})


def rgb(color: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array([int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)])


def luminance(color: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    """Relative luminance as WCAG 2 defines it."""
    linear = np.where(color <= 0.04045, color / 12.92, ((color + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(a: np.ndarray[tuple[int], np.dtype[np.float64]], b: str) -> float:
    lighter, darker = sorted([luminance(a), luminance(rgb(b))], reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_shares_are_of_the_row_and_an_empty_row_has_none() -> None:
    expected = [[0.75, 0.25, 0.0], [0.1, 0.9, 0.0], [0.0, 0.0, 0.0]]
    np.testing.assert_allclose(row_shares(MATRIX), expected)


def test_the_worst_mistake_is_as_strong_as_a_row_that_is_all_right() -> None:
    strength = strengths(MATRIX, worst=0.25)
    assert strength[0, 1] == STRONGEST
    assert strength[1, 1] == pytest.approx(0.9 * STRONGEST)
    assert strength.max() <= STRONGEST


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("heat", ["heat-right", "heat-wrong"])
def test_text_is_readable_on_every_strength_of_a_color(heat: str, dark: bool) -> None:
    colors = variables(dark)
    for strength in np.linspace(0, STRONGEST, 13):
        under = strength * rgb(colors[heat]) + (1 - strength) * rgb(colors["paper"])
        assert contrast(under, colors["ink"]) >= 4.5


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("text", ["ink", "muted", "link"])
def test_all_text_is_readable_on_the_paper(text: str, dark: bool) -> None:
    colors = variables(dark)
    assert contrast(rgb(colors["paper"]), colors[text]) >= 4.5


def test_dark_mode_changes_every_color_of_a_chart() -> None:
    light, dark = variables(dark=False), variables(dark=True)
    assert {name for name in COLORS if light[name] == dark[name]} == set()


def test_many_classes_are_drawn_without_text_and_within_a_limit() -> None:
    count = TEXT_CLASSES + 70
    counts = np.random.default_rng(0).integers(1, 9, (count, count)).astype(float)
    drawn = heatmap([f"class {n}" for n in range(count)], counts, 0.1, 350)
    kinds = [element.tag.rpartition("}")[2] for element in drawn.iter()]
    assert kinds.count("text") == 2
    assert len(kinds) < 2_100
