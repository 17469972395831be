"""An image's pixels, and what becomes of them before a network sees them: one size for all."""

from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter, ImageOps

Bytes = npt.NDArray[np.uint8]

#: How an image of another shape fits: what is too long is cut off evenly, or black is added
#: evenly to what is too short, or both sides are scaled for themselves.
Resize = Literal["crop", "pad", "stretch"]


class UnusableError(Exception):
    """Why a file gives no image; never leaves this package."""


class Target(NamedTuple):
    """What images become: their size in pixels, how they fit, and how blurred they are before.

    `blur` is the standard deviation of a Gaussian, as a share of an image's shorter side.
    """

    height: int
    width: int
    resize: Resize = "crop"
    blur: float = 0.0


def resized(pixels: Bytes | Image.Image, target: Target) -> Bytes:
    """An image in the size that networks see: (channels, height, width).

    Bilinear with antialiasing: each new pixel averages all old pixels that it covers.

    Args:
        pixels: (height, width, channels), 1 or 3, or an image of mode L or RGB.
    """
    image = pixels if isinstance(pixels, Image.Image) else as_image(pixels)
    size = (target.width, target.height)
    if target.blur:
        image = image.filter(ImageFilter.GaussianBlur(target.blur * min(image.size)))
    if image.size != size:  # otherwise it stays as it is, bit by bit
        image = _fitted(image, size, target.resize)
    small = np.frombuffer(image.tobytes(), np.uint8)  # in half of the time of `asarray`
    return small.reshape(*size[::-1], -1).transpose(2, 0, 1)


def _fitted(image: Image.Image, size: tuple[int, int], resize: Resize) -> Image.Image:
    match resize:
        case "crop":
            return ImageOps.fit(image, size, Image.Resampling.BILINEAR)
        case "pad":
            return _padded(image, size)
        case "stretch":
            return image.resize(size, Image.Resampling.BILINEAR)


def _padded(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    # Pillow's `pad` fails where a side would be less than half a pixel.
    scale = min(new / old for new, old in zip(size, image.size, strict=True))
    width, height = (max(1, round(side * scale)) for side in image.size)
    whole = Image.new(image.mode, size)
    inner = image.resize((width, height), Image.Resampling.BILINEAR)
    whole.paste(inner, ((size[0] - width) // 2, (size[1] - height) // 2))
    return whole


def as_image(pixels: Bytes) -> Image.Image:
    """Pixels (height, width, channels) as an image of mode L or RGB."""
    return Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
