"""STL-10 (Coates, Ng and Lee 2011): 13,000 labeled color images of 96x96, ten classes."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from paribus.data.cache import cache_folder
from paribus.data.images import Bytes, Originals, Progress
from paribus.data.official import STL10, faults, missing, official_folder
from paribus.errors import DataError

CLASSES = ("airplane", "bird", "car", "cat", "deer", "dog", "horse", "monkey", "ship", "truck")


def open_stl10(data_dir: Path | None, progress: Progress | None = None) -> Originals:
    """The 5,000 official training images, then the 8,000 test ones.

    They are memory-mapped. Without a `data_dir` they are read from the cache, and downloaded
    into it if missing.

    Raises:
        DataError: if a file is damaged, or missing from `data_dir`.
    """
    folder = _folder(data_dir, progress)

    def require_whole(trust_times: bool = False) -> None:
        damaged = faults(folder, trust_times=trust_times)
        if damaged:
            place = f" --data-dir {data_dir}" if data_dir else ""
            raise DataError(
                "\n".join(f"{folder / name}: {fault}" for name, fault in damaged.items())
                + f"\n`paribus data fetch stl10{place}` downloads missing and damaged files again."
            )

    require_whole(trust_times=True)
    return _open(folder, require_whole)


def _folder(data_dir: Path | None, progress: Progress | None) -> Path:
    folder = official_folder(data_dir or cache_folder())
    if data_dir is None and missing(folder):
        # Imported here: files that are there need no network.
        from paribus.data.download import fetch_stl10

        return fetch_stl10(cache_folder(), progress=progress)
    return folder


def _open(folder: Path, require_whole: Callable[[], None]) -> Originals:
    images = {part: _map_images(folder / f"{part}_X.bin") for part in ("train", "test")}
    # The files number the classes from 1.
    labels = {part: np.fromfile(folder / f"{part}_y.bin", np.uint8) - 1 for part in images}
    first_test = len(images["train"])

    def read(i: int) -> Bytes:
        official = images["train"][i] if i < first_test else images["test"][i - first_test]
        # The files hold (channel, x, y).
        return np.ascontiguousarray(official.transpose(2, 1, 0))

    return Originals(
        source="stl10",
        classes=CLASSES,
        labels=np.concatenate(list(labels.values())).astype(np.int64),
        part=np.repeat(list(images), [len(part) for part in images.values()]),
        channels=3,
        fingerprint=hashlib.sha256("".join(file.md5 for file in STL10).encode()).hexdigest(),
        read=read,
        require_whole=require_whole,
    )


def _map_images(path: Path) -> Bytes:
    """Map a file's images: (n, channel, x, y)."""
    mapped: Bytes = np.memmap(path, np.uint8, mode="r")
    return mapped.reshape(-1, 3, 96, 96)
