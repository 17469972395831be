"""The user's images: one subfolder per class, in train/ val/ test/ or in one tree."""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from paribus.data.cache import Found, Ledger, home_expanded
from paribus.data.decode import Rule, Seen, contents, decode, look
from paribus.data.groups import FILE as GROUPS
from paribus.data.groups import group_numbers
from paribus.data.images import (
    Bytes,
    LeftOut,
    Originals,
    Progress,
    UnusableError,
    below,
    files_under,
    followed,
    natural,
    silent,
)
from paribus.data.layout import ClassFolder, class_folders
from paribus.errors import DataError
from paribus.io.reading import UnfitError
from paribus.names import shown
from paribus.records.types import Integers
from paribus.study.data import Data, Folder


@dataclass(frozen=True)
class _Image:
    """A usable image, with the SHA-256 of its file."""

    path: Path
    folder: ClassFolder
    sha256: str
    seen: Seen


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
    left_out: list[LeftOut] = []
    folders = class_folders(root, left_out)
    classes = tuple(sorted({folder.name for folder in folders}, key=natural))
    images = _check_all(root, folders, left_out, progress or silent, trust_times)
    number = {name: label for label, name in enumerate(classes)}
    rule = _rule(data, images)
    group = group_numbers(root, [image.path for image in images])
    if group is not None:
        left_out = [one for one in left_out if one.place != GROUPS]

    def read(i: int) -> Bytes:
        try:
            content = contents(images[i].path)
            if hashlib.sha256(content).hexdigest() != images[i].sha256:
                raise UnusableError("its contents have changed")
            return decode(content, rule)
        except UnusableError as error:
            raise DataError(
                f"{images[i].path}: expected the image as it was before, got another file "
                f"({error}). Restore it, or check all images with `paribus data verify {root}`; "
                "then run again."
            ) from None

    return Originals(
        source="folder",
        classes=classes,
        labels=np.array([number[image.folder.name] for image in images], np.int64),
        part=np.array([image.folder.part for image in images]),
        channels=3 if data.color == "rgb" else 1,
        fingerprint=_fingerprint(root, images, rule, group),
        read=read,
        files=tuple(image.path.relative_to(root).as_posix() for image in images),
        left_out=tuple(sorted(left_out, key=lambda one: natural(one.place))),
        groups={name: groups for name in classes if (groups := _groups(name, images))},
        group=group,
        animated=sum(image.seen.animated for image in images),
        shortened=sum(image.seen.shortened for image in images),
    )


def require_apart(data: Data, out: Path) -> None:
    """Refuse to write results around the images, or among them where they would be lost.

    A folder of results inside that of the images is passed over when they are read.

    Raises:
        DataError: the images lie in `out`.
    """
    if isinstance(data, Folder):
        root = home_expanded(data.path).resolve()
        if root.is_relative_to(out.resolve()):
            raise DataError(
                f"{data.path}: these images lie in {out}, where the results are to go. "
                "Choose another folder for the results with --out."
            )


def _rule(data: Folder, images: Sequence[_Image]) -> Rule:
    """One rule for the whole folder: the brightest 16-bit value in it fixes the scale of all."""
    bits = max(image.seen.bits for image in images)
    return Rule(data.color, max(bits, 8) if bits else 16, data.background)


def _fingerprint(root: Path, images: Sequence[_Image], rule: Rule, group: Integers | None) -> str:
    digest = hashlib.sha256()
    for image in images:
        name = os.fsencode(image.path.relative_to(root).as_posix())
        digest.update(name + b"\0" + image.sha256.encode() + b"\n")
    # Only what changes pixels counts, so that folders without it keep their fingerprint.
    if any(image.seen.transparent for image in images):
        digest.update(f"behind transparent pixels {rule.background}\n".encode())
    if rule.bits != 16:
        digest.update(f"bits {rule.bits}\n".encode())
    if group is not None:
        digest.update(f"groups {group.tolist()}\n".encode())
    return digest.hexdigest()


def _groups(name: str, images: Sequence[_Image]) -> tuple[str, ...]:
    """The subfolders of a class that hold images, if there are several."""
    below_class = (
        image.path.relative_to(image.folder.path).parts
        for image in images
        if image.folder.name == name
    )
    groups = dict.fromkeys(shown(parts[0]) for parts in below_class if len(parts) > 1)
    return tuple(groups) if len(groups) > 1 else ()


def _check_all(
    root: Path, folders: list[ClassFolder], left_out: list[LeftOut], progress: Progress, trust: bool
) -> list[_Image]:
    """Every usable image, class by class in natural order; others are added to `left_out`."""
    ledger = Ledger(root, trust)
    files = [
        (folder, path) for folder in folders for path in files_under(folder.path, root, left_out)
    ]
    images = []
    try:
        for folder, path in followed(files, "checking images", progress):
            try:
                check = ledger.ask(path, _check)
            except UnfitError as error:  # gone since the folder was listed
                check = {"fault": f"can't be read ({error.strerror})"}
            if "fault" in check:
                left_out.append(LeftOut(below(root, path), check["fault"]))
            else:
                flags = (flag in check for flag in ("transparent", "animated", "shortened"))
                seen = Seen(int(check["bits"]), *flags)
                images.append(_Image(path, folder, check["sha256"], seen))
    finally:
        ledger.save()
    _require_images(root, folders, images, left_out)
    return images


def _check(path: Path) -> Found:
    """What is kept of an image that can be decoded, or the fault of one that can't."""
    try:
        content = contents(path)
        seen = look(content)
    except UnusableError as error:
        return {"fault": str(error)}
    found = {"sha256": hashlib.sha256(content).hexdigest(), "bits": str(seen.bits)}
    flags = ("transparent", "animated", "shortened")
    return found | {flag: "yes" for flag in flags if getattr(seen, flag)}


def _require_images(
    root: Path, folders: list[ClassFolder], images: list[_Image], left_out: list[LeftOut]
) -> None:
    """Refuse a class without any usable image, giving the reasons."""
    filled = {(image.folder.part, image.folder.name) for image in images}
    for folder in folders:
        if (folder.part, folder.name) not in filled:
            place = below(root, folder.path)
            reasons = [one for one in left_out if f"{one.place}/".startswith(f"{place}/")]
            raise DataError(
                f"{root / place}: expected images of class {folder.name!r}, got no usable one. "
                "Add some, or move the folder away." + "".join(f"\n  {one}" for one in reasons[:5])
            )
