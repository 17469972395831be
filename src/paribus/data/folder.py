"""The user's images: one subfolder per class, in train/ val/ test/ or in one tree."""

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
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
    check_link,
    contents,
    decode,
    files_under,
    followed,
    natural,
    silent,
    visible,
)
from paribus.data.splits import PARTS
from paribus.errors import DataError
from paribus.io.reading import UnfitError
from paribus.names import shown
from paribus.study.config import Folder

#: Names of the parts on disk.
PART_NAMES = {"train": "train", "test": "test"} | dict.fromkeys(
    ("val", "valid", "validation"), "validation"
)


class _ClassFolder(NamedTuple):
    """A folder of one class's images; `part` is "" if there is only one tree."""

    path: Path
    name: str
    part: str


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
        DataError: if there are fewer than two classes, a class has no usable image in a part, or
            the parts differ in their classes.
        ReadError: if an image or a folder can't be read now.
    """
    root = home_expanded(data.path).resolve()
    if not root.is_dir():
        raise DataError(f"{data.path}: expected a folder of images, got no folder ({root})")
    unusable: list[str] = []
    branches = _branches(root, unusable)
    folders = _class_folders(root, branches, unusable)
    classes = _classes(root, branches, folders)
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


def _branches(root: Path, unusable: list[str]) -> dict[str, Path]:
    """The folder of each part, or the whole tree under "".

    A `train` that holds folders is a part; one that holds images is a class (of vehicles).
    """
    parts: dict[str, Path] = {}
    others = []
    for entry in visible(root):
        part = PART_NAMES.get(entry.name.casefold()) if entry.is_dir() else None
        if part is None:
            others.append(entry)
        elif entry.is_symlink():
            raise DataError(f"{entry}: expected a folder, got a link; move the folder here")
        elif part in parts:
            raise DataError(
                f"{root}: expected one folder for {part}, got {parts[part].name} and "
                f"{entry.name}; merge them"
            )
        else:
            parts[part] = entry
    if "train" not in parts or not any(e.is_dir() for e in visible(parts["train"])):
        return {"": root}
    unusable += [f"{below(root, entry)}: not in train, val or test" for entry in others]
    return {part: parts[part] for part in PARTS if part in parts}


def _class_folders(
    root: Path, branches: Mapping[str, Path], unusable: list[str]
) -> list[_ClassFolder]:
    """The classes' folders, part by part."""
    folders = []
    for part, branch in branches.items():
        for entry in visible(branch):
            try:
                check_link(entry, root)
            except UnusableError as error:
                unusable.append(f"{below(root, entry)}: {error}")
                continue
            if entry.is_dir():
                folders.append(_ClassFolder(entry, shown(entry.name), part))
            elif entry.is_file():
                unusable.append(f"{below(root, entry)}: not in the folder of a class")
    return folders


def _classes(root: Path, parts: Iterable[str], folders: Sequence[_ClassFolder]) -> tuple[str, ...]:
    """The classes' names in natural order ("2" before "10"), the same in every part."""
    of_part: dict[str, set[str]] = {part: set() for part in parts}
    for folder in folders:
        of_part[folder.part].add(folder.name)
    every = set().union(*of_part.values())
    lacking = [
        f"{part} has no {', '.join(sorted(every - names, key=natural))}"
        for part, names in of_part.items()
        if every - names
    ]
    if lacking:
        raise DataError(
            f"{root}: expected the same classes in each part, but {'; '.join(lacking)}. "
            "Add the images, or move the part's folder away."
        )
    if len(every) < 2:
        raise DataError(
            f"{root}: expected subfolders of images for two or more classes, "
            f"got {', '.join(every) or 'none'}"
        )
    return tuple(sorted(every, key=natural))


def _check_all(
    root: Path, folders: list[_ClassFolder], unusable: list[str], progress: Progress, trust: bool
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
    root: Path, folders: list[_ClassFolder], originals: list[_Image], unusable: list[str]
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
