"""The user's images in arrays: which numbers they are, and what their labels mean."""

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from paribus.data.images import natural
from paribus.data.pixels import Bytes
from paribus.errors import DataError
from paribus.names import shown
from paribus.records.bounds import MOST_CLASSES
from paribus.records.types import Integers

Array = npt.NDArray[Any]

#: The array, or the attribute, that names classes.
CLASSES = "classes"


def last_channels(where: object, shape: tuple[int, ...]) -> bool:
    """Whether channels are the last axis of images, or missing; they may be the first as well.

    Raises:
        DataError: it is no shape of images.
    """
    last, first = len(shape) == 4 and shape[3] in (1, 3), len(shape) == 4 and shape[1] in (1, 3)
    if 0 in shape or (last == first and len(shape) != 3):
        raise DataError(
            f"{where}: expected images of the shape (n, height, width), with 1 or 3 channels last "
            f"or first, got {shape}"
        )
    return not first


def as_bytes(where: object, parts: Sequence[Array]) -> list[Bytes]:
    """Images (n, height, width, channels) as bytes, all parts by one rule.

    What is 0..1 in one of them isn't 0..255 in another.

    Raises:
        DataError: they are neither.
    """
    if len({some.dtype.kind == "f" for some in parts}) > 1:
        got = " and ".join(sorted({str(some.dtype) for some in parts}))
        raise DataError(f"{where}: expected images of one type, got {got}")
    low, high = min(some.min() for some in parts), max(some.max() for some in parts)
    real = parts[0].dtype.kind == "f"
    if real and low >= 0 and high <= 1:
        return [_scaled(some) for some in parts]
    if low >= 0 and 1 < high <= 255 and (not real or all(map(_whole, parts))):
        return [np.ascontiguousarray(some, np.uint8) for some in parts]
    raise DataError(
        f"{where}: expected images of whole numbers from 0 to 255 (more than 0 and 1), or of real "
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


def classes_of(
    where: object, labels: Sequence[Array], given: Array | None
) -> tuple[tuple[str, ...], Integers]:
    """The names of the classes, and the number of each image's (n,).

    Args:
        labels: (n,) whole numbers or names, part by part.
        given: names of the labels 0, 1, 2 and so on; without it, classes are called by their
            labels.

    Raises:
        DataError: a label has no name, or there are too few or too many classes.
    """
    if len({some.dtype.kind == "U" for some in labels}) > 1:
        raise DataError(f"{where}: expected names as labels in all parts or in none")
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
                f"{where}: {CLASSES!r} names the labels 0 to {len(names) - 1}, got labels {got}"
            )
    numbers = np.array([number[value] for value in values], np.int64)
    return _required(where, tuple(map(shown, names))), numbers


def _required(where: object, names: tuple[str, ...]) -> tuple[str, ...]:
    if not 2 <= len(set(names)) == len(names) <= MOST_CLASSES or not all(map(str.strip, names)):
        got = f"{len(names):,}: {', '.join(names[:5])}"
        raise DataError(f"{where}: expected 2 to {MOST_CLASSES:,} different classes, got {got}")
    return names


def fingerprint(
    pixels: Sequence[Bytes], labels: Integers, part: npt.NDArray[np.str_], classes: tuple[str, ...]
) -> str:
    """A SHA-256 over images as they are read: packing and type of a file don't count."""
    digest = hashlib.sha256(repr((pixels[0].shape[1:], classes, part.tolist())).encode())
    digest.update(labels.astype("<i8").tobytes())
    for some in pixels:
        digest.update(some.data)
    return digest.hexdigest()
