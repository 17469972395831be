"""Image files decoded: bytes of any format become pixels, by one rule for a whole folder."""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from paribus.data.pixels import Bytes, UnusableError
from paribus.data.plain_jpeg import plain_jpeg
from paribus.io.reading import UnfitError, read_whole

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "PPM")
#: Pixels. A file of a few bytes may claim any size; it is checked before memory is allocated.
LARGEST = 50_000_000
#: Pixels of a WebP, whose decoder holds two more copies of the image.
LARGEST_WEBP = LARGEST // 2
#: Bytes of a file: enough for the largest image, barely compressed.
LARGEST_FILE = 300_000_000
#: Scans of a progressive JPEG. Encoders write a dozen; each takes a few bytes of the file to
#: store and a pass over every pixel to decode.
MOST_SCANS = 100


@dataclass(frozen=True)
class Rule:
    """How the images of a folder become 8-bit pixels, all of them alike.

    Attributes:
        color: three channels or one.
        bits: that the values of 16-bit images use, 8 to 16; the 8 highest of these are kept.
        background: the color that lies behind transparent pixels.
    """

    color: Literal["rgb", "gray"] = "rgb"
    bits: int = 16
    background: str = "white"


#: For images of 8 bits; of 16, this keeps the 8 highest.
EIGHT_BITS = Rule()


@dataclass(frozen=True)
class Seen:
    """What a file has besides 8-bit pixels.

    `bits` that its gray values use, 0 unless there are more than 8; `shortened`: of 16 bits per
    channel, in color or beside transparency, Pillow reads the 8 highest alone.
    """

    bits: int
    transparent: bool
    animated: bool
    shortened: bool


def contents(path: Path) -> bytes:
    """The bytes of an image's file.

    Raises:
        UnusableError: if it isn't a file, or is too large.
        ReadError: if it can't be read now; without it, the images would be others.
    """
    try:
        return read_whole(path, LARGEST_FILE)
    except UnfitError as error:
        raise UnusableError(f"can't be read ({error.strerror})") from None


def look(content: bytes) -> Seen:
    """What a rule for the folder must know of an image's file.

    Raises:
        UnusableError: if it isn't an image, is damaged, or is too large.
    """
    with _opened(content) as (image, deep):
        return _seen(image, deep)


def decode(content: bytes, rule: Rule = EIGHT_BITS) -> Bytes:
    """An image's file as (height, width, 3 or 1), upright according to its EXIF.

    The contents decide the format, not the name. An animation gives its first image.

    Raises:
        UnusableError: if it isn't an image, is damaged, or is too large.
    """
    with _opened(content) as (image, _):
        pixels = np.asarray(_by_rule(image, rule))
    return pixels if rule.color == "rgb" else pixels[..., None]


def look_and_decode(content: bytes, rule: Rule) -> tuple[Seen, Image.Image]:
    """What `look` and `decode` give, at once; of the rule's bits and the file's, the more count.

    Raises:
        UnusableError: if it isn't an image, is damaged, or is too large.
    """
    with _opened(content) as (image, deep):
        seen = _seen(image, deep)
        if seen.bits:
            rule = replace(rule, bits=max(rule.bits, seen.bits, 8))
        return seen, _by_rule(image, rule)


def _seen(image: Image.Image, deep: bool) -> Seen:
    animated = bool(getattr(image, "is_animated", False))
    bits = max(int(np.asarray(image).max()), 0).bit_length() if image.mode.startswith("I") else 0
    shortened = deep and image.mode.startswith(("RGB", "LA"))
    return Seen(bits, _alpha(image) is not None, animated, shortened)


def _by_rule(image: Image.Image, rule: Rule) -> Image.Image:
    """An image upright, of mode RGB or L."""
    # Each step that would only copy is left out: a large image takes little more than itself.
    if image.format:  # plain JPEG files, which have none here, have no EXIF
        ImageOps.exif_transpose(image, in_place=True)
    if image.mode.startswith("I"):
        # Pillow's own conversion clips at 255.
        values = np.asarray(image).astype(np.int64) >> max(rule.bits - 8, 0)
        image = Image.fromarray(values.clip(0, 255).astype(np.uint8))
    if alpha := _alpha(image):
        image = image.convert("RGBA")
        behind = Image.new("RGB", image.size, rule.background)
        behind.paste(image, mask=alpha)
        image = behind
    mode = "RGB" if rule.color == "rgb" else "L"
    return image if image.mode == mode else image.convert(mode)


def _is_deep(image: Image.Image) -> bool:
    """Whether a channel has more than 8 bits, by what Pillow is about to decode."""
    layouts = [tile.args for tile in getattr(image, "tile", ())]
    # As "RGB;16B", ("RGB;16L", 0, 0), or a PPM's ("RGB", 65535).
    return any(";16" in str(layout) or layout == ("RGB", 65535) for layout in layouts)


def _alpha(image: Image.Image) -> Image.Image | None:
    """The opacity of each pixel; None where all are opaque."""
    if not image.has_transparency_data:
        return None
    alpha = image.convert("RGBA").getchannel("A")
    least, _ = alpha.getextrema()
    return alpha if least != 255 else None


@contextmanager
def _opened(content: bytes) -> Iterator[tuple[Image.Image, bool]]:
    """An image's file, its first image loaded, while the context lasts; and whether it is deep."""
    if content.startswith(b"\xff\xd8") and content.count(b"\xff\xda") > MOST_SCANS:
        raise UnusableError(f"a JPEG image of more than {MOST_SCANS} scans")
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        # Pillow takes a WebP's memory when it opens the file; that of other formats, later.
        _require_size(*_webp_size(content), LARGEST_WEBP)
    try:
        if (plain := plain_jpeg(content, LARGEST)) is not None:
            yield plain, False
            return
        # Pillow warns of odd metadata, which changes no pixel here.
        with (
            warnings.catch_warnings(action="ignore"),
            Image.open(io.BytesIO(content), formats=FORMATS) as opened,
        ):
            _require_size(opened.width, opened.height)
            if opened.mode == "F":
                raise UnusableError("floating-point pixels; convert them to integers of 16 bits")
            deep = _is_deep(opened)
            opened.load()
            yield opened, deep
    except UnusableError:
        raise
    except UnidentifiedImageError:
        kinds = "not a PNG, JPEG, WebP, BMP, GIF, TIFF or PPM"
        raise UnusableError(kinds if content else "an empty file") from None
    except Exception as error:  # Pillow's decoders raise many kinds of errors on hostile bytes
        raise UnusableError(f"can't be read ({error or type(error).__name__})") from None


def _require_size(width: int, height: int, largest: int = LARGEST) -> None:
    if width * height > largest:
        raise UnusableError(
            f"expected at most {largest // 1_000_000} million pixels, got {width:,} x {height:,}"
        )


def _webp_size(content: bytes) -> tuple[int, int]:
    """Width and height by the first chunk: of the canvas that all frames must fit into."""
    kind, numbers = content[12:16], int.from_bytes(content[24:30], "little")
    if kind == b"VP8X":
        return (numbers & 0xFFFFFF) + 1, (numbers >> 24) + 1
    if kind == b"VP8L":
        numbers = int.from_bytes(content[21:25], "little")
        return (numbers & 0x3FFF) + 1, (numbers >> 14 & 0x3FFF) + 1
    return numbers >> 16 & 0x3FFF, numbers >> 32 & 0x3FFF
