"""STL-10's official binary files: 5,000 training and 8,000 test photographs of 96x96 pixels."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from paribus.data.pictures import Bytes, Pictures, Progress, silent
from paribus.errors import DataError
from paribus.store import write_file

CLASSES = ("airplane", "bird", "car", "cat", "deer", "dog", "horse", "monkey", "ship", "truck")
SIDE, CHANNELS = 96, 3
PICTURE = SIDE * SIDE * CHANNELS


@dataclass(frozen=True)
class OfficialFile:
    """One of the labelled files: its size in bytes and its published MD5."""

    size: int
    md5: str


FILES = {
    "train_X.bin": OfficialFile(5000 * PICTURE, "918c2871b30a85fa023e0c44e0bee87f"),
    "train_y.bin": OfficialFile(5000, "5a34089d4802c674881badbb80307741"),
    "test_X.bin": OfficialFile(8000 * PICTURE, "7f263ba9f9e0b06b93213547f721ac82"),
    "test_y.bin": OfficialFile(8000, "36f9794fa4beb8a2c72628de14fa638e"),
}
FOLDER = "stl10_binary"
VERIFIED = ".verified.json"


def open_stl10(folder: Path, progress: Progress = silent) -> Pictures:
    """The labelled pictures in `folder`: the 5,000 for training first, then the 8,000 for test.

    Raises:
        DataError: if a file is missing or its MD5 is not the official one.
    """
    verify(folder, progress)
    images = [_images(folder / f"{part}_X.bin") for part in ("train", "test")]
    labels = [np.fromfile(folder / f"{part}_y.bin", np.uint8) for part in ("train", "test")]

    def read(index: int) -> Bytes:
        half, number = (images[0], index) if index < 5000 else (images[1], index - 5000)
        # On disk a picture is (channel, column, row); people and PNG want (row, column, channel).
        return np.ascontiguousarray(half[number].transpose(2, 1, 0))

    return Pictures(
        source="stl10",
        classes=CLASSES,
        labels=np.concatenate(labels).astype(np.int64) - 1,  # on disk they count from 1
        part=np.repeat(["train", "test"], [5000, 8000]),
        channels=CHANNELS,
        fingerprint=hashlib.sha256("".join(f.md5 for f in FILES.values()).encode()).hexdigest(),
        read=read,
    )


def find(data_dir: Path) -> Path | None:
    """The folder with the official files: `data_dir` itself or its `stl10_binary/`."""
    for folder in (data_dir, data_dir / FOLDER):
        if (folder / "train_X.bin").exists():
            return folder
    return None


def verify(folder: Path, progress: Progress = silent) -> None:
    """Compare every file with its official size and MD5; a verified file is not read again.

    Raises:
        DataError: naming each file that is missing or differs.
    """
    known = _read_verified(folder)
    problems = []
    for number, (name, official) in enumerate(FILES.items()):
        progress("checking STL-10", number, len(FILES))
        problem = _problem(folder / name, official, known.get(name))
        if problem:
            problems.append(problem)
    if problems:
        raise DataError(
            "\n".join(problems)
            + "\nThe official files are expected. Delete these to have them downloaded again, "
            "or name another folder with --data-dir."
        )
    _write_verified(folder)


def _problem(path: Path, official: OfficialFile, known: list[int] | None) -> str | None:
    try:
        status = path.stat()
    except OSError:
        return f"{path}: missing"
    if status.st_size != official.size:
        return f"{path}: {status.st_size:,} bytes came; {official.size:,} are expected"
    if known == [status.st_size, status.st_mtime_ns]:
        return None
    with path.open("rb") as file:
        came = hashlib.file_digest(file, "md5").hexdigest()
    return None if came == official.md5 else f"{path}: damaged, MD5 {came} came"


def _images(path: Path) -> Bytes:
    return np.memmap(path, np.uint8, mode="r").reshape(-1, CHANNELS, SIDE, SIDE)


def _read_verified(folder: Path) -> dict[str, list[int]]:
    try:
        known = json.loads((folder / VERIFIED).read_text())
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _write_verified(folder: Path) -> None:
    """Remember each file's size and time, where the folder can be written to."""
    stats = {name: (folder / name).stat() for name in FILES}
    known = {name: [s.st_size, s.st_mtime_ns] for name, s in stats.items()}
    if known != _read_verified(folder):
        try:
            write_file(folder / VERIFIED, json.dumps(known).encode())
        except OSError:
            return  # a read-only folder is verified every time
