"""Test images as PNG files in `images/` beside the records: the original, and what was seen."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from paribus.io.disk import move, write_file
from paribus.io.reading import patiently

#: The longest side of an original: it needs no more to be recognized, and a report stays small.
ORIGINAL_SIDE = 256

Pixels = npt.NDArray[np.uint8]


def original_name(index: int) -> str:
    """The file of the image as its source has it; `index` is its number there."""
    return f"original-{index}.png"


def seen_name(data: str, index: int) -> str:
    """The file of the image as a network saw it in the data set with the fingerprint `data`.

    Two settings may see one image in the same size and yet not alike, as with and without blur.
    """
    return f"seen-{data[:8]}-{index}.png"


def adopt_images(out: Path) -> None:
    """Call the folder of the images by its name of today; format 1 called it `pictures`."""
    before, now = out / "pictures", out / "images"
    if before.is_symlink() or not before.is_dir() or now.exists() or now.is_symlink():
        return
    if all(path.name.startswith(("original-", "seen-")) for path in before.iterdir()):
        move(before, now)


def keep_image(
    out: Path, name: str, read: Callable[[], Pixels], longest: int | None = None
) -> None:
    """Write an image unless it is there already, with no side longer than `longest`.

    `name` is `original_name` or `seen_name`; `read` gives (height, width, channels) bytes.
    """
    file = out / "images" / name
    if patiently(file, file.exists):
        return
    pixels = read()
    image = Image.fromarray(pixels.squeeze(-1) if pixels.shape[-1] == 1 else pixels)
    if longest is not None:
        image.thumbnail((longest, longest), Image.Resampling.BILINEAR)
    png = io.BytesIO()
    image.save(png, format="PNG", optimize=True)
    write_file(file, png.getvalue())
