"""The user's images from Python: a function that returns arrays, or a torch Dataset.

It is called in this process, once for every command, after the user has allowed the study's code.
"""

import hashlib
import importlib
import random
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from paribus.data.arrays import CLASSES, Array, as_bytes, classes_of, fingerprint, last_channels
from paribus.data.images import Originals
from paribus.data.layout import part_of
from paribus.errors import DataError, first_line
from paribus.names import shown
from paribus.records.types import Integers
from paribus.study.code import is_installed
from paribus.study.data import OwnData

EXPECTED = (
    "expected images and labels, (x, y), then splits and groups if there are any, (x, y, split, "
    "group); or a Dataset of pairs (image, label)"
)


def open_own(data: OwnData) -> Originals:
    """What the user's function returns: all images in memory.

    `x` is (n, height, width), with 1 or 3 channels last or first, of bytes, whole numbers from 0
    to 255, or real ones from 0 to 1; `y`, whole numbers or names (n,); `split`, "train", "val" or
    "test" for each image; `group`, what belongs together. A Dataset has a length, and gives an
    image (of Pillow, an array or a tensor) and its label for a number; its images may differ in
    size. Names in its attribute `classes` are those of the labels.

    Raises:
        DataError: it can't be found, fails, or returns something else.
    """
    where = data.source
    returned = _returned(where)
    given = None
    if isinstance(returned, tuple | list):
        if not 2 <= len(returned) <= 4:
            raise DataError(f"{where}: {EXPECTED}, got {len(returned)} values")
        images = [_channels_last(where, np.asarray(returned[0]))]
        labels, *more = map(np.asarray, returned[1:])
    elif hasattr(returned, "__getitem__") and hasattr(returned, "__len__"):
        images, labels = _items(where, returned)
        more, given = [], getattr(returned, CLASSES, None)
    else:
        raise DataError(f"{where}: {EXPECTED}, got {type(returned).__name__}")
    return _originals(where, images, labels, more, given)


def _originals(
    where: str,
    images: Sequence[Array],
    labels: Array,
    more: Sequence[Array],
    given: object,
) -> Originals:
    count = sum(map(len, images))
    for values, what in zip((labels, *more), ("labels", "splits", "groups"), strict=False):
        if values.shape not in ((count,), (count, 1)):
            raise DataError(f"{where}: expected {count:,} {what}, got the shape {values.shape}")
    if labels.dtype.kind not in "iubU":
        raise DataError(f"{where}: expected whole numbers or names as labels, got {labels.dtype}")
    names = None if given is None else np.asarray(given, str)
    classes, numbers = classes_of(where, [labels.reshape(-1)], names)
    part = _parts(where, more[0].reshape(-1)) if more else np.full(count, "")
    group = _numbers(more[1].reshape(-1).tolist()) if more[1:] else None
    pixels = as_bytes(where, images)
    digest = fingerprint(pixels, numbers, part, classes)
    shapes = [some.shape for some in pixels]
    also = f"{digest} {shapes} {None if group is None else group.tolist()}"
    each = [image for some in pixels for image in some]
    return Originals(
        source="own",
        classes=classes,
        labels=numbers,
        part=part,
        channels=pixels[0].shape[-1],
        fingerprint=hashlib.sha256(also.encode()).hexdigest(),
        read=lambda i: each[i],
        group=group,
    )


def _channels_last(where: str, images: Array) -> Array:
    if images.dtype.kind not in "iuf":
        raise DataError(f"{where}: expected numbers as images, got {images.dtype}")
    last = last_channels(where, images.shape)
    if images.ndim == 3:
        return images[..., None]
    return images if last else np.moveaxis(images, 1, -1)


def _items(where: str, dataset: Any) -> tuple[list[Array], Array]:
    """All images of a Dataset, each (1, height, width, channels), and their labels (n,)."""
    images, labels = [], []
    for i in range(len(dataset)):
        item = _called(where, partial(dataset.__getitem__, i))
        if not isinstance(item, tuple | list) or len(item) != 2:
            raise DataError(f"{where}: {EXPECTED}, got {type(item).__name__} at number {i}")
        image, label = item
        if isinstance(image, Image.Image):
            image = image if image.mode in ("L", "RGB") else image.convert("RGB")
        images.append(_channels_last(where, np.asarray(image)[None]))
        labels.append(label if isinstance(label, str) else int(label))
    if len({image.shape[-1] for image in images}) > 1:
        raise DataError(f"{where}: expected images in color or in gray, got both")
    if not images:
        raise DataError(f"{where}: expected images, got an empty {type(dataset).__name__}")
    return images, np.array(labels)


def _parts(where: str, splits: Array) -> Array:
    """The part of each image (n,)."""
    named = {text: part_of(str(text)) for text in {*splits.tolist()}}
    if unknown := [text for text, part in named.items() if part is None]:
        got = shown(str(unknown[0]))
        raise DataError(f"{where}: expected train, val or test as splits, got {got}")
    if "train" not in named.values():
        raise DataError(f"{where}: expected images of the split train, got none")
    return np.array([named[text] for text in splits.tolist()])


def _numbers(groups: Sequence[Any]) -> Integers:
    numbers: dict[Any, int] = {}
    return np.array([numbers.setdefault(group, len(numbers)) for group in groups], np.int64)


def _returned(where: str) -> Any:
    """What is named, if it is a Dataset, or what the call of it returns, from fixed generators."""
    module, _, names = where.partition(":")
    # As for networks: what is in the current folder comes last.
    if str(Path.cwd()) not in sys.path:
        sys.path.append(str(Path.cwd()))
    found = _called(where, lambda: importlib.import_module(module))
    for name in names.split("."):
        if not hasattr(found, name):
            raise DataError(f"{where}: {getattr(found, '__name__', found)} has no {name!r}")
        found = getattr(found, name)
    if not callable(found):
        return found
    _seed()
    return _called(where, found)


def _seed() -> None:
    random.seed(0)
    np.random.seed(0)  # the user's code may draw from it
    if torch := sys.modules.get("torch"):
        torch.manual_seed(0)


def _called(where: str, function: Callable[[], Any]) -> Any:
    """What a user's function returns; what it prints goes to standard error."""
    try:
        with redirect_stdout(sys.stderr):
            return function()
    except (Exception, SystemExit) as error:  # it may raise anything
        frames = traceback.extract_tb(error.__traceback__)
        own = [f"{one.filename}:{one.lineno}" for one in frames if _is_users(one.filename)]
        said = f"{type(error).__name__}: {first_line(error)}"
        raise DataError(f"{where}: {said}" + (f" ({own[-1]})" if own else "")) from None


def _is_users(file: str) -> bool:
    return not file.startswith("<") and not is_installed(Path(file))
