"""A source's labeled images in their original form, and the files of a folder that hold them."""

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from paribus.data.pixels import Bytes, Target, UnusableError
from paribus.io.reading import UnfitError, names_in, patiently
from paribus.names import shown
from paribus.study.data import Data
from paribus.study.folder import is_ours

T = TypeVar("T")

#: How the names of files begin that systems leave among images.
HIDDEN = (".", "__MACOSX")

#: Called with what is in progress, how much is done, and how much there is (or None).
Progress = Callable[[str, int, int | None], None]


def silent(what: str, done: int, total: int | None) -> None:
    """Ignore progress."""


def followed(items: Sequence[T], what: str, progress: Progress) -> Iterator[T]:
    """The items one by one, reporting progress after every hundredth and the last."""
    for done, item in enumerate(items, 1):
        yield item
        if done % 100 == 0 or done == len(items):
            progress(what, done, len(items))


class LeftOut(NamedTuple):
    """A file or folder that is not among the images, by its place below them, and why."""

    place: str
    reason: str

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}"


@dataclass(frozen=True)
class Originals:
    """A source's labeled images before any resizing.

    Attributes:
        source: its name in a study, as "digits".
        classes: names, in the order of the labels.
        labels: (n,) each image's class.
        part: (n,) "train", "validation" or "test", or "" where the source doesn't say.
        group: (n,) number of what each image shows, such as a patient, where that is known.
        channels: 1 (gray) or 3 (red, green, blue).
        fingerprint: SHA-256 over the contents (for STL-10, over the official MD5s).
        read: image i as (height, width, channels) bytes, in its original size.
        files: (n,) each image's path below the folder, with `/`; none where there are no files.
        left_out: a folder's files that are not among the images.
        groups: classes whose images lie in several subfolders, with these.
        animated: how many images are the first of an animation or of several pages.
        shortened: of how many color images 16 bits a channel are read as 8.
        put: makes a file of all images at a path, resized, behind a header, by a quicker way than
            to `read` each; None where there is none.
        require_whole: checks every byte of the source again where `read` doesn't; raises
            DataError.
    """

    source: str
    classes: tuple[str, ...]
    labels: npt.NDArray[np.int64]
    part: npt.NDArray[np.str_]
    channels: int
    fingerprint: str
    read: Callable[[int], Bytes]
    files: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    group: npt.NDArray[np.int64] | None = None
    animated: int = 0
    shortened: int = 0
    put: Callable[[Path, bytes], None] | None = None
    require_whole: Callable[[], None] = lambda: None


def target_of(data: Data) -> Target:
    """What a study has images become before its networks see them."""
    height, width = data.size if isinstance(data.size, tuple) else (data.size, data.size)
    return Target(height, width, data.resize, data.blur)


def natural(name: str) -> tuple[list[str | int], str]:
    """A sort key for names: "b2" before "b10", ignoring case."""
    words = re.split(r"(\d+)", name.casefold())
    return [int(word) if i % 2 else word for i, word in enumerate(words)], name


def visible(folder: Path) -> list[Path]:
    """The entries of a folder in natural order, except hidden ones, as macOS packs in archives."""
    names = [name for name in names_in(folder) if not name.startswith(HIDDEN)]
    return [folder / name for name in sorted(names, key=natural)]


def files_under(top: Path, root: Path, left_out: list[LeftOut]) -> Iterator[Path]:
    """Every file under `top` in natural order; links that aren't followed go to `left_out`.

    Only links to files inside `root` are followed.
    """
    folders = [iter(_in_order(top))]
    while folders:
        if (entry := next(folders[-1], None)) is None:
            folders.pop()
            continue
        path = Path(entry.path)
        try:
            if entry.is_symlink():
                check_link(path, root)
                if path.is_file():
                    yield path
            elif entry.is_dir():
                if is_ours(path):
                    raise UnusableError("results of Paribus")
                folders.append(iter(_in_order(path)))
            elif entry.is_file():
                yield path
        except UnusableError as error:
            left_out.append(LeftOut(below(root, path), str(error)))


def _in_order(folder: Path) -> list[os.DirEntry[str]]:
    return sorted(entries(folder), key=lambda entry: natural(entry.name))


def entries(folder: Path) -> list[os.DirEntry[str]]:
    """What `visible` gives, in any order; the system says at once what is a folder.

    Raises:
        ReadError: it can't be read now.
    """

    def read() -> list[os.DirEntry[str]]:
        with os.scandir(folder) as found:
            return [entry for entry in found if not entry.name.startswith(HIDDEN)]

    try:
        return patiently(folder, read)
    except UnfitError:  # it has just been removed
        return []


def below(root: Path, path: Path) -> str:
    """A path relative to `root`, as it is shown."""
    return shown(path.relative_to(root).as_posix())


def check_link(entry: Path, root: Path) -> None:
    """Raise UnusableError for a link, unless it leads to a file inside `root`."""
    if not entry.is_symlink():
        return
    target = Path(os.path.realpath(entry))
    if not target.exists():
        raise UnusableError("a link to nowhere")
    if not target.is_relative_to(root):
        raise UnusableError("a link that leads out of the folder")
    if target.is_dir():
        raise UnusableError("a link to a folder; only links to images are followed")
