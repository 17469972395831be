"""Test images as PNG files in `images/` beside the records: the original, and what was seen."""

import hashlib
import io
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from paribus.io.disk import move, write_file
from paribus.io.reading import patiently
from paribus.io.strict_json import dumps
from paribus.records.types import RunFacts

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


def batch_name(runs: Sequence[RunFacts]) -> str | None:
    """The file of a setting's training images, changed as the first of its runs changes them.

    None where nothing changes them, or the runs aren't of Paribus's own loop.
    """
    if not runs or not runs[0].streams:
        return None
    facts, config = runs[0], runs[0].config
    keys = ("augmentation", "mixup", "cutmix", "batch_size")
    chosen = {key: config[key] for key in keys if key in config}
    if not any(chosen.get("augmentation", {}).values()) and not {"mixup", "cutmix"} & chosen.keys():
        return None
    text = dumps([facts.data.fingerprint, facts.seed, chosen], sort_keys=True)
    return f"batch-{hashlib.sha256(text.encode()).hexdigest()[:12]}.png"


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
