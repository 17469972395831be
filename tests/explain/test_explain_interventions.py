"""Each change changes what it says and nothing else; loops and SciPy say the same."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy.ndimage import gaussian_filter
from torch import Tensor

from paribus.explain.interventions import UNRECOGNIZABLE, intervened
from paribus.metrics.interventions import AREAS, FILLS, SHUFFLES, center, interventions

MEAN, STD = (0.4, 0.5, 0.3), (0.2, 0.25, 0.3)

names = st.sampled_from([one.name for one in interventions(3)])
sides = st.integers(4, 40)
shuffles = st.sampled_from(SHUFFLES)


def noise(count: int, height: int, width: int, channels: int = 3) -> Tensor:
    return torch.randn(count, channels, height, width, generator=torch.Generator().manual_seed(1))


def change(name: str, images: Tensor, first: int = 0) -> Tensor:
    """With images numbered from `first` on."""
    channels = images.shape[1]
    index = torch.arange(first, first + len(images))
    return dict(intervened(images, index, MEAN[:channels], STD[:channels]))[name]


# ---- all of them ----------------------------------------------------------------------------


@settings(max_examples=50, deadline=None)
@given(names, sides, sides)
def test_the_images_given_stay_as_they_are(name: str, height: int, width: int) -> None:
    images = noise(4, height, width)
    before = images.clone()
    changed = change(name, images)
    assert changed.shape == images.shape
    changed.zero_()
    assert torch.equal(images, before)


@settings(max_examples=50, deadline=None)
@given(names, sides)
def test_a_image_is_changed_alike_whatever_stands_beside_it(name: str, side: int) -> None:
    images = noise(7, side, side)
    alone = torch.cat([change(name, images[i : i + 1], first=i) for i in range(7)])
    torch.testing.assert_close(change(name, images), alone)


@pytest.mark.parametrize(("channels", "side"), [(1, 8), (3, 8), (1, 32), (3, 33), (3, 224)])
def test_the_list_is_gone_through_in_its_order_and_every_change_changes_something(
    channels: int, side: int
) -> None:
    images, index = noise(3, side, side, channels), torch.arange(3)
    seen = []
    for name, changed in intervened(images, index, MEAN[:channels], STD[:channels]):
        seen.append(name)
        assert not torch.equal(changed, images)
        assert changed.isfinite().all()
    assert seen == [one.name for one in interventions(channels)]


# ---- background -----------------------------------------------------------------------------


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(AREAS), st.sampled_from(FILLS), sides, sides)
def test_what_is_blanked_in_one_is_what_is_left_in_the_other(
    area: int, fill: str, height: int, width: int
) -> None:
    images = noise(2, height, width)
    without_center = change(f"center-blanked-{area}-{fill}", images)
    without_surroundings = change(f"surroundings-blanked-{area}-{fill}", images)
    top, left, tall, wide = center(height, width, area)
    inside = torch.zeros(height, width, dtype=torch.bool)
    inside[top : top + tall, left : left + wide] = True
    assert torch.equal(without_center[..., ~inside], images[..., ~inside])
    assert torch.equal(without_surroundings[..., inside], images[..., inside])
    filling = torch.where(inside, without_center, without_surroundings)
    if fill == "mean":
        assert not filling.any()
    else:
        assert filling.std() < images.std() / 2


# ---- color ---------------------------------------------------------------------------------


def test_gray_is_the_luma_of_the_pixels_before_normalizing() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (1, 16, 16, 3), np.uint8)
    mean, std = np.array(MEAN, np.float32), np.array(STD, np.float32)
    images = torch.from_numpy(((pixels / 255 - mean) / std).astype(np.float32)).permute(0, 3, 1, 2)
    gray = change("gray", images)[0].permute(1, 2, 0).numpy() * std + mean
    theirs = np.asarray(Image.fromarray(pixels[0]).convert("L")) / 255  # also of ITU-R BT.601
    np.testing.assert_allclose(gray, np.repeat(theirs[..., None], 3, axis=2), atol=0.501 / 255)


def test_a_gray_image_stays_as_it_is() -> None:
    pixels = torch.rand(2, 1, 8, 8).expand(2, 3, 8, 8)
    scale, offset = torch.tensor(STD).view(3, 1, 1), torch.tensor(MEAN).view(3, 1, 1)
    images = (pixels - offset) / scale
    torch.testing.assert_close(change("gray", images), images, atol=1e-5, rtol=0)


def test_a_channel_that_never_varies_makes_no_infinities() -> None:
    images = noise(1, 8, 8)
    images[:, 2] = 0
    changed = dict(intervened(images, torch.arange(1), MEAN, (0.2, 0.25, 0.0)))["gray"]
    assert changed.isfinite().all()


# ---- position -------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "side", "pixels"), [("shift-6", 32, 2), ("shift-12", 32, 4)])
def test_images_move_up_right_down_and_left_in_turn(name: str, side: int, pixels: int) -> None:
    images = torch.zeros(5, 3, side, side)
    images[..., 16, 10] = 1
    places = [tuple(image[0].nonzero()[0].tolist()) for image in change(name, images)]
    up, right = (16 - pixels, 10), (16, 10 + pixels)
    down, left = (16 + pixels, 10), (16, 10 - pixels)
    assert places == [up, right, down, left, up]


def test_what_a_shift_uncovers_has_the_mean_color() -> None:
    changed = change("shift-12", torch.ones(4, 3, 50, 50))
    assert [float(image[0].sum()) for image in changed] == [50 * 44] * 4
    assert not changed[0, :, -6:].any()


def test_a_small_image_moves_by_a_pixel() -> None:
    images = noise(1, 4, 4)
    assert torch.equal(change("shift-6", images)[:, :, :3], images[:, :, 1:])


# ---- resolution -----------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "share"), [("blur-3", 0.03), ("blur-6", 0.06)])
@pytest.mark.parametrize(("height", "width"), [(32, 32), (8, 8), (61, 96)])
def test_blur_is_scipys_gaussian_filter(name: str, share: float, height: int, width: int) -> None:
    images = noise(2, height, width)
    theirs = scipys(images, share * min(height, width))
    np.testing.assert_allclose(change(name, images).numpy(), theirs, atol=1e-5)


@pytest.mark.parametrize("side", [4, 8, 32, 101])
def test_the_filling_is_scipys_gaussian_filter_too(side: int) -> None:
    images = noise(2, side, side)
    top, left, height, width = center(side, side, 50)
    middle = (..., slice(top, top + height), slice(left, left + width))
    ours = change("center-blanked-50-blur", images)[middle]
    theirs = scipys(images, UNRECOGNIZABLE * side)[middle]
    np.testing.assert_allclose(ours.numpy(), theirs, atol=2e-5)


def scipys(images: Tensor, deviation: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    sigma = (0, 0, deviation, deviation)
    return gaussian_filter(images.numpy().astype(np.float64), sigma, mode="reflect", truncate=7)


@settings(max_examples=50, deadline=None)
@given(sides, sides)
def test_a_blurred_image_keeps_its_mean_color(height: int, width: int) -> None:
    images = noise(2, height, width)
    ours, theirs = (image.mean(dim=(2, 3)) for image in (change("blur-6", images), images))
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=0)


# ---- texture --------------------------------------------------------------------------------


def patches_of(image: Tensor, along: int) -> list[Tensor]:
    """The patches row by row, cut out one after the other."""
    height, width = image.shape[1] // along, image.shape[2] // along
    top, left = image.shape[1] % along // 2, image.shape[2] % along // 2
    return [
        image[:, y : y + height, x : x + width]
        for y in range(top, top + along * height, height)
        for x in range(left, left + along * width, width)
    ]


@settings(max_examples=50, deadline=None)
@given(shuffles, st.integers(8, 40), st.integers(8, 40), st.integers(0, 1000))
def test_patches_change_places_and_none_stays(
    along: int, height: int, width: int, number: int
) -> None:
    image = noise(1, height, width)
    before = patches_of(image[0], along)
    after = patches_of(change(f"shuffle-{along}", image, first=number)[0], along)
    # Noise has no two patches alike: each comes from the one place where it was.
    sources = [[i for i, old in enumerate(before) if torch.equal(new, old)] for new in after]
    assert sorted(sources) == [[i] for i in range(along**2)]
    assert all(source != [i] for i, source in enumerate(sources))


@settings(max_examples=50, deadline=None)
@given(shuffles, st.integers(8, 40), st.integers(8, 40))
def test_pixels_left_over_at_the_ends_stay_where_they_are(
    along: int, height: int, width: int
) -> None:
    image = noise(1, height, width)
    top, left = height % along // 2, width % along // 2
    inside = torch.zeros(height, width, dtype=torch.bool)
    inside[top : top + height // along * along, left : left + width // along * along] = True
    assert torch.equal(change(f"shuffle-{along}", image)[..., ~inside], image[..., ~inside])


def test_every_image_is_shuffled_in_its_own_way() -> None:
    same = noise(1, 32, 32).expand(20, -1, -1, -1)
    assert len({image.numpy().tobytes() for image in change("shuffle-4", same)}) == 20


def test_a_image_of_fewer_pixels_than_patches_is_shuffled_pixel_by_pixel() -> None:
    image = torch.arange(16.0).view(1, 1, 4, 4)
    changed = change("shuffle-8", image)
    assert sorted(changed.flatten().tolist()) == list(range(16))
    assert (changed != image).all()
