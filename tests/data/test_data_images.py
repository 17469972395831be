"""Resizing is Pillow's and torch's antialiased bilinear one, cut to the central square."""

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps
from torch.nn.functional import interpolate

from paribus.data.images import followed
from paribus.data.pixels import Target, resized


def noise(height: int, width: int, channels: int = 3) -> np.ndarray:
    random = np.random.default_rng(height * width)
    return random.integers(0, 256, (height, width, channels), np.uint8)


@pytest.mark.parametrize("size", [8, 32, 48, 96, 128])
def test_a_square_image_comes_out_as_pillow_resizes_it(size: int) -> None:
    pixels = noise(96, 96)
    expected = Image.fromarray(pixels).resize((size, size), Image.Resampling.BILINEAR)
    assert np.array_equal(
        resized(pixels, Target(size, size)), np.asarray(expected).transpose(2, 0, 1)
    )


def test_from_96_to_32_it_equals_torchs_antialiased_interpolation() -> None:
    pixels = noise(96, 96)
    tensor = torch.from_numpy(pixels).permute(2, 0, 1)[None]
    expected = interpolate(tensor, (32, 32), mode="bilinear", antialias=True)
    assert np.array_equal(resized(pixels, Target(32, 32)), expected[0].numpy())


def test_every_old_pixel_counts_when_a_image_shrinks() -> None:
    stripes = np.zeros((96, 96, 1), np.uint8)
    stripes[:, ::3] = 240  # without antialiasing: all or nothing of them
    assert np.abs(resized(stripes, Target(32, 32))[0, 1:-1, 1:-1].astype(int) - 80).max() <= 1


@pytest.mark.parametrize("turned", [False, True])
def test_a_long_image_is_resized_to_its_shorter_side_and_cut_to_its_middle(turned: bool) -> None:
    pixels = noise(100, 40) if turned else noise(40, 100)
    whole = Image.fromarray(pixels).resize(
        (20, 50) if turned else (50, 20), Image.Resampling.BILINEAR
    )
    middle = whole.crop((0, 15, 20, 35) if turned else (15, 0, 35, 20))
    assert np.array_equal(resized(pixels, Target(20, 20)), np.asarray(middle).transpose(2, 0, 1))


def test_gray_images_keep_their_one_channel() -> None:
    assert resized(noise(8, 8, 1), Target(32, 32)).shape == (1, 32, 32)


def test_a_blur_is_a_share_of_the_shorter_side_and_comes_before_the_resizing() -> None:
    edge = np.zeros((60, 120, 1), np.uint8)
    edge[:, 60:] = 255
    # An edge blurred by a Gaussian is its distribution function; these lie 5.5 pixels, 0.92 of
    # a deviation, to either side of it.
    row = resized(edge, Target(60, 60, blur=0.1))[0, 30] / 255
    assert row[24] == pytest.approx(0.18, abs=0.02)
    assert row[35] == pytest.approx(0.82, abs=0.02)


@pytest.mark.parametrize("shape", [(40, 100), (100, 40), (48, 32), (7, 3)])
def test_a_size_that_is_not_square_is_filled_by_the_middle_of_the_image(
    shape: tuple[int, int],
) -> None:
    pixels = noise(*shape)
    expected = ImageOps.fit(Image.fromarray(pixels), (32, 48), Image.Resampling.BILINEAR)
    new = resized(pixels, Target(48, 32))
    assert np.array_equal(new, np.asarray(expected).transpose(2, 0, 1))


@pytest.mark.parametrize("shape", [(40, 100), (100, 40), (48, 32), (7, 3)])
def test_a_stretched_image_has_both_sides_scaled_for_themselves(shape: tuple[int, int]) -> None:
    pixels = noise(*shape)
    expected = Image.fromarray(pixels).resize((32, 48), Image.Resampling.BILINEAR)
    new = resized(pixels, Target(48, 32, "stretch"))
    assert np.array_equal(new, np.asarray(expected).transpose(2, 0, 1))


@pytest.mark.parametrize("shape", [(40, 100), (100, 40), (48, 32), (7, 3)])
def test_a_padded_image_is_whole_with_black_beside_it(shape: tuple[int, int]) -> None:
    pixels = noise(*shape)
    expected = ImageOps.pad(Image.fromarray(pixels), (32, 48), Image.Resampling.BILINEAR)
    new = resized(pixels, Target(48, 32, "pad"))
    # Where a margin is odd, Pillow and we may differ by the side of one row or column.
    off = [np.roll(new, by, axis) for axis in (1, 2) for by in (0, 1, -1)]
    assert any(np.array_equal(each, np.asarray(expected).transpose(2, 0, 1)) for each in off)


def test_a_line_of_pixels_is_padded_too() -> None:
    new = resized(np.full((1, 500, 3), 7, np.uint8), Target(16, 16, "pad"))
    assert sorted(np.unique(new.sum(axis=(0, 2)))) == [0, 7 * 16 * 3]


def test_a_image_of_one_pixel_fills_the_square() -> None:
    assert (resized(np.full((1, 500, 3), 7, np.uint8), Target(16, 16)) == 7).all()


def test_word_comes_after_every_hundredth_item_and_the_last() -> None:
    messages: list[tuple[str, int, int | None]] = []
    items = list(followed(range(250), "counting", lambda *word: messages.append(word)))
    assert items == list(range(250))
    assert messages == [("counting", 100, 250), ("counting", 200, 250), ("counting", 250, 250)]
