"""An attribution map as colors over an image: which way, how strongly, and how small a file."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from paribus.records.types import Floats
from paribus.report.charts import COLORS
from paribus.report.images import SHADES, STRONGEST, overlay


def pixels(values: Floats) -> npt.NDArray[np.uint8]:
    """(height, width, red green blue alpha) as a browser has them."""
    return np.array(Image.open(io.BytesIO(overlay(values))).convert("RGBA"))


def rgb(name: str) -> list[int]:
    return list(bytes.fromhex(COLORS[name][1:]))


def noise(seed: int, height: int = 24, width: int = 32) -> Floats:
    return np.random.default_rng(seed).normal(size=(height, width)).astype(np.float32)


def test_what_speaks_for_the_class_is_vermillion_and_what_speaks_against_it_blue() -> None:
    (pro, nothing, contra) = pixels(np.array([[1, 0, -1]], np.float32))[0]
    assert pro.tolist() == [*rgb("vermillion"), 255]
    assert contra.tolist() == [*rgb("blue"), 255]
    assert nothing[3] == 0


@given(st.integers(0, 99))
def test_opacity_is_the_value_over_the_99th_percentile_to_half_a_shade(seed: int) -> None:
    values = noise(seed)
    share = np.abs(values) / np.percentile(np.abs(values), STRONGEST)
    opacity = pixels(values)[..., 3] / 255
    assert np.abs(opacity - np.minimum(share, 1)).max() <= 0.5 / SHADES + 0.003
    assert (opacity == 1).mean() >= 0.01


@given(st.integers(0, 99), st.floats(1e-6, 1e6))
def test_a_map_in_other_units_looks_the_same(seed: int, factor: float) -> None:
    close = np.abs(pixels(noise(seed)).astype(int) - pixels(noise(seed) * np.float32(factor)))
    assert (close > 0).any(axis=-1).mean() < 0.01  # values that rounding takes over an edge


@pytest.mark.parametrize("shape", [(8, 8), (5, 9), (64, 64), (1, 1)])
def test_a_map_of_nothing_but_zeros_is_clear_and_of_its_own_size(shape: tuple[int, int]) -> None:
    drawn = pixels(np.zeros(shape, np.float32))
    assert drawn.shape == (*shape, 4)
    assert drawn[..., 3].max() == 0


def test_a_single_pixel_that_speaks_is_seen() -> None:
    values = np.zeros((32, 32), np.float32)
    values[3, 4] = -0.001
    assert np.argwhere(pixels(values)[..., 3]).tolist() == [[3, 4]]


def test_a_map_of_noise_takes_less_than_a_kilobyte() -> None:
    assert len(overlay(noise(0, 32, 32))) < 1000
