"""The user's images: one subfolder per class, in train/ val/ test/ or in one tree."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from paribus.data.cache import home_expanded
from paribus.data.decode import Rule
from paribus.data.files import Check, ImageFiles
from paribus.data.groups import FILE as GROUPS
from paribus.data.groups import group_numbers
from paribus.data.images import (
    LeftOut,
    Originals,
    Progress,
    below,
    files_under,
    natural,
    silent,
    target_of,
)
from paribus.data.layout import ClassFolder, class_folders
from paribus.errors import DataError
from paribus.names import shown
from paribus.study.data import Csv, Data, Folder


def open_folder(
    data: Folder,
    progress: Progress | None = None,
    *,
    trust_times: bool = True,
    kept: ExitStack | None = None,
) -> Originals:
    """Every usable image under `data.path`; every other file by name with the reason.

    A relative path starts at the current folder. Hidden entries and special files are skipped;
    links are followed only to images inside the folder.

    Args:
        trust_times: rely on an earlier check of a file with unchanged size and time.
        kept: until it is closed, images are resized as `data` says while they are checked.

    Raises:
        DataError: if the folders aren't classes (`class_folders`), or one has no usable image.
        ReadError: if an image or a folder can't be read now.
        DiskError: if resized images can't be written.
    """
    root = home_expanded(data.path).resolve()
    if not root.is_dir():
        raise DataError(f"{data.path}: expected a folder of images, got no folder ({root})")
    left_out: list[LeftOut] = []
    folders = class_folders(root, left_out)
    listed = [(path, one) for one in folders for path in files_under(one.path, root, left_out)]
    rule = Rule(data.color, 0, data.background)
    check = Check(rule, target_of(data), progress or silent, trust_times, kept)
    images = check.of(root, [path for path, _ in listed], left_out)
    of_image = [listed[file.number][1] for file in images.files]
    _require_images(root, folders, of_image, left_out)
    group = group_numbers(root, images.places)
    if group is not None:
        left_out = [one for one in left_out if one.place != GROUPS]
    classes = tuple(sorted({folder.name for folder in folders}, key=natural))
    number = {name: label for label, name in enumerate(classes)}
    return Originals(
        source="folder",
        classes=classes,
        labels=np.array([number[folder.name] for folder in of_image], np.int64),
        part=np.array([folder.part for folder in of_image]),
        channels=images.channels,
        fingerprint=images.fingerprint(group),
        read=images.read,
        files=images.places,
        left_out=tuple(sorted(left_out, key=lambda one: natural(one.place))),
        groups=_subfolders(images, of_image),
        group=group,
        animated=images.count("animated"),
        shortened=images.count("shortened"),
        put=images.put,
    )


def require_apart(data: Data, out: Path) -> None:
    """Refuse to write results around the images, or among them where they would be lost.

    A folder of results inside that of the images is passed over when they are read.

    Raises:
        DataError: the images lie in `out`.
    """
    if isinstance(data, Folder | Csv):
        root = home_expanded(data.path).resolve()
        root = root.parent if isinstance(data, Csv) else root
        if root.is_relative_to(out.resolve()):
            raise DataError(
                f"{data.path}: these images lie in {out}, where the results are to go. "
                "Choose another folder for the results with --out."
            )


def _subfolders(images: ImageFiles, of_image: Sequence[ClassFolder]) -> dict[str, tuple[str, ...]]:
    """Classes whose images lie in several subfolders, with these."""
    found: dict[str, dict[str, None]] = {}
    for file, folder in zip(images.files, of_image, strict=True):
        below_class = str(file.path)[len(str(folder.path)) + 1 :]
        subfolder, slash, _ = below_class.partition("/")
        if slash:
            found.setdefault(folder.name, {})[shown(subfolder)] = None
    several = sorted((name for name in found if len(found[name]) > 1), key=natural)
    return {name: tuple(found[name]) for name in several}


def _require_images(
    root: Path,
    folders: Sequence[ClassFolder],
    of_image: Sequence[ClassFolder],
    left_out: Sequence[LeftOut],
) -> None:
    """Refuse a class without any usable image, giving the reasons."""
    filled = {(folder.part, folder.name) for folder in of_image}
    for folder in folders:
        if (folder.part, folder.name) not in filled:
            place = below(root, folder.path)
            reasons = [one for one in left_out if f"{one.place}/".startswith(f"{place}/")]
            raise DataError(
                f"{root / place}: expected images of class {folder.name!r}, got no usable one. "
                "Add some, or move the folder away." + "".join(f"\n  {one}" for one in reasons[:5])
            )
