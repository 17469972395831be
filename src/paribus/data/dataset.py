"""Pictures resized once, kept under a fingerprint, and mapped by every worker process."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from paribus.data.cache import cache_folder
from paribus.data.pictures import Bytes, Pictures, Progress, silent, squared
from paribus.data.sources import open_source
from paribus.data.splits import PARTS, Splits, split
from paribus.errors import DataError
from paribus.study.spec import Data, Stl10

__all__ = ["Dataset", "cache_folder", "open_dataset", "prepare"]

#: Raised when a change makes the same pictures come out otherwise.
DATASET_FORMAT = 1

IMAGES, LABELS, PART, FACTS = "images.npy", "labels.npy", "part.npy", "facts.json"
ARRAYS = (IMAGES, LABELS, PART)

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Dataset:
    """Labelled pictures of one size, in three parts.

    Attributes:
        images: (n, channels, size, size), mapped into memory; changes to it are not kept.
        labels: (n,) each picture's class.
        mean, std: per channel, of the training pictures scaled to 0..1.
        fingerprint: SHA-256 over the source's contents, the size, the split and this format.
        folder: where the arrays lie; `open_dataset` opens them again.
        unreadable: a folder's files that were left out, with reasons; `prepare` alone knows.
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
        """Channels, height and width of every picture."""
        _, channels, height, width = self.images.shape
        return channels, height, width


def prepare(
    data: Data, data_dir: Path | None = None, progress: Progress | None = None
) -> tuple[Dataset, Pictures]:
    """The pictures that a study's `data` names: resized, and as they come.

    They are resized once and kept in the cache, checked by SHA-256 each time they are
    prepared, and resized again if the cache is damaged.

    Args:
        data_dir: where STL-10's official files lie, if not in the cache.

    Raises:
        DataError: if pictures are missing, damaged or too few, or the cache can't be written.
    """
    pictures = open_source(data, data_dir, progress)
    fingerprint = _fingerprint(data, pictures)
    folder = cache_folder() / "datasets" / f"{pictures.source}-{fingerprint[:32]}"
    try:
        _check(folder, fingerprint)
    except DataError:
        splits = _split(data, pictures)  # first: it may refuse
        try:
            _build(folder, fingerprint, data.size, pictures, splits, progress or silent)
        except OSError as error:
            raise DataError(
                f"{folder}: the resized pictures can't be kept there ({error.strerror}). "
                "Make room, or name another folder in PARIBUS_CACHE."
            ) from None
    return replace(open_dataset(folder), unreadable=pictures.unreadable), pictures


def open_dataset(folder: Path) -> Dataset:
    """Map a prepared data set; nothing is checked, so that a worker starts at once.

    Raises:
        DataError: if it isn't there.
    """
    try:
        facts = json.loads((folder / FACTS).read_text())["facts"]
        images = np.load(folder / IMAGES, mmap_mode="c", allow_pickle=False)
        labels = np.load(folder / LABELS, allow_pickle=False)
        part = np.load(folder / PART, allow_pickle=False)
        return Dataset(
            images=images,
            labels=labels,
            splits=Splits(*(np.flatnonzero(part == number) for number in range(len(PARTS)))),
            classes=tuple(facts["classes"]),
            mean=tuple(facts["mean"]),
            std=tuple(facts["std"]),
            source=facts["source"],
            fingerprint=facts["fingerprint"],
            folder=folder,
        )
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise DataError(f"{folder}: not a prepared data set ({error})") from None


# ---- what decides a data set ----------------------------------------------------------------


def _fingerprint(data: Data, pictures: Pictures) -> str:
    # The pictures' contents count, not where a folder of them lies.
    choices = data.model_dump(mode="json", exclude={"path"})
    parts = {"format": DATASET_FORMAT, "contents": pictures.fingerprint, **choices}
    return _sha256(json.dumps(parts, sort_keys=True).encode())


def _split(data: Data, pictures: Pictures) -> Splits:
    official = isinstance(data, Stl10)
    return split(
        pictures.labels,
        pictures.part,
        data.validation,
        None if isinstance(data, Stl10) else data.test,
        classes=pictures.classes,
        # STL-10's 800 test pictures a class serve both, as in the reference study.
        validation_from="test" if official else "train",
    )


# ---- building -------------------------------------------------------------------------------


def _build(
    folder: Path,
    fingerprint: str,
    size: int,
    pictures: Pictures,
    splits: Splits,
    progress: Progress,
) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        images = _write_images(fresh / IMAGES, size, pictures, progress)
        part = np.empty(len(pictures.labels), np.uint8)
        for number, index in enumerate((splits.training, splits.validation, splits.test)):
            part[index] = number
        np.save(fresh / LABELS, pictures.labels)
        np.save(fresh / PART, part)
        mean, std = _moments(images, splits.training)
        facts = {
            "source": pictures.source,
            "classes": pictures.classes,
            "mean": mean,
            "std": std,
            "fingerprint": fingerprint,
            "files": {name: _file_sha256(fresh / name) for name in ARRAYS},
        }
        _write_facts(fresh / FACTS, facts)
        _install(fresh, folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)  # empty or unfinished by now


def _write_images(path: Path, size: int, pictures: Pictures, progress: Progress) -> Bytes:
    count = len(pictures.labels)
    shape = (count, pictures.channels, size, size)
    images: Bytes = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=shape)
    for i in range(count):
        images[i] = squared(pictures.read(i), size)
        if i % 100 == 99 or i == count - 1:
            progress("resizing pictures", i + 1, count)
    return images


def _moments(images: Bytes, index: Integers) -> tuple[list[float], list[float]]:
    """Mean and standard deviation of each channel, scaled to 0..1.

    Taken from counts of the 256 levels: exact, whatever the order of the pictures.
    """
    counts = np.zeros((images.shape[1], 256), np.int64)
    for i in index:
        for channel, pixels in enumerate(images[i]):
            counts[channel] += np.bincount(pixels.ravel(), minlength=256)
    levels = np.arange(256) / 255
    share = counts / counts.sum(axis=1, keepdims=True)
    mean = share @ levels
    std = np.sqrt((share * (levels - mean[:, None]) ** 2).sum(axis=1))
    return mean.tolist(), std.tolist()


def _write_facts(path: Path, facts: dict[str, Any]) -> None:
    path.write_text(json.dumps({"facts": facts, "sha256": _facts_sha256(facts)}, indent=1))


def _install(fresh: Path, folder: Path) -> None:
    """Put a new folder in its place, over another process's or a damaged one."""
    fresh.chmod(0o755)
    for name in (*ARRAYS, FACTS):
        _sync(fresh / name)
    try:
        fresh.rename(folder)
    except OSError:
        # Something lies there. The same pictures make the same bytes, so file by file a reader
        # finds either what is right already or what becomes right now.
        folder.mkdir(exist_ok=True)
        for name in (*ARRAYS, FACTS):
            (fresh / name).replace(folder / name)
    _sync(folder)
    _sync(folder.parent)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


# ---- checking -------------------------------------------------------------------------------


def _check(folder: Path, fingerprint: str) -> None:
    """Compare every file with its checksum.

    Raises:
        DataError: if the folder isn't there, is damaged, or holds other pictures.
    """
    try:
        sealed = json.loads((folder / FACTS).read_text())
        facts = sealed["facts"]
        good = (
            sealed["sha256"] == _facts_sha256(facts)
            and facts["fingerprint"] == fingerprint
            and all(facts["files"][name] == _file_sha256(folder / name) for name in ARRAYS)
        )
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise DataError(f"{folder}: incomplete ({error})") from None
    if not good:
        raise DataError(f"{folder}: damaged")


def _facts_sha256(facts: dict[str, Any]) -> str:
    return _sha256(json.dumps(facts, sort_keys=True).encode())


def _file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
