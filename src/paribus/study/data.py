"""The data of a study file: where images come from, and what is done to them before training."""

import unicodedata
from collections.abc import Mapping
from typing import Annotated, Any, Literal, cast, get_args

from pydantic import AfterValidator, Discriminator, Field, PlainValidator, StringConstraints

from paribus.study.sections import MOST, Section, short_for


def _number_or_share(value: Any) -> int | float:
    whole = isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MOST
    if whole or (isinstance(value, float) and 0 < value < 1):
        return cast(int | float, value)
    raise ValueError("a number of images of each class (300) or a share of them (0.2)")


#: Part of the images: a number of images per class (300) or a share of each class (0.2).
PerClass = Annotated[int | float, PlainValidator(_number_or_share)]


#: Side of the images that networks see, in pixels.
Size = Annotated[int, Field(ge=4, le=512)]
#: Standard deviation of a Gaussian blur, as a share of an original's shorter side (0.025: 2.4
#: pixels of 96). No blur is left out of records and fingerprints, so that older ones stay valid.
Blur = Annotated[float, Field(ge=0, le=0.25, exclude_if=lambda blur: blur == 0)]
#: What lies behind transparent pixels; white is left out of records, as no blur is.
Background = Annotated[
    Literal["white", "black", "gray"], Field(exclude_if=lambda color: color == "white")
]


class Digits(Section):
    """scikit-learn's bundled 8x8 handwritten digits: 1,797 gray images, ten classes."""

    source: Literal["digits"]
    size: Size = 32
    blur: Blur = 0.0
    validation: PerClass = 0.2
    test: PerClass = 0.2


class Stl10(Section):
    """STL-10's labeled images: 5,000 for training, 8,000 for validation and test."""

    source: Literal["stl10"]
    size: Size = 32
    blur: Blur = 0.0
    validation: PerClass = 300


def _typed_path(path: str) -> str:
    if any(unicodedata.category(sign) == "Cc" for sign in path):
        raise ValueError(
            r"a path without line breaks and tabs (double quotes make them of \n and \t: write a "
            r"path like 'C:\new' in single quotes)"
        )
    return path


#: A path that was meant as it is read.
TypedPath = Annotated[str, StringConstraints(min_length=1), AfterValidator(_typed_path)]


class Folder(Section):
    """The user's images: one subfolder per class, in train/ val/ test/ or in one tree."""

    source: Literal["folder"]
    path: TypedPath
    size: Size = 32
    blur: Blur = 0.0
    color: Literal["rgb", "gray"] = "rgb"
    background: Background = "white"
    validation: PerClass = 0.2
    test: PerClass = 0.2


class Published(Section):
    """A published set of small images, with the test images that its authors chose."""

    source: Literal["mnist", "fashion_mnist", "kmnist", "cifar10", "cifar100"]
    size: Size = 32
    blur: Blur = 0.0
    validation: PerClass = 0.1


class Npz(Section):
    """The user's images as arrays in a NumPy `.npz` file, with parts or as x and y alone."""

    source: Literal["npz"]
    path: TypedPath
    size: Size = 32
    blur: Blur = 0.0
    validation: PerClass = 0.2
    test: PerClass = 0.2


Data = Annotated[
    Digits | Stl10 | Published | Folder | Npz,
    Discriminator("source"),
    short_for(key="source"),
]

#: The section of every source, by how a study names it.
IMAGE_SOURCES: dict[str, type[Section]] = {
    name: section
    for section in (Digits, Stl10, Published, Folder, Npz)
    for name in get_args(section.model_fields["source"].annotation)
}


def as_recorded(data: Mapping[str, Any]) -> dict[str, Any]:
    """A data section in the spelling of the first records, which keeps digests unchanged."""
    old = {"color": "colour", "gray": "grey"}
    return {old.get(key, key): old.get(str(value), value) for key, value in data.items()}
