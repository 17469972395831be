"""STL-10 (Coates, Ng and Lee 2011): 13,000 labeled color images of 96x96, ten classes."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from paribus.data.cache import Found, Ledger, own_cache, require_private
from paribus.data.images import Originals, Progress
from paribus.data.pixels import Bytes
from paribus.errors import DataError
from paribus.io.disk import private
from paribus.io.reading import UnfitError, names_in, opened, patiently

CLASSES = ("airplane", "bird", "car", "cat", "deer", "dog", "horse", "monkey", "ship", "truck")


def open_stl10(data_dir: Path | None, progress: Progress | None = None) -> Originals:
    """The 5,000 official training images, then the 8,000 test ones.

    They are memory-mapped. Without a `data_dir` they are read from the cache, and downloaded
    into it if missing.

    Raises:
        DataError: if a file is damaged, or missing from `data_dir`.
    """
    folder = official_folder(data_dir or own_cache())
    if data_dir is None:
        if missing(folder):
            # Imported here: files that are there need no network.
            from paribus.data.download import fetch_stl10

            with private():
                folder = fetch_stl10(own_cache(), progress=progress)
        require_private(folder, *(folder / file.name for file in STL10))

    def require_whole(trust_times: bool = False) -> None:
        damaged = faults(folder, trust_times=trust_times)
        if damaged:
            place = f" --data-dir {data_dir}" if data_dir else ""
            raise DataError(
                "\n".join(f"{folder / name}: {fault}" for name, fault in damaged.items())
                + f"\n`paribus data fetch stl10{place}` downloads missing and damaged files again."
            )

    require_whole(trust_times=True)
    # (n, channel, x, y)
    images: dict[str, Bytes] = {
        part: _mapped(folder / f"{part}_X.bin").reshape(-1, 3, 96, 96) for part in ("train", "test")
    }
    # The files number the classes from 1.
    labels = {part: _mapped(folder / f"{part}_y.bin") - 1 for part in images}
    first_test = len(images["train"])

    def read(i: int) -> Bytes:
        official = images["train"][i] if i < first_test else images["test"][i - first_test]
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


def _mapped(path: Path) -> Bytes:
    return patiently(path, lambda: np.memmap(path, np.uint8, mode="r"))


#: Million bytes of the packed archive that are read until the labeled files are complete.
DOWNLOAD = 330
#: The official archive's folder.
FOLDER = "stl10_binary"


@dataclass(frozen=True)
class OfficialFile:
    """A published file; `size` in bytes, `md5` in hexadecimal."""

    name: str
    size: int
    md5: str


STL10 = (
    OfficialFile("train_X.bin", 5000 * 3 * 96 * 96, "918c2871b30a85fa023e0c44e0bee87f"),
    OfficialFile("train_y.bin", 5000, "5a34089d4802c674881badbb80307741"),
    OfficialFile("test_X.bin", 8000 * 3 * 96 * 96, "7f263ba9f9e0b06b93213547f721ac82"),
    OfficialFile("test_y.bin", 8000, "36f9794fa4beb8a2c72628de14fa638e"),
)


def official_folder(place: Path, files: tuple[OfficialFile, ...] = STL10) -> Path:
    """`place` if it holds one of the files, else its `stl10_binary`."""
    return place if any((place / file.name).is_file() for file in files) else place / FOLDER


def missing(folder: Path, files: tuple[OfficialFile, ...] = STL10) -> list[str]:
    """The names of the files that aren't there."""
    there = names_in(folder)
    return [file.name for file in files if file.name not in there]


def faults(
    folder: Path, files: tuple[OfficialFile, ...] = STL10, *, trust_times: bool = True
) -> dict[str, str]:
    """What is wrong with the files, by name; empty if all are complete.

    Args:
        trust_times: rely on an earlier check of a file with unchanged size and time.
    """
    ledger = Ledger(folder, trust_times)
    checked = {file.name: _fault(folder / file.name, file, ledger) for file in files}
    ledger.save()
    faulty = {name: fault for name, fault in checked.items() if fault}
    # A damaged file may have been replaced with its time unchanged: never report from notes alone.
    return faults(folder, files=files, trust_times=False) if faulty and trust_times else faulty


def _fault(path: Path, file: OfficialFile, ledger: Ledger) -> str:
    try:
        size = patiently(path, path.stat).st_size
        if size != file.size:
            return f"expected {file.size:,} bytes, got {size:,}"
        md5 = ledger.ask(path, _md5)["md5"]
    except UnfitError:
        return "it is missing"
    return "" if md5 == file.md5 else f"expected MD5 {file.md5}, got {md5}"


def _md5(path: Path) -> Found:
    def digest() -> str:
        with opened(path) as file:
            md5 = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False))
        return md5.hexdigest()

    return {"md5": patiently(path, digest)}
