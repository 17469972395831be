"""A source's labeled images in their original form, files decoded, and the squares networks see."""

import io
import os
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter, ImageOps, UnidentifiedImageError

from paribus.io.reading import UnfitError, is_folder, names_in, read_whole
from paribus.names import shown

T = TypeVar("T")
Bytes = npt.NDArray[np.uint8]

FORMATS = ("PNG", "JPEG", "WEBP", "BMP")
#: Pixels. A file of a few bytes may claim any size; it is checked before memory is allocated.
LARGEST = 50_000_000
#: Pixels of a WebP, whose decoder holds two more copies of the image.
LARGEST_WEBP = LARGEST // 2
#: Bytes of a file: enough for the largest image, barely compressed.
LARGEST_FILE = 300_000_000
#: Scans of a progressive JPEG. Encoders write a dozen; each takes a few bytes of the file to
#: store and a pass over every pixel to decode.
MOST_SCANS = 100

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
        classes: names, in the order of the labels.
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


class UnusableError(Exception):
    """Why a file gives no image; never leaves this package."""


def natural(name: str) -> tuple[list[str | int], str]:
    """A sort key for names: "b2" before "b10", ignoring case."""
    words = re.split(r"(\d+)", name.casefold())
    return [int(word) if i % 2 else word for i, word in enumerate(words)], name


def visible(folder: Path) -> list[Path]:
    """The entries of a folder in natural order, except hidden ones."""
    names = [name for name in names_in(folder) if not name.startswith(".")]
    return [folder / name for name in sorted(names, key=natural)]


def files_under(top: Path, root: Path, unusable: list[str]) -> Iterator[Path]:
    """Every file under `top` in natural order; links that aren't followed go to `unusable`.

    Only links to files inside `root` are followed.
    """
    waiting = [top]
    while waiting:
        entry = waiting.pop()
        try:
            check_link(entry, root)
            if is_folder(entry):
                waiting += reversed(visible(entry))
            elif entry.is_file():
                yield entry
        except UnusableError as error:
            unusable.append(f"{below(root, entry)}: {error}")


def below(root: Path, path: Path) -> str:
    """A path relative to `root`, as it is shown."""
    return shown(path.relative_to(root).as_posix())


def check_link(entry: Path, root: Path) -> None:
    """Raise UnusableError for a link, unless it leads to a file inside `root`."""
    if not entry.is_symlink():
        return
    target = Path(os.path.realpath(entry))
    if not target.exists():
        raise UnusableError("a link to nowhere")
    if not target.is_relative_to(root):
        raise UnusableError("a link that leads out of the folder")
    if target.is_dir():
        raise UnusableError("a link to a folder; only links to images are followed")


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


def decode(content: bytes, color: Literal["rgb", "gray"]) -> Bytes:
    """An image's file as (height, width, 3 or 1), upright according to its EXIF.

    The contents decide the format, not the name. Transparency is dropped; an animation gives its
    first image.

    Raises:
        UnusableError: if it isn't an image, is damaged, or is too large.
    """
    if content.count(b"\xff\xda") > MOST_SCANS and content.startswith(b"\xff\xd8"):
        raise UnusableError(f"a JPEG image of more than {MOST_SCANS} scans")
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        # Pillow takes a WebP's memory when it opens the file; that of other formats, later.
        _require_size(*_webp_size(content), LARGEST_WEBP)
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


def _pixels(image: Image.Image, color: Literal["rgb", "gray"]) -> Bytes:
    _require_size(image.width, image.height)
    # Each step that would only copy is left out: a large image takes little more than itself.
    ImageOps.exif_transpose(image, in_place=True)
    if image.mode.startswith("I"):
        # 16-bit gray as 8-bit gray; Pillow's own conversion clips at 255.
        image = Image.fromarray((np.asarray(image).astype(np.int64) >> 8).astype(np.uint8))
    mode = "RGB" if color == "rgb" else "L"
    pixels = np.asarray(image if image.mode == mode else image.convert(mode))
    return pixels if color == "rgb" else pixels[..., None]
