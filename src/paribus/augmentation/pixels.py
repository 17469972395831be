"""Changes of images of 8 bits, made by Pillow with what was drawn for each.

In this order: a part of the image is taken and resized; a policy's changes; rotation; other
colors; none.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageEnhance

from paribus.augmentation.draw import Array, Draws
from paribus.augmentation.policies import POLICY, SPACE, WIDE, Change, Fill, rotated
from paribus.study.augmentation import Augmentation

Bytes = npt.NDArray[np.uint8]

#: An image after a change, given what was drawn for it.
Changed = Callable[[Image.Image, Array, Fill, Augmentation], Image.Image]


def changes_pixels(augmentation: Augmentation) -> bool:
    """Whether anything here is switched on."""
    return any(name in _CHANGES for name in augmentation.on)


def changed(images: Bytes, augmentation: Augmentation, draws: Draws, fill: Fill) -> Bytes:
    """Images (n, channels, height, width) after all that `draws` has for them.

    Args:
        fill: what a change uncovers is filled with, a value a channel.
    """
    on = [(_CHANGES[name], draws.others[name]) for name in _CHANGES if name in augmentation.on]
    result = np.empty_like(images)
    for n, pixels in enumerate(np.ascontiguousarray(images.transpose(0, 2, 3, 1))):
        image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
        for change, drawn in on:
            image = change(image, drawn[n], fill, augmentation)
        rows = np.asarray(image)
        result[n] = rows if rows.ndim == 2 else rows.transpose(2, 0, 1)
    return result


def _part(image: Image.Image, drawn: Array, _: Fill, __: Augmentation) -> Image.Image:
    top, left, height, width = drawn.tolist()
    part = image.crop((left, top, left + width, top + height))
    return part.resize(image.size, Image.Resampling.BILINEAR)


def _turned(image: Image.Image, drawn: Array, fill: Fill, _: Augmentation) -> Image.Image:
    return rotated(image, float(drawn), fill)


def _grey(image: Image.Image, drawn: Array, _: Fill, __: Augmentation) -> Image.Image:
    return image.convert("L").convert(image.mode) if drawn else image


def _jittered(image: Image.Image, drawn: Array, _: Fill, __: Augmentation) -> Image.Image:
    *factors, hue = drawn[:4].tolist()
    kinds = (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color)
    for number in drawn[4:].astype(int).tolist():
        if number == 3:
            image = _other_hue(image, hue) if hue else image
        elif factors[number] != 1:
            image = kinds[number](image).enhance(factors[number])
    return image


def _other_hue(image: Image.Image, share: float) -> Image.Image:
    """The image with all hues moved along the circle of colors, as torchvision's adjust_hue."""
    if image.mode != "RGB":
        return image
    hue, *others = image.convert("HSV").split()
    moved = hue.point([(value + int(share * 255)) % 256 for value in range(256)])
    return Image.merge("HSV", (moved, *others)).convert("RGB")


def _at_random(image: Image.Image, drawn: Array, fill: Fill, of: Augmentation) -> Image.Image:
    magnitude = of.randaugment.magnitude if of.randaugment else 0
    for number, turned in drawn.tolist():
        image = _by(SPACE[number], image, magnitude, 30, turned, fill)
    return image


def _trivially(image: Image.Image, drawn: Array, fill: Fill, _: Augmentation) -> Image.Image:
    number, strength, turned = drawn.tolist()
    return _by(WIDE[number], image, strength, 30, turned, fill)


def _as_found(image: Image.Image, drawn: Array, fill: Fill, _: Augmentation) -> Image.Image:
    number, *uniform = drawn.tolist()
    chances, signs = uniform[:2], uniform[2:]
    for (change, chance, strength), drawn_chance, turned in zip(
        POLICY[int(number)], chances, signs, strict=True
    ):
        if drawn_chance <= chance:
            image = _by(change, image, strength, 9, turned, fill)
    return image


def _by(
    change: Change, image: Image.Image, strength: int, strongest: int, turned: float, fill: Fill
) -> Image.Image:
    amount = change.amount(strength, strongest, image.height, image.width)
    return change.apply(image, -amount if change.signed and turned else amount, fill)


#: In the order in which they are made.
_CHANGES: dict[str, Changed] = {
    "random_resized_crop": _part,
    "randaugment": _at_random,
    "trivialaugment": _trivially,
    "autoaugment": _as_found,
    "rotate": _turned,
    "color_jitter": _jittered,
    "grey": _grey,
}
