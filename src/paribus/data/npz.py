"""The user's images as arrays in a NumPy `.npz` file: MedMNIST's layout, Keras's, or x and y.

No array of objects is read: those are pickles, which are programs.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from paribus.data.cache import home_expanded
from paribus.data.images import Originals, natural
from paribus.data.layout import PART_WORDS
from paribus.data.pixels import Bytes
from paribus.data.splits import PARTS
from paribus.errors import DataError, SourceError
from paribus.names import shown
from paribus.records.bounds import MOST_CLASSES
from paribus.records.types import Integers
from paribus.sources.arrays import Archive, Limits, archive
from paribus.study.data import Npz

Array = npt.NDArray[Any]

#: Of an array of images, which is read into memory.
LIMITS = Limits(size=4_000_000_000, elements=4_000_000_000, axes=4)

#: `train_images`, `x_train`, `images`, `x`, and the same of labels; of the first two, the part.
_PART = "|".join(PART_WORDS)
_NAME = re.compile(rf"(?:({_PART})_)?(images|labels)|(x|y)(?:_({_PART}))?", re.IGNORECASE)
_WHAT = {"x": "images", "y": "labels"}
CLASSES = "classes"
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
    pixels = _as_bytes(path, [*images.values()])
    classes, numbers = _classes(path, [*labels.values()], given)
    part = np.repeat([*arrays], [len(some) for some in pixels])
    each = [image for some in pixels for image in some]
    return Originals(
        source="npz",
        classes=classes,
        labels=numbers,
        part=part,
        channels=pixels[0].shape[-1],
        fingerprint=_fingerprint(pixels, numbers, part, classes),
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
    last, first = len(shape) == 4 and shape[3] in (1, 3), len(shape) == 4 and shape[1] in (1, 3)
    if 0 in shape or (last == first and len(shape) != 3):
        raise DataError(
            f"{where}: expected images of the shape (n, height, width), with 1 or 3 channels last "
            f"or first, got {shape}"
        )
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


def _as_bytes(path: Path, parts: Sequence[Array]) -> list[Bytes]:
    """All parts by one rule: what is 0..1 in one of them isn't 0..255 in another."""
    if len({(some.shape[1:], some.dtype.kind == "f") for some in parts}) > 1:
        got = " and ".join(f"{some.shape[1:]} of {some.dtype}" for some in parts)
        raise DataError(f"{path}: expected images of one shape and type in all parts, got {got}")
    low, high = min(some.min() for some in parts), max(some.max() for some in parts)
    real = parts[0].dtype.kind == "f"
    if real and low >= 0 and high <= 1:
        return [_scaled(some) for some in parts]
    if low >= 0 and 1 < high <= 255 and (not real or all(map(_whole, parts))):
        return [np.ascontiguousarray(some, np.uint8) for some in parts]
    raise DataError(
        f"{path}: expected images of whole numbers from 0 to 255 (more than 0 and 1), or of real "
        f"ones from 0 to 1, got {parts[0].dtype} from {low:.4g} to {high:.4g}. Save the images "
        "as bytes, before they are normalized."
    )


def _scaled(images: Array) -> Bytes:
    result = np.empty(images.shape, np.uint8)
    for image, scaled in zip(images, result, strict=True):  # a copy of all would need twice as much
        scaled[...] = np.rint(image * 255.0)
    return result


def _whole(images: Array) -> bool:
    return all(bool((image == np.rint(image)).all()) for image in images)


def _classes(
    path: Path, labels: Sequence[Array], given: Array | None
) -> tuple[tuple[str, ...], Integers]:
    """The names of the classes, and the number of each image's."""
    if len({some.dtype.kind == "U" for some in labels}) > 1:
        raise DataError(f"{path}: expected names as labels in all parts or in none")
    values = [value for some in labels for value in some.tolist()]
    if given is None:
        text = labels[0].dtype.kind == "U"
        there = sorted(set(values), key=natural if text else None)
        names = [*map(str, there)]
        number = {value: label for label, value in enumerate(there)}
    else:
        names = [*map(str, given.reshape(-1))]
        number = {label: label for label in range(len(names))}
        if not number.keys() >= {*values}:
            got = f"{min(values)!r} to {max(values)!r}"
            raise DataError(
                f"{path}: {CLASSES!r} names the labels 0 to {len(names) - 1}, got labels {got}"
            )
    numbers = np.array([number[value] for value in values], np.int64)
    return _required(path, tuple(map(shown, names))), numbers


def _required(path: Path, names: tuple[str, ...]) -> tuple[str, ...]:
    if not 2 <= len(set(names)) == len(names) <= MOST_CLASSES or not all(map(str.strip, names)):
        got = f"{len(names):,}: {', '.join(names[:5])}"
        raise DataError(f"{path}: expected 2 to {MOST_CLASSES:,} different classes, got {got}")
    return names


def _fingerprint(
    pixels: Sequence[Bytes], labels: Integers, part: npt.NDArray[np.str_], classes: tuple[str, ...]
) -> str:
    """Over the images as they are read: packing and type of the file don't count."""
    digest = hashlib.sha256(repr((pixels[0].shape[1:], classes, part.tolist())).encode())
    digest.update(labels.astype("<i8").tobytes())
    for some in pixels:
        digest.update(some.data)
    return digest.hexdigest()
