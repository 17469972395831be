"""Image files in a user's folder: listed in natural order, and decoded within limits."""

import io
import os
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from paribus.data.images import Bytes
from paribus.io.reading import read_whole
from paribus.names import shown

FORMATS = ("PNG", "JPEG", "WEBP", "BMP")
#: Pixels. A file of a few bytes may claim any size; it is checked before memory is allocated.
LARGEST = 50_000_000
#: Bytes of a file: enough for the largest image, barely compressed.
LARGEST_FILE = 300_000_000
#: Scans of a progressive JPEG. Encoders write a dozen; each takes a few bytes of the file to
#: store and a pass over every pixel to decode.
MOST_SCANS = 100


class UnusableError(Exception):
    """Why a file gives no image; never leaves this package."""


def natural(name: str) -> tuple[list[str | int], str]:
    """A sort key for names: "b2" before "b10", ignoring case."""
    words = re.split(r"(\d+)", name.casefold())
    return [int(word) if i % 2 else word for i, word in enumerate(words)], name


def visible(folder: Path) -> list[Path]:
    """The entries of a folder in natural order, except hidden ones."""
    entries = [entry for entry in folder.iterdir() if not entry.name.startswith(".")]
    return sorted(entries, key=lambda entry: natural(entry.name))


def files_under(top: Path, root: Path, unusable: list[str]) -> Iterator[Path]:
    """Every file under `top` in natural order; what can't be read is added to `unusable`.

    Only links to files inside `root` are followed.
    """
    waiting = [top]
    while waiting:
        entry = waiting.pop()
        try:
            if entry.is_symlink():
                _check_link(entry, root)
            if entry.is_dir():
                waiting += reversed(visible(entry))
            elif entry.is_file():
                yield entry
        except OSError as error:
            unusable.append(f"{below(root, entry)}: can't be read ({error.strerror})")
        except UnusableError as error:
            unusable.append(f"{below(root, entry)}: {error}")


def below(root: Path, path: Path) -> str:
    """A path relative to `root`, as it is shown."""
    return shown(path.relative_to(root).as_posix())


def _check_link(link: Path, root: Path) -> None:
    target = Path(os.path.realpath(link))
    if not target.exists():
        raise UnusableError("a link to nowhere")
    if not target.is_relative_to(root):
        raise UnusableError("a link that leads out of the folder")
    if target.is_dir():
        raise UnusableError("a link to a folder; only links to images are followed")


def contents(path: Path) -> bytes:
    """The bytes of an image's file.

    Raises:
        UnusableError: if it isn't a file, is too large, or can't be read.
    """
    try:
        return read_whole(path, LARGEST_FILE)
    except OSError as error:
        raise UnusableError(f"can't be read ({error.strerror})") from None


def decode(content: bytes, color: Literal["rgb", "gray"]) -> Bytes:
    """An image's file as (height, width, 3 or 1), upright according to its EXIF.

    The contents decide the format, not the name. Transparency is dropped; an animation gives its
    first image.

    Raises:
        UnusableError: if it isn't an image, is damaged, or is too large.
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
    except Exception as error:  # Pillow's decoders raise many kinds of errors on hostile bytes
        raise UnusableError(f"can't be read ({error or type(error).__name__})") from None


def _pixels(image: Image.Image, color: Literal["rgb", "gray"]) -> Bytes:
    if image.width * image.height > LARGEST:
        raise UnusableError(
            f"expected at most {LARGEST // 1_000_000} million pixels, "
            f"got {image.width:,} x {image.height:,}"
        )
    upright = _eight_bits(ImageOps.exif_transpose(image))
    pixels = np.array(upright.convert("RGB" if color == "rgb" else "L"), np.uint8)
    return pixels if color == "rgb" else pixels[..., None]


def _eight_bits(image: Image.Image) -> Image.Image:
    """16-bit gray as 8-bit gray; Pillow's own conversion clips at 255."""
    if not image.mode.startswith("I"):
        return image
    return Image.fromarray((np.asarray(image).astype(np.int64) >> 8).astype(np.uint8))
