"""The user's images: one subfolder per class, in train/ val/ test/ or in one tree."""

import hashlib
import os
from pathlib import Path
from typing import NamedTuple

import numpy as np

from paribus.data.cache import Found, Ledger, home_expanded
from paribus.data.images import (
    Bytes,
    Originals,
    Progress,
    UnusableError,
    below,
    contents,
    decode,
    files_under,
    followed,
    natural,
    silent,
)
from paribus.data.layout import ClassFolder, class_folders
from paribus.errors import DataError
from paribus.io.reading import UnfitError
from paribus.study.config import Folder


class _Image(NamedTuple):
    """A usable image, with the SHA-256 of its file."""

    path: Path
    name: str  # of its class
    part: str
    sha256: str


def open_folder(
    data: Folder, progress: Progress | None = None, *, trust_times: bool = True
) -> Originals:
    """Every usable image under `data.path`; every other file by name with the reason.

    A relative path starts at the current folder. Hidden entries and special files are skipped;
    links are followed only to images inside the folder.

    Args:
        trust_times: rely on an earlier check of a file with unchanged size and time.

    Raises:
        DataError: if the folders aren't classes (`class_folders`), or one has no usable image.
        ReadError: if an image or a folder can't be read now.
    """
    root = home_expanded(data.path).resolve()
    if not root.is_dir():
        raise DataError(f"{data.path}: expected a folder of images, got no folder ({root})")
    unusable: list[str] = []
    folders = class_folders(root, unusable)
    classes = tuple(sorted({folder.name for folder in folders}, key=natural))
    originals = _check_all(root, folders, unusable, progress or silent, trust_times)
    number = {name: label for label, name in enumerate(classes)}
    digest = hashlib.sha256()
    for image in originals:
        name = os.fsencode(image.path.relative_to(root).as_posix())
        digest.update(name + b"\0" + image.sha256.encode() + b"\n")

    def read(i: int) -> Bytes:
        try:
            content = contents(originals[i].path)
            if hashlib.sha256(content).hexdigest() != originals[i].sha256:
                raise UnusableError("its contents have changed")
            return decode(content, data.color)
        except UnusableError as error:
            raise DataError(
                f"{originals[i].path}: expected the image as it was before, got another file "
                f"({error}). Restore it, or check all images with `paribus data verify {root}`; "
                "then run again."
            ) from None

    return Originals(
        source="folder",
        classes=classes,
        labels=np.array([number[image.name] for image in originals], np.int64),
        part=np.array([image.part for image in originals]),
        channels=3 if data.color == "rgb" else 1,
        fingerprint=digest.hexdigest(),
        read=read,
        unreadable=tuple(sorted(unusable, key=natural)),
    )


def _check_all(
    root: Path, folders: list[ClassFolder], unusable: list[str], progress: Progress, trust: bool
) -> list[_Image]:
    """Every usable image, class by class in natural order; others are added to `unusable`."""
    ledger = Ledger(root, trust)
    files = [
        (folder, path) for folder in folders for path in files_under(folder.path, root, unusable)
    ]
    originals = []
    try:
        for folder, path in followed(files, "checking images", progress):
            try:
                check = ledger.ask(path, _check)
            except UnfitError as error:  # gone since the folder was listed
                check = {"fault": f"can't be read ({error.strerror})"}
            if "fault" in check:
                unusable.append(f"{below(root, path)}: {check['fault']}")
            else:
                originals.append(_Image(path, folder.name, folder.part, check["sha256"]))
    finally:
        ledger.save()
    _require_images(root, folders, originals, unusable)
    return originals


def _check(path: Path) -> Found:
    """The SHA-256 of an image that can be decoded, or the fault of one that can't."""
    try:
        content = contents(path)
        decode(content, "rgb")
    except UnusableError as error:
        return {"fault": str(error)}
    return {"sha256": hashlib.sha256(content).hexdigest()}


def _require_images(
    root: Path, folders: list[ClassFolder], originals: list[_Image], unusable: list[str]
) -> None:
    """Refuse a class without any usable image, giving the reasons."""
    filled = {(image.part, image.name) for image in originals}
    for folder in folders:
        if (folder.part, folder.name) not in filled:
            place = below(root, folder.path)
            reasons = [line for line in unusable if line.startswith((f"{place}/", f"{place}:"))]
            raise DataError(
                f"{root / place}: expected images of class {folder.name!r}, got no usable one. "
                "Add some, or move the folder away."
                + "".join(f"\n  {line}" for line in reasons[:5])
            )
