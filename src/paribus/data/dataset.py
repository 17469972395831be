"""Pictures decoded and resized once, kept under a fingerprint, shared by every worker."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from pydantic import ValidationError

from paribus.data.cache import cache_folder
from paribus.data.pictures import Bytes, Pictures, Progress, silent
from paribus.data.sources import open_source
from paribus.data.splits import Splits, split
from paribus.errors import DataError
from paribus.records import Frozen, Integers
from paribus.study.spec import Data, Stl10

#: Part of every fingerprint: raised when the same pictures would come out otherwise.
CACHE_FORMAT = 1
IMAGES, LABELS, FACTS = "images.npy", "labels.npy", "facts.json"


class _Facts(Frozen):
    """What the cache knows beside the arrays; `sums` are their SHA-256."""

    source: str
    classes: tuple[str, ...]
    fingerprint: str
    mean: tuple[float, ...]
    std: tuple[float, ...]
    training: tuple[int, ...]
    validation: tuple[int, ...]
    test: tuple[int, ...]
    unreadable: tuple[str, ...]
    sums: dict[str, str]


@dataclass(frozen=True)
class Dataset:
    """Pictures as networks see them, before normalising.

    Attributes:
        images: (n, channels, size, size) bytes, mapped from `folder`.
        labels: (n,) classes.
        mean, std: per channel, of the training pictures scaled to 0..1.
        fingerprint: SHA-256 over the source's contents and what was made of them.
    """

    images: Bytes
    labels: Integers
    splits: Splits
    classes: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    source: str
    fingerprint: str
    folder: Path
    unreadable: tuple[str, ...] = ()

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width."""
        channels, height, width = self.images.shape[1:]
        return channels, height, width


def prepare(
    data: Data, data_dir: Path | None = None, progress: Progress = silent
) -> tuple[Dataset, Pictures]:
    """The pictures of a study, resized, and the source they came from.

    What was made before is used again; a damaged cache is made anew.

    Raises:
        DataError: if pictures are missing, damaged or too few.
    """
    pictures = open_source(data, data_dir, progress)
    fingerprint = _fingerprint(pictures, data)
    folder = cache_folder() / "datasets" / fingerprint
    if not _is_whole(folder):
        splits = _split(pictures, data)
        _build(folder, pictures, splits, data.size, fingerprint, progress)
    return open_dataset(folder), pictures


def open_dataset(folder: Path) -> Dataset:
    """Map a prepared data set into memory, as every worker does."""
    facts = _Facts.model_validate_json((folder / FACTS).read_bytes())
    return Dataset(
        # Copy on write: the pages are shared, and torch gets memory it may call writable.
        images=np.load(folder / IMAGES, mmap_mode="c", allow_pickle=False),
        labels=np.load(folder / LABELS, allow_pickle=False),
        splits=Splits(*map(np.asarray, (facts.training, facts.validation, facts.test))),
        classes=facts.classes,
        mean=facts.mean,
        std=facts.std,
        source=facts.source,
        fingerprint=facts.fingerprint,
        folder=folder,
        unreadable=facts.unreadable,
    )


def resize(picture: Bytes, size: int) -> Bytes:
    """Bytes (height, width, channels) to (size, size, channels), antialiased.

    The shorter side becomes `size`; what is left over of the longer is cut off on both ends.
    """
    height, width = picture.shape[:2]
    side = min(height, width)
    left, top = (width - side) / 2, (height - side) / 2
    image = Image.fromarray(picture.squeeze(-1) if picture.shape[-1] == 1 else picture)
    # Pillow's resize averages over all pixels under its triangle when it makes a picture smaller.
    box = (left, top, left + side, top + side)
    small = np.asarray(image.resize((size, size), Image.Resampling.BILINEAR, box=box))
    return small.reshape(size, size, -1)


def _fingerprint(pictures: Pictures, data: Data) -> str:
    # Where a folder lies doesn't matter; what is in it does, and the source says that.
    choices = data.model_dump(exclude={"path"})
    parts = [CACHE_FORMAT, pictures.fingerprint, choices]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _split(pictures: Pictures, data: Data) -> Splits:
    if isinstance(data, Stl10):
        # Its own test pictures serve for both: 300 of each class's 800 are for validation.
        return split(pictures.labels, pictures.part, data.validation, 0, pictures.classes, "test")
    return split(pictures.labels, pictures.part, data.validation, data.test, pictures.classes)


def _is_whole(folder: Path) -> bool:
    try:
        facts = _Facts.model_validate_json((folder / FACTS).read_bytes())
        return all(_sha256(folder / name) == facts.sums[name] for name in (IMAGES, LABELS))
    except (OSError, ValidationError, KeyError):
        return False


def _build(
    folder: Path,
    pictures: Pictures,
    splits: Splits,
    size: int,
    fingerprint: str,
    progress: Progress,
) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=".new-", dir=folder.parent))
    try:
        images = _write_images(fresh / IMAGES, pictures, size, progress)
        np.save(fresh / LABELS, pictures.labels, allow_pickle=False)
        mean, std = _mean_and_std(images, splits.training)
        facts = _Facts(
            source=pictures.source,
            classes=pictures.classes,
            fingerprint=fingerprint,
            mean=mean,
            std=std,
            training=tuple(splits.training.tolist()),
            validation=tuple(splits.validation.tolist()),
            test=tuple(splits.test.tolist()),
            unreadable=pictures.unreadable,
            sums={name: _sha256(fresh / name) for name in (IMAGES, LABELS)},
        )
        (fresh / FACTS).write_text(facts.model_dump_json())
        _put_in_place(fresh, folder)
    except OSError as error:
        raise DataError(
            f"{folder.parent}: the resized pictures can't be kept there ({error.strerror}). "
            "Make room, or name another folder in PARIBUS_CACHE."
        ) from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _write_images(path: Path, pictures: Pictures, size: int, progress: Progress) -> Bytes:
    shape = (len(pictures), pictures.channels, size, size)
    images = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=shape)
    for index in range(len(pictures)):
        images[index] = resize(pictures.read(index), size).transpose(2, 0, 1)
        if index % 100 == 0 or index == len(pictures) - 1:
            progress("resizing pictures", index + 1, len(pictures))
    images.flush()
    return images


def _mean_and_std(images: Bytes, training: Integers) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Per channel, over the pixels of the training pictures scaled to 0..1, exactly.

    Integer sums over one picture at a time: neither memory nor rounding grows with the data.
    """
    total = np.zeros(images.shape[1], np.int64)
    squares = np.zeros_like(total)
    for index in training:
        pixels = images[index].reshape(len(total), -1).astype(np.int64)
        total += pixels.sum(axis=1)
        squares += (pixels**2).sum(axis=1)
    count = len(training) * images.shape[2] * images.shape[3]
    mean = total / count
    std = np.sqrt(squares / count - mean**2)
    return tuple((mean / 255).tolist()), tuple((std / 255).tolist())


def _put_in_place(fresh: Path, folder: Path) -> None:
    """Rename; where another process was first, its work is as good, a damaged one makes way."""
    for _ in range(10):
        try:
            os.rename(fresh, folder)  # noqa: PTH104  Path.rename would hide which of the two it was
            return
        except OSError:
            if _is_whole(folder):
                return
            shutil.rmtree(folder, ignore_errors=True)
    os.rename(fresh, folder)  # noqa: PTH104  let the reason be raised


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
