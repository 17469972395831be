"""Changes of pixels against torchvision on the same numbers."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from augmentation.torchvision_oracle import torchvision_transforms
from paribus.augmentation.draw import Draws, draw
from paribus.augmentation.pixels import changed, changes_pixels
from paribus.augmentation.policies import POLICY, SPACE, WIDE
from paribus.study.augmentation import Augmentation

COUNT, HEIGHT, WIDTH = 40, 20, 28
FILL = (11, 120, 240)
Bytes = npt.NDArray[np.uint8]


@pytest.fixture
def images() -> Bytes:
    shape = (COUNT, 3, HEIGHT, WIDTH)
    return np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)


def drawn(of: Augmentation) -> Draws:
    return draw(of, COUNT, (3, HEIGHT, WIDTH), seed=3, epoch=2)


def pictures(images: Bytes) -> list[Image.Image]:
    return [Image.fromarray(np.ascontiguousarray(image.transpose(1, 2, 0))) for image in images]


def as_bytes(pictures: list[Image.Image]) -> Bytes:
    return np.stack([np.asarray(picture).transpose(2, 0, 1) for picture in pictures])


@pytest.fixture
def functional() -> Any:
    return torchvision_transforms().functional


def test_rotation(images: Bytes, functional: Any) -> None:
    of = Augmentation(rotate=30)
    draws = drawn(of)
    angles = draws.others["rotate"]
    assert angles.min() < -20 and angles.max() > 20 and np.abs(angles).max() <= 30
    expected = [
        functional.rotate(picture, float(angle), fill=FILL)
        for picture, angle in zip(pictures(images), angles, strict=True)
    ]
    assert np.array_equal(changed(images, of, draws, FILL), as_bytes(expected))


def test_a_part_resized(images: Bytes, functional: Any) -> None:
    of = Augmentation.model_validate({"random_resized_crop": True})
    draws = drawn(of)
    expected = [
        functional.resized_crop(picture, *box.tolist(), [HEIGHT, WIDTH])
        for picture, box in zip(pictures(images), draws.others["random_resized_crop"], strict=True)
    ]
    assert np.array_equal(changed(images, of, draws, FILL), as_bytes(expected))


def test_color_jitter(images: Bytes, functional: Any) -> None:
    of = Augmentation.model_validate(
        {"color_jitter": {"brightness": 0.4, "contrast": 0.3, "saturation": 1.5, "hue": 0.2}}
    )
    draws = drawn(of)
    expected = []
    for picture, numbers in zip(pictures(images), draws.others["color_jitter"], strict=True):
        for which in numbers[4:].astype(int).tolist():
            adjust = ("brightness", "contrast", "saturation", "hue")[which]
            picture = getattr(functional, f"adjust_{adjust}")(picture, float(numbers[which]))
        expected.append(picture)
    assert np.array_equal(changed(images, of, draws, FILL), as_bytes(expected))


def test_one_number_of_color_jitter_is_for_all_but_the_hue() -> None:
    of = Augmentation.model_validate({"color_jitter": 0.4}).color_jitter
    assert of is not None
    assert (of.brightness, of.contrast, of.saturation, of.hue) == (0.4, 0.4, 0.4, 0.0)


def test_grey(images: Bytes, functional: Any) -> None:
    of = Augmentation(grey=0.5)
    draws = drawn(of)
    chosen = draws.others["grey"]
    assert 0 < chosen.sum() < COUNT
    expected = [
        functional.rgb_to_grayscale(picture, 3) if grey else picture
        for picture, grey in zip(pictures(images), chosen, strict=True)
    ]
    assert np.array_equal(changed(images, of, draws, FILL), as_bytes(expected))


def by_hand(of: Augmentation, draws: Draws, picture: Image.Image, n: int) -> Image.Image:
    """What a policy does to an image, from what was drawn for it."""
    numbers = draws.others[of.on[0]][n].tolist()
    if of.randaugment:
        steps = [(SPACE[number], of.randaugment.magnitude, 30, sign) for number, sign in numbers]
    elif of.trivialaugment:
        steps = [(WIDE[numbers[0]], numbers[1], 30, numbers[2])]
    else:
        pair, first, second, *signs = numbers
        steps = [
            (change, strength, 9, sign)
            for (change, p, strength), chance, sign in zip(
                POLICY[int(pair)], (first, second), signs, strict=True
            )
            if chance <= p
        ]
    for change, strength, strongest, sign in steps:
        amount = change.amount(strength, strongest, HEIGHT, WIDTH)
        picture = change.apply(picture, -amount if sign and change.signed else amount, FILL)
    return picture


@pytest.mark.parametrize(
    "section",
    [
        {"randaugment": {"n": 3, "magnitude": 12}},
        {"trivialaugment": True},
        {"autoaugment": "cifar"},
    ],
)
def test_policies(section: dict[str, Any], images: Bytes) -> None:
    of = Augmentation.model_validate(section)
    draws = drawn(of)
    expected = [by_hand(of, draws, picture, n) for n, picture in enumerate(pictures(images))]
    ours = changed(images, of, draws, FILL)
    assert np.array_equal(ours, as_bytes(expected))
    assert not np.array_equal(ours, images)


def test_all_of_it_works_on_images_without_colors() -> None:
    of = Augmentation.model_validate(
        {
            "random_resized_crop": {"scale": [0.2, 0.9]},
            "rotate": 20.0,
            "color_jitter": {"saturation": 0.5, "hue": 0.1},
            "grey": 1.0,
            "trivialaugment": True,
        }
    )
    images = np.random.default_rng(2).integers(0, 256, (9, 1, 12, 12), dtype=np.uint8)
    ours = changed(images, of, draw(of, 9, (1, 12, 12), 0, 1), FILL[:1])
    assert ours.shape == images.shape and not np.array_equal(ours, images)


def test_only_what_changes_pixels_is_said_to() -> None:
    assert not changes_pixels(Augmentation(flip=True, crop=4, cutout=8))
    assert changes_pixels(Augmentation(grey=0.1))
