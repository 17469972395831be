"""The user's own pictures: one subfolder a class, in train/ val/ test/ or in one tree."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from paribus.data.cache import Found, Ledger
from paribus.data.decode import Unusable, decode
from paribus.data.pictures import Pictures, Progress, silent
from paribus.errors import DataError
from paribus.study.spec import Folder

#: What the three parts may be called on disk.
PART_NAMES = {
    "train": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
}


@dataclass(frozen=True)
class _Branch:
    """A folder whose subfolders are classes; `part` is "" where there is but one tree."""

    path: Path
    part: str


@dataclass(frozen=True)
class _Picture:
    """A usable picture: its file, class, part and the SHA-256 of its bytes."""

    path: Path
    class_name: str
    part: str
    sha256: str


def open_folder(
    data: Folder, progress: Progress | None = None, *, trust_times: bool = True
) -> Pictures:
    """Every usable picture under `data.path`; the other files by name with the reason.

    A relative path starts at the current folder. The contents of a file decide whether it is
    a picture, not its name. Hidden files and things that are no files are passed over.

    Args:
        trust_times: believe an earlier look at a file whose size and time are unchanged.

    Raises:
        DataError: if there are no two classes with pictures, or the parts differ in classes.
    """
    root = Path(data.path).expanduser().resolve()
    if not root.is_dir():
        raise DataError(f"{data.path}: no such folder ({root}); data.path names one of pictures")
    listing = _Listing(root, [])
    branches = listing.branches()
    classes = _classes(root, branches)
    files = [
        (path, name, branch.part)
        for branch in branches
        for folder, name in _class_folders(branch.path)
        for path in listing.files(folder)
    ]
    pictures = _usable(listing, files, progress or silent, trust_times)
    if not pictures:
        raise DataError(_nothing_usable(root, listing.unusable))

    def read(i: int) -> np.typing.NDArray[np.uint8]:
        path = pictures[i].path
        try:
            return decode(path, data.colour)
        except Unusable as error:
            raise DataError(f"{path}: changed while in use ({error}); run again") from None

    return Pictures(
        source="folder",
        classes=classes,
        labels=np.array([classes.index(p.class_name) for p in pictures], np.int64),
        part=np.array([p.part for p in pictures], "<U10"),
        channels=3 if data.colour == "rgb" else 1,
        fingerprint=_fingerprint(root, pictures),
        read=read,
        unreadable=tuple(listing.unusable),
    )
