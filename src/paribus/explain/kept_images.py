"""Images as PNG files beside the records: the originals, and what networks saw."""

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

#: Pixels of a side; keeps a report with hundreds of photographs small.
LARGEST_SIDE = 256


def keep_original(out: Path, index: int, originals: Originals) -> None:
    """Write an original image, shrunk if it is large, unless it exists already."""
    file = out / "images" / original_name(index)
    if not file.exists():
        write_file(file, _png(originals.read(index), LARGEST_SIDE))


def keep_seen(out: Path, index: int, dataset: Dataset) -> None:
    """Write an image as networks trained on `dataset` saw it, unless it exists already."""
    file = out / "images" / seen_name(dataset.fingerprint, index)
    if not file.exists():
        write_file(file, _png(np.moveaxis(dataset.images[index], 0, -1)))


def _png(pixels: npt.NDArray[np.uint8], largest: int | None = None) -> bytes:
    """PNG bytes of (height, width, channels) pixels, shrunk to sides of at most `largest`."""
    image = Image.fromarray(pixels.squeeze(-1) if pixels.shape[-1] == 1 else pixels)
    if largest is not None:
        image.thumbnail((largest, largest), Image.Resampling.BILINEAR)
    file = io.BytesIO()
    image.save(file, format="PNG", optimize=True)
    return file.getvalue()
