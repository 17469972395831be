"""From an image's file to its pixels, or to the reason why there are none."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from paribus.data.images import Bytes
from paribus.io.reading import read_whole

FORMATS = ("PNG", "JPEG", "WEBP", "BMP")
#: A file of a few bytes may claim any size; this is looked at before memory is taken.
LARGEST = 50_000_000
#: Bytes of a file: room for the largest image, hardly packed.
LARGEST_FILE = 300_000_000
#: Passes over a progressive JPEG. Encoders make a dozen; each costs a few bytes of the file, and a
#: look at every pixel.
MOST_SCANS = 100


class UnusableError(Exception):
    """Why a file gives no image; never leaves this package."""


def contents(path: Path) -> bytes:
    """The bytes of an image's file.

    Raises:
        UnusableError: if it is no file, too large, or can't be read.
    """
    try:
        return read_whole(path, LARGEST_FILE)
    except OSError as error:
        raise UnusableError(f"can't be read ({error.strerror})") from None


def decode(content: bytes, color: Literal["rgb", "gray"]) -> Bytes:
    """An image's file as (height, width, 3 or 1), upright as its EXIF says.

    The contents decide the format, not the name. Transparency is dropped; of an animation the
    first image is taken.

    Raises:
        UnusableError: if it is no image, damaged, or too large.
    """
    if content.count(b"\xff\xda") > MOST_SCANS and content.startswith(b"\xff\xd8"):
        raise UnusableError(f"a JPEG image of more than {MOST_SCANS} scans")
    file = io.BytesIO(content)
    try:
        # Pillow warns of odd metadata and transparency, which change no pixel here.
        with warnings.catch_warnings(action="ignore"), Image.open(file, formats=FORMATS) as image:
            return _pixels(image, color)
    except UnusableError:
        raise
    except UnidentifiedImageError:
        reason = "not a PNG, JPEG, WebP or BMP image" if content else "an empty file"
        raise UnusableError(reason) from None
    except Exception as error:  # Pillow's decoders meet hostile bytes with many kinds of error
        raise UnusableError(f"can't be read ({error or type(error).__name__})") from None


def _pixels(image: Image.Image, color: Literal["rgb", "gray"]) -> Bytes:
    if image.width * image.height > LARGEST:
        raise UnusableError(
            f"{image.width:,} x {image.height:,} pixels came, "
            f"at most {LARGEST // 1_000_000} million are read"
        )
    upright = _eight_bits(ImageOps.exif_transpose(image))
    pixels = np.array(upright.convert("RGB" if color == "rgb" else "L"), np.uint8)
    return pixels if color == "rgb" else pixels[..., None]


def _eight_bits(image: Image.Image) -> Image.Image:
    """Gray of 16 bits as gray of 8; Pillow's own conversion cuts off at 255."""
    if not image.mode.startswith("I"):
        return image
    return Image.fromarray((np.asarray(image).astype(np.int64) >> 8).astype(np.uint8))
