"""A data set built: its arrays written, looked at, sealed and put in their place."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from paribus.data.cache import seal
from paribus.data.findings import find
from paribus.data.images import Originals, Progress, followed, target_of
from paribus.data.parts import moments, part_numbers
from paribus.data.pixels import Bytes, resized
from paribus.data.splits import PARTS
from paribus.io.disk import building, install, replacing, write_file
from paribus.study.data import Data

IMAGES, LABELS, PART = "images.npy", "labels.npy", "part.npy"
ARRAYS = (IMAGES, LABELS, PART)


def build(
    folder: Path, fingerprint: str, data: Data, originals: Originals, progress: Progress
) -> None:
    """Resize all images, draw the parts, and put the data set into its folder.

    Raises:
        DataError: a class is left without an image in one of the parts.
        ReadError: an image can't be read now.
        DiskError: something can't be written.
    """
    part = part_numbers(data, originals)  # may raise, so before the slow part
    with building(folder) as fresh:
        images = _write_images(fresh / IMAGES, data, originals, progress)
        write_file(fresh / LABELS, packed(originals.labels))
        write_file(fresh / PART, packed(part))
        mean, std = moments(images, np.flatnonzero(part == PARTS.index("train")))
        facts: dict[str, Any] = {
            "source": originals.source,
            "classes": originals.classes,
            "mean": mean,
            "std": std,
            "fingerprint": fingerprint,
            "findings": find(images, originals.labels, part, std, originals.group).model_dump(),
        }
        if originals.group is not None:
            facts["group"] = originals.group.tolist()
        seal(fresh, facts, ARRAYS)
        install(fresh, folder)


def _write_images(path: Path, data: Data, originals: Originals, progress: Progress) -> Bytes:
    """Write image by image: writing to a memory map would kill the process on a full disk."""
    header = header_of(data, originals)
    if originals.put:
        originals.put(path, header)
    else:
        with replacing(path) as write:
            write(header)
            for i in followed(range(len(originals.labels)), "resizing images", progress):
                write(resized(originals.read(i), target_of(data)).tobytes())
    images: Bytes = np.load(path, mmap_mode="r", allow_pickle=False)
    return images


def header_of(data: Data, originals: Originals) -> bytes:
    """The beginning of a .npy file of all images."""
    target = target_of(data)
    shape = (len(originals.labels), originals.channels, target.height, target.width)
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "|u1", "fortran_order": False, "shape": shape}
    )
    return header.getvalue()


def packed(array: npt.NDArray[np.generic]) -> bytes:
    """The bytes of a .npy file."""
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()
