"""A first look at a user's images: their sizes and colors, and what they could become."""

from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from paribus.data.images import Originals, Progress
from paribus.data.sources import named, open_source
from paribus.study.data import Csv, Folder, Npz, Size

#: Images that are decoded for a look, spread evenly over all.
MOST_LOOKED_AT = 300

#: Images of one size whose sides lie in here stay as they are: LeNet-5 takes no smaller ones, and
#: larger ones train slowly.
KEPT = range(16, 65)
#: Others become squares of this side, or of the other one if half of them are as large as `FINE`.
SIDE, FINE_SIDE, FINE = 32, 64, 96


#: A user's own images, in files.
Own = Folder | Csv | Npz


@dataclass(frozen=True)
class Look:
    """What some images are like.

    Attributes:
        sizes: how many there are of each (height, width), in pixels.
        gray: no image has a color.
    """

    sizes: Counter[tuple[int, int]]
    gray: bool

    @property
    def smallest(self) -> tuple[int, int]:
        """The size with the fewest pixels."""
        return min(self.sizes, key=np.prod)

    @property
    def commonest(self) -> tuple[int, int]:
        """The size that most images have; the larger one of two."""
        return max(self.sizes, key=lambda size: (self.sizes[size], np.prod(size)))

    @property
    def largest(self) -> tuple[int, int]:
        """The size with the most pixels."""
        return max(self.sizes, key=np.prod)


def own(path: Path) -> Own:
    """The images in a folder, a table or an `.npz` file, by its name.

    Raises:
        DataError: no study could name this path.
    """
    data = named(str(path))
    assert isinstance(data, Own)  # no published set has an absolute path
    return data


def fitted(data: Own, progress: Progress | None = None) -> tuple[Own, Look]:
    """A user's images with a size and a color to begin with, and what they are like.

    Raises:
        DataError: if they are missing or damaged, or their folders aren't classes.
        ReadError: if something can't be read now.
    """
    with ExitStack() as nothing:
        seen = look(open_source(data, None, progress, nothing))
    changes: dict[str, object] = {"size": fitting_size(seen)}
    if not isinstance(data, Npz):
        changes["color"] = "gray" if seen.gray else "rgb"
    return data.model_copy(update=changes), seen


def look(originals: Originals) -> Look:
    """Decode some images, at most `MOST_LOOKED_AT`, and see what they are like."""
    number = len(originals.labels)
    some = np.linspace(0, number - 1, min(number, MOST_LOOKED_AT)).round().astype(int)
    sizes: Counter[tuple[int, int]] = Counter()
    gray = True
    for image in map(originals.read, some.tolist()):
        height, width, _ = image.shape
        sizes[height, width] += 1
        gray = gray and bool((image == image[..., :1]).all())
    return Look(sizes, gray)


def fitting_size(seen: Look) -> Size:
    """A size for networks to begin with: small enough to train fast."""
    height, width = seen.commonest
    if len(seen.sizes) == 1 and height in KEPT and width in KEPT:
        return height if height == width else (height, width)
    shorter = np.median([min(size) for size in seen.sizes.elements()])
    return FINE_SIDE if shorter >= FINE else SIDE
