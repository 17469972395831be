"""Images as PNG files beside the records: the original, and what a network saw."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from paribus.data.dataset import Dataset
from paribus.data.images import Originals
from paribus.failures.image_names import original_name, seen_name
from paribus.io.disk import write_file

#: A photograph needs no more to be recognized; a report of hundreds stays small.
LARGEST_SIDE = 256


def keep_original(out: Path, index: int, originals: Originals) -> None:
    """Write an image as it comes, made smaller if it is large, unless it is there already."""
    file = _file(out, original_name(index))
    if not file.exists():
        write_file(file, _png(originals.read(index), LARGEST_SIDE))


def keep_seen(out: Path, index: int, dataset: Dataset) -> None:
    """Write an image as the networks trained on `dataset` saw it, unless it is there already."""
    file = _file(out, seen_name(dataset.fingerprint, index))
    if not file.exists():
        write_file(file, _png(np.moveaxis(dataset.images[index], 0, -1)))


def _file(out: Path, name: str) -> Path:
    return out / "images" / name


def _png(pixels: npt.NDArray[np.uint8], largest: int | None = None) -> bytes:
    """PNG bytes of (height, width, channels) pixels, made smaller if a side is too long."""
    image = Image.fromarray(pixels.squeeze(-1) if pixels.shape[-1] == 1 else pixels)
    if largest is not None:
        image.thumbnail((largest, largest), Image.Resampling.BILINEAR)
    file = io.BytesIO()
    image.save(file, format="PNG", optimize=True)
    return file.getvalue()
