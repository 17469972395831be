"""The user's images as arrays in a NumPy `.npz` file: MedMNIST's layout, Keras's, or x and y.

No array of objects is read: those are pickles, which are programs.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from paribus.data.arrays import CLASSES, Array, as_bytes, classes_of, fingerprint, last_channels
from paribus.data.cache import home_expanded
from paribus.data.images import Originals
from paribus.data.layout import PART_WORDS
from paribus.data.splits import PARTS
from paribus.errors import DataError, SourceError
from paribus.names import shown
from paribus.sources.arrays import Archive, Limits, archive
from paribus.study.data import Npz

#: Of an array of images, which is read into memory.
LIMITS = Limits(size=4_000_000_000, elements=4_000_000_000, axes=4)

#: `train_images`, `x_train`, `images`, `x`, and the same of labels; of the first two, the part.
_PART = "|".join(PART_WORDS)
_NAME = re.compile(rf"(?:({_PART})_)?(images|labels)|(x|y)(?:_({_PART}))?", re.IGNORECASE)
_WHAT = {"x": "images", "y": "labels"}
EXPECTED = (
    "expected arrays train_images and train_labels (then val_ and test_ as well), x_train and "
    "y_train, or x and y"
)


def open_npz(data: Npz) -> Originals:
    """The images of every part that the file has; a part is "" where the file has one alone.

    Images are (n, height, width), with 1 or 3 channels last, or first. They are bytes, whole
    numbers from 0 to 255, or real ones from 0 to 1. Labels are whole numbers or names, (n,) or
    (n, 1). An array `classes` names the classes 0, 1, 2 ...

    Raises:
        DataError: there is no such file, it is damaged, or its arrays are something else.
        ReadError: it can't be read now.
    """
    path = home_expanded(data.path).resolve()
    try:
        with archive(path, LIMITS) as found:
            arrays = _arrays(path, found)
            images = {part: _images(found, of["images"]) for part, of in arrays.items()}
            labels = {part: _labels(found, of["labels"]) for part, of in arrays.items()}
            given = found.read(CLASSES) if CLASSES in found.names else None
    except SourceError as error:
        raise DataError(str(error)) from None
    for name, of in arrays.items():
        _require_as_many(path, of, images[name], labels[name])
    _require_alike(path, [*images.values()])
    pixels = as_bytes(path, [*images.values()])
    classes, numbers = classes_of(path, [*labels.values()], given)
    part = np.repeat([*arrays], [len(some) for some in pixels])
    each = [image for some in pixels for image in some]
    return Originals(
        source="npz",
        classes=classes,
        labels=numbers,
        part=part,
        channels=pixels[0].shape[-1],
        fingerprint=fingerprint(pixels, numbers, part, classes),
        read=lambda i: each[i],
    )


def _arrays(path: Path, found: Archive) -> dict[str, dict[str, str]]:
    """Part -> "images" and "labels" -> the name of the array, in the order of the parts."""
    arrays: dict[str, dict[str, str]] = {}
    for name in found.names:
        if match := _NAME.fullmatch(name):
            before, long, short, behind = match.groups()
            part = PART_WORDS.get((before or behind or "").lower(), "")
            of = arrays.setdefault(part, {})
            what = (long or _WHAT[short.lower()]).lower()
            if what in of:
                two = f"{of[what]!r} and {name!r}"
                raise DataError(f"{path}: expected one array of {what} for a part, got {two}")
            of[what] = name
    if ("" in arrays) == ("train" in arrays) or ("" in arrays and len(arrays) > 1):
        names = ", ".join(map(shown, found.names[:20])) or "none"
        raise DataError(f"{path}: {EXPECTED}, got {names}")
    for of in arrays.values():
        if len(of) < 2:
            (there,) = of.values()
            wanted = "labels" if "images" in of else "images"
            raise DataError(f"{path}: expected {wanted} beside the array {there!r}, got none")
    return {part: arrays[part] for part in ("", *PARTS) if part in arrays}


def _images(found: Archive, name: str) -> Array:
    """An array of images: (n, height, width, channels)."""
    shape, kind = found.header(name).shape, found.header(name).dtype
    where = f"{found.path}: array {name!r}"
    if kind.kind not in "iuf":
        raise DataError(f"{where}: expected numbers as images, got {kind}")
    last = last_channels(where, shape)
    images = found.read(name)
    if len(shape) == 3:
        return images[..., None]
    return images if last else np.moveaxis(images, 1, -1)


def _labels(found: Archive, name: str) -> Array:
    header = found.header(name)
    shape, where = header.shape, f"{found.path}: array {name!r}"
    if len(shape) == 2 and shape[1] > 1:
        raise DataError(
            f"{where}: expected one class for each image, got the shape {shape}. If each row has "
            "a single 1, save labels.argmax(axis=1); images of several classes can't be used."
        )
    if header.dtype.kind not in "iubU" or len(shape) not in (1, 2):
        got = f"{header.dtype} of the shape {shape}"
        raise DataError(f"{where}: expected whole numbers or names as labels, got {got}")
    return found.read(name).reshape(-1)


def _require_as_many(path: Path, of: Mapping[str, str], images: Array, labels: Array) -> None:
    if len(images) != len(labels):
        raise DataError(
            f"{path}: expected as many labels as images, got {len(images):,} in "
            f"{of['images']!r} and {len(labels):,} in {of['labels']!r}"
        )


def _require_alike(path: Path, parts: Sequence[Array]) -> None:
    if len({(some.shape[1:], some.dtype.kind == "f") for some in parts}) > 1:
        got = " and ".join(f"{some.shape[1:]} of {some.dtype}" for some in parts)
        raise DataError(f"{path}: expected images of one shape and type in all parts, got {got}")
