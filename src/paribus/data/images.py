"""A source's labeled images in their original form, and the squares that networks see."""

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter, ImageOps

from paribus.io.reading import is_folder, names_in
from paribus.names import shown
from paribus.study.folder import is_ours

T = TypeVar("T")
Bytes = npt.NDArray[np.uint8]

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
    require_whole: Callable[[], None] = lambda: None


def squared(pixels: Bytes, size: int, blur: float = 0.0) -> Bytes:
    """The central square of an image, resized to (channels, size, size).

    Bilinear with antialiasing: each new pixel averages all old pixels that it covers.

    Args:
        pixels: (height, width, channels).
        blur: standard deviation of a Gaussian blur before resizing, as a share of the image's
            shorter side.
    """
    gray = pixels.shape[-1] == 1
    image = Image.fromarray(pixels[..., 0] if gray else pixels)
    if blur:
        image = image.filter(ImageFilter.GaussianBlur(blur * min(image.size)))
    small = np.asarray(ImageOps.fit(image, (size, size), Image.Resampling.BILINEAR))
    return small[None] if gray else np.moveaxis(small, -1, 0)


class UnusableError(Exception):
    """Why a file gives no image; never leaves this package."""


def natural(name: str) -> tuple[list[str | int], str]:
    """A sort key for names: "b2" before "b10", ignoring case."""
    words = re.split(r"(\d+)", name.casefold())
    return [int(word) if i % 2 else word for i, word in enumerate(words)], name


def visible(folder: Path) -> list[Path]:
    """The entries of a folder in natural order, except hidden ones, as macOS packs in archives."""
    names = [name for name in names_in(folder) if not name.startswith((".", "__MACOSX"))]
    return [folder / name for name in sorted(names, key=natural)]


def files_under(top: Path, root: Path, left_out: list[LeftOut]) -> Iterator[Path]:
    """Every file under `top` in natural order; links that aren't followed go to `left_out`.

    Only links to files inside `root` are followed.
    """
    waiting = [top]
    while waiting:
        entry = waiting.pop()
        try:
            check_link(entry, root)
            if is_folder(entry):
                if is_ours(entry):
                    raise UnusableError("results of Paribus")
                waiting += reversed(visible(entry))
            elif entry.is_file():
                yield entry
        except UnusableError as error:
            left_out.append(LeftOut(below(root, entry), str(error)))


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
