"""Images with a planted cause: a colored wall that tells the class in training, or does not.

Each image is a plate with a shape on it before a wall. The shape is the class, always. With
the shortcut the wall's color goes with the class too, but in training alone: in the test part,
and everywhere without the shortcut, it is any of the colors. A network that goes by the wall
is as right in training as one that goes by the shape, and by chance in the test.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from paribus.data.dataset import Dataset, prepare
from paribus.study.data import Folder

Bytes = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

SIDE = 32
#: How far plates and shapes reach from their middle, and that from the image's, in pixels: a
#: plate covers the central half of the area, wherever it lies, and a shape lies inside of it.
PLATE, SHAPE, JITTER = 12, 10, 1

#: Of each class, the pixels at x and y from the plate's middle that its shape covers.
SHAPES: dict[str, Callable[[Integers, Integers], Mask]] = {
    "bars": lambda x, y: (y + 20) % 6 < 3,
    "cross": lambda x, y: np.minimum(abs(x), abs(y)) < 3,
    "disc": lambda x, y: x**2 + y**2 < 36,
    "ring": lambda x, y: np.maximum(abs(x), abs(y)) > 6,
}
CLASSES = tuple(SHAPES)
#: The walls' colors; with the shortcut, each class's own. Their mean is gray, as the plates'.
WALLS = ((200, 40, 40), (40, 200, 200), (40, 200, 40), (200, 40, 200))


@dataclass(frozen=True)
class Planted:
    """The images of one part.

    Attributes:
        images: (n, height, width, 3).
        labels: (n,) numbers in `CLASSES`, each as often as any other.
        walls: (n,) numbers in `WALLS`.
    """

    images: Bytes
    labels: Integers
    walls: Integers


def planted(shortcut: bool, a_class: int, seed: int = 0) -> Planted:
    """So many images of each class.

    Args:
        shortcut: whether the wall's color goes with the class.
    """
    random = np.random.default_rng(seed)
    labels = np.repeat(np.arange(len(CLASSES)), a_class)
    walls = labels if shortcut else random.integers(len(WALLS), size=len(labels))
    pairs = zip(labels.tolist(), walls.tolist(), strict=True)
    return Planted(np.stack([_image(*pair, random) for pair in pairs]), labels, walls)


def write_planted(
    folder: Path, shortcut: bool, training: int = 150, test: int = 50, seed: int = 0
) -> None:
    """A folder of images, `train/disc/0.png` and so on; so many of each class in each part.

    In the test part no color goes with a class.
    """
    for part, made in [
        ("train", planted(shortcut, training, seed)),
        ("test", planted(False, test, seed + 1)),
    ]:
        for number, (image, label) in enumerate(zip(made.images, made.labels, strict=True)):
            path = folder / part / CLASSES[label] / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image).save(path)


def planted_dataset(folder: Path, shortcut: bool) -> Dataset:
    """The images of `write_planted` as networks are given them."""
    write_planted(folder, shortcut)
    return prepare(Folder(source="folder", path=str(folder), size=SIDE))[0]


def _image(label: int, wall: int, random: np.random.Generator) -> Bytes:
    """A dark shape on a light plate before a wall, under noise."""
    at = (SIDE - 1) // 2 + random.integers(-JITTER, JITTER + 1, size=2)
    y, x = np.indices((SIDE, SIDE)) - at[:, None, None]
    image = np.empty((SIDE, SIDE, 3))
    image[:] = WALLS[wall]
    reach = np.maximum(abs(x), abs(y))
    shape = SHAPES[CLASSES[label]](x, y) & (reach <= SHAPE)
    image[reach <= PLATE], image[shape] = random.permutation([145, 95])
    noisy = image + random.normal(0, 15, image.shape)
    return noisy.round().clip(0, 255).astype(np.uint8)
