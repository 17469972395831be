"""A source's labeled images in their original form, and the squares that networks see."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter, ImageOps

T = TypeVar("T")
Bytes = npt.NDArray[np.uint8]

#: Called with what is in progress, how much is done, and how much there is (or None).
Progress = Callable[[str, int, int | None], None]


def silent(what: str, done: int, total: int | None) -> None:
    """Ignore progress."""


def followed(items: Sequence[T], what: str, progress: Progress) -> Iterator[T]:
    """The items one by one, reporting progress after every hundredth and the last."""
    for done, item in enumerate(items, 1):
        yield item
        if done % 100 == 0 or done == len(items):
            progress(what, done, len(items))


@dataclass(frozen=True)
class Originals:
    """A source's labeled images before any resizing.

    Attributes:
        source: "digits", "stl10" or "folder".
        classes: the classes' names, in the order of the labels.
        labels: (n,) each image's class.
        part: (n,) "train", "validation" or "test", or "" where the source doesn't say.
        channels: 1 (gray) or 3 (red, green, blue).
        fingerprint: SHA-256 over the contents (for STL-10, over the official MD5s).
        read: image i as (height, width, channels) bytes, in its original size.
        unreadable: a folder's files that are no usable images, by name, with the reason.
        require_whole: checks every byte of the source again where `read` doesn't; raises
            DataError.
    """

    source: str
    classes: tuple[str, ...]
    labels: npt.NDArray[np.int64]
    part: npt.NDArray[np.str_]
    channels: int
    fingerprint: str
    read: Callable[[int], Bytes]
    unreadable: tuple[str, ...] = ()
    require_whole: Callable[[], None] = lambda: None


def squared(pixels: Bytes, size: int, blur: float = 0.0) -> Bytes:
    """The central square of an image, resized to (channels, size, size).

    Bilinear with antialiasing: each new pixel averages all old pixels that it covers.

    Args:
        pixels: (height, width, channels).
        blur: standard deviation of a Gaussian blur before resizing, as a share of the image's
            shorter side.
    """
    gray = pixels.shape[-1] == 1
    image = Image.fromarray(pixels[..., 0] if gray else pixels)
    if blur:
        image = image.filter(ImageFilter.GaussianBlur(blur * min(image.size)))
    small = np.asarray(ImageOps.fit(image, (size, size), Image.Resampling.BILINEAR))
    return small[None] if gray else np.moveaxis(small, -1, 0)
