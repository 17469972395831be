"""Failed cases as PNG files beside the records: the original and what the network saw."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from paribus.data.dataset import Dataset
from paribus.data.pictures import Pictures
from paribus.evaluation.failures import Case
from paribus.store import write_file

#: A photograph needs no more to be recognised; a report of hundreds stays small.
LARGEST_SIDE = 256


def keep_case(out: Path, case: Case, dataset: Dataset, pictures: Pictures) -> None:
    """Write a case's two PNGs under `out/pictures/`, unless they are there."""
    original, seen = (out / "pictures" / name for name in (case.original, case.seen))
    if not original.exists():
        write_file(original, _png(pictures.read(case.index), LARGEST_SIDE))
    if not seen.exists():
        write_file(seen, _png(np.moveaxis(dataset.images[case.index], 0, -1)))


def _png(pixels: npt.NDArray[np.uint8], largest: int | None = None) -> bytes:
    """PNG bytes of (height, width, channels) pixels, made smaller if a side is too long."""
    image = Image.fromarray(pixels.squeeze(-1) if pixels.shape[-1] == 1 else pixels)
    if largest is not None:
        image.thumbnail((largest, largest), Image.Resampling.BILINEAR)
    file = io.BytesIO()
    image.save(file, format="PNG", optimize=True)
    return file.getvalue()
