"""A confusion matrix's colors go with its shares, and its text stays readable on them."""

from __future__ import annotations

import re
from importlib import resources

import numpy as np
import pytest

from paribus.report.charts import COLORS, DARK
from paribus.report.charts.drawing import artist
from paribus.report.charts.matrix import STRONGEST, TEXT_CLASSES, MatrixCell, matrix
from paribus.report.sections.confusion import confusion_cell, row_shares

MATRIX = np.array([[6.0, 2.0, 0.0], [1.0, 9.0, 0.0], [0.0, 0.0, 0.0]])


def style_sheet() -> str:
    return resources.files("paribus.report").joinpath("templates", "page.css").read_text("utf-8")


def variables(dark: bool) -> dict[str, str]:
    """The page's colors, in light or in dark."""
    sheet = style_sheet()
    light = dict(COLORS) | dict(re.findall(r"--([\w-]+): (#\w{6})", sheet.split("@media")[0]))
    scheme = sheet.split("prefers-color-scheme: dark")[1].split("* {")[0]
    return light | (dict(DARK) | dict(re.findall(r"--([\w-]+): (#\w{6})", scheme)) if dark else {})


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
    cell = confusion_cell(MATRIX, seeds=2, worst=0.25)
    assert cell(0, 1).strength == STRONGEST
    assert cell(1, 1).strength == pytest.approx(0.9 * STRONGEST)
    assert max(cell(i, j).strength for i in range(3) for j in range(3)) <= STRONGEST


def test_a_cell_says_mean_count_and_share_of_its_row() -> None:
    cell = confusion_cell(np.array([[7.5, 2.5], [0, 10]]), seeds=2, worst=0.5)
    right, wrong = cell(0, 0), cell(0, 1)
    assert (right.text, right.detail, right.good) == ("7.5", "75.0\u00a0%", True)
    assert (wrong.text, wrong.detail, wrong.good) == ("2.5", "25.0\u00a0%", False)
    assert right.strength == pytest.approx(0.75 * STRONGEST)
    assert wrong.strength == pytest.approx(STRONGEST * 0.25 / 0.5)


def test_counts_of_one_seed_are_whole() -> None:
    cell = confusion_cell(np.array([[7.0, 3.0], [0.0, 10.0]]), seeds=1, worst=0.5)
    assert (cell(0, 0).text, cell(0, 1).text) == ("7", "3")


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


def test_cells_of_many_classes_are_drawn_without_text() -> None:
    count = TEXT_CLASSES + 70
    numbers = np.random.default_rng(0).permutation(count**2)[:2_000].tolist()
    cells = [(*divmod(number, count), MatrixCell("1", True, 0.5)) for number in numbers]
    with artist() as draw:
        drawn = draw({"all": lambda: matrix([f"class {n}" for n in range(count)], cells, 350)})[
            "all"
        ]
    kinds = [element.tag.rpartition("}")[2] for element in drawn.iter()]
    assert kinds.count("text") == 2
    assert len(kinds) < 2_100
