"""The sources of images: the digits opened, and whether each is there and undamaged."""

import hashlib
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from paribus.data.cache import cache_folder
from paribus.data.folder import open_folder
from paribus.data.images import Originals, Progress
from paribus.data.manifest import open_manifest
from paribus.data.npz import open_npz
from paribus.data.own import open_own
from paribus.data.pixels import Bytes
from paribus.data.published import SETS
from paribus.data.stl10 import CLASSES, faults, missing, official_folder, open_stl10
from paribus.data.unpack import absent, damage, find, open_published
from paribus.errors import DataError
from paribus.study.data import OWN_DATA, Csv, Data, Digits, Folder, Npz, OwnData, Published, Stl10

#: SHA-256 over the images as published.
CONTENTS = "0b7e9c3202d7bcd255d6a19a238d3743bf5e320ba74812a6679958a017c55382"
NEEDS = "the digits data need scikit-learn: pip install 'paribus[digits]'"


def open_digits() -> Originals:
    """The digits of Alpaydin and Kaynak (1998), their 17 gray levels scaled to 0..255.

    Raises:
        DataError: scikit-learn isn't installed.
    """
    # Imported here: nothing else needs scikit-learn, and importing it takes a second.
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise DataError(NEEDS) from None

    bundled = load_digits()
    pixels: Bytes = np.rint(bundled.images * (255 / 16)).astype(np.uint8)[..., None]
    labels = bundled.target.astype(np.int64)
    contents = pixels.tobytes() + labels.astype("<i8").tobytes()
    return Originals(
        source="digits",
        classes=tuple("0123456789"),
        labels=labels,
        part=np.full(len(labels), ""),
        channels=1,
        fingerprint=hashlib.sha256(contents).hexdigest(),
        read=lambda i: pixels[i],
    )


@dataclass(frozen=True)
class SourceState:
    """The state of a source of images.

    Attributes:
        name: in a study's `data.source`.
        where: its files are, or would be downloaded to.
        state: "ready", "not downloaded", "needs scikit-learn", or "damaged: " and what is wrong.
        images, classes: how many, if the source fixes that.
    """

    name: str
    description: str
    where: Path | None
    state: str
    images: int | None
    classes: int | None


def states(data_dir: Path | None = None) -> list[SourceState]:
    """The state of each source; `data_dir` is where official files are, if not in the cache."""
    folder = official_folder(data_dir or cache_folder())
    digits = "ready" if find_spec("sklearn") else "needs scikit-learn"
    stl10 = "not downloaded"
    if not missing(folder):
        wrong = "; ".join(f"{name}: {fault}" for name, fault in faults(folder).items())
        stl10 = f"damaged: {wrong}" if wrong else "ready"
    in_digits = "Handwritten digits, 8x8, gray; they come with scikit-learn"
    in_stl10 = "Photographs of animals and vehicles, 96x96, color"
    in_folder = "Your own images in the folder that data.path names, one subfolder per class"
    in_csv = "Your own images by the table that data.path names, one row per image"
    in_python = "Your own images from Python: arrays or a Dataset"
    in_npz = "Your own images as arrays in the .npz file that data.path names"
    return [
        SourceState("digits", in_digits, None, digits, 1797, 10),
        SourceState("stl10", in_stl10, folder, stl10, 13000, len(CLASSES)),
        *(_published(source, data_dir or cache_folder()) for source in SETS),
        SourceState("folder", in_folder, None, "ready", None, None),
        SourceState("csv", in_csv, None, "ready", None, None),
        SourceState("npz", in_npz, None, "ready", None, None),
        SourceState(OWN_DATA, in_python, None, "ready", None, None),
    ]


def _published(source: str, place: Path) -> SourceState:
    published, found = SETS[source], find(source, place)
    state = "not downloaded"
    if not absent(source, found):
        wrong = "; ".join(f"{name}: {fault}" for name, fault in damage(source, found).items())
        state = f"damaged: {wrong}" if wrong else "ready"
    images, classes = published.training + published.test, len(published.classes)
    return SourceState(source, published.description, found.folder, state, images, classes)


def open_source(
    data: Data, data_dir: Path | None, progress: Progress | None, kept: ExitStack
) -> Originals:
    """The images that a study's `data` names, in their original form.

    Args:
        data_dir: where official files are, if not in the cache.
        kept: until it is closed, a folder's images are resized while they are checked.

    Raises:
        DataError: if they are missing or damaged.
        ReadError: if something can't be read now.
        DiskError: if resized images can't be written.
    """
    match data:
        case Digits():
            return open_digits()
        case Stl10():
            return open_stl10(data_dir, progress)
        case Published():
            return open_published(data.source, data_dir, progress)
        case Npz():
            return open_npz(data)
        case Folder():
            return open_folder(data, progress, kept=kept)
        case Csv():
            return open_manifest(data, progress, kept=kept)
        case OwnData():
            return open_own(data)


def named(source: str) -> Data:
    """A source by its name in a study, or by its folder, table or `.npz` file.

    Raises:
        DataError: no study could name this path.
    """
    match source:
        case "stl10":
            return Stl10(source="stl10")
        case "digits":
            return Digits(source="digits")
        case "mnist" | "fashion_mnist" | "kmnist" | "cifar10" | "cifar100" | "svhn":
            return Published(source=source)
        case _:
            try:
                if source.lower().endswith(".npz"):
                    return Npz(source="npz", path=source)
                if source.lower().endswith((".csv", ".tsv")):
                    return Csv(source="csv", path=source)
                return Folder(source="folder", path=source)
            except ValidationError:
                expected = "expected a path in UTF-8 without line breaks and tabs"
                raise DataError(f"{source}: {expected}") from None


def verify(source: str, data_dir: Path | None = None) -> list[str]:
    """Every problem of a source, or of a folder, table or `.npz` file of images, as sentences.

    Reads every byte again.
    """
    if source == "stl10":
        folder = official_folder(data_dir or cache_folder())
        wrong = faults(folder, trust_times=False)
        return [f"{folder / name}: {fault}" for name, fault in wrong.items()]
    if source in SETS:
        found = find(source, data_dir or cache_folder())
        wrong = damage(source, found, trust_times=False)
        return [f"{found.folder / name}: {fault}" for name, fault in wrong.items()]
    if source == "digits":
        got = open_digits().fingerprint
        return [] if got == CONTENTS else [f"digits: expected SHA-256 {CONTENTS}, got {got}"]
    try:
        data = named(source)
        if isinstance(data, Npz):
            images = open_npz(data)
        elif isinstance(data, Csv):
            images = open_manifest(data, trust_times=False)
        else:
            assert isinstance(data, Folder)
            images = open_folder(data, trust_times=False)
    except DataError as error:
        return [str(error)]
    return list(map(str, images.left_out))
