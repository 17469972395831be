"""The data of a study file: where images come from, and what is done to them before training."""

import unicodedata
from collections.abc import Mapping
from typing import Annotated, Any, Literal, cast, get_args

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    PlainSerializer,
    PlainValidator,
    StringConstraints,
    Tag,
)

from paribus.study.sections import MOST, Section, Whole, short_for


def _number_or_share(value: Any) -> int | float:
    whole = isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MOST
    if whole or (isinstance(value, float) and 0 < value < 1):
        return cast(int | float, value)
    raise ValueError("a number of images of each class (300) or a share of them (0.2)")


#: Part of the images: a number of images per class (300) or a share of each class (0.2).
PerClass = Annotated[
    int | float,
    PlainValidator(
        _number_or_share,
        json_schema_input_type=Whole | Annotated[float, Field(gt=0, lt=1)],
    ),
]


def _side_or_sides(value: Any) -> int | tuple[int, int]:
    sides = value if isinstance(value, list | tuple) and len(value) == 2 else (value, value)
    if all(type(side) is int and SMALLEST <= side <= LARGEST for side in sides):
        return sides[0] if sides[0] == sides[1] else (sides[0], sides[1])
    raise ValueError(
        f"a number of pixels from {SMALLEST} to {LARGEST}, or height and width ([48, 64])"
    )


#: Pixels of a side of the images that networks see.
SMALLEST, LARGEST = 4, 512
_Side = Annotated[int, Field(ge=SMALLEST, le=LARGEST)]
#: One side, or height and width.
Size = Annotated[
    int | tuple[int, int],
    PlainValidator(_side_or_sides, json_schema_input_type=_Side | tuple[_Side, _Side]),
    # pydantic's own, of a union, warns of the list that it has made of a tuple.
    PlainSerializer(lambda size: size),
]
#: How images of another shape fit: cut off evenly, filled up evenly with black, or distorted.
#: `crop` is left out of records, as no blur is.
Resize = Annotated[
    Literal["crop", "pad", "stretch"], Field(exclude_if=lambda resize: resize == "crop")
]
#: Standard deviation of a Gaussian blur, as a share of an original's shorter side (0.025: 2.4
#: pixels of 96). No blur is left out of records and fingerprints, so that older ones stay valid.
Blur = Annotated[float, Field(ge=0, le=0.25, exclude_if=lambda blur: blur == 0)]
#: What lies behind transparent pixels; white is left out of records, as no blur is.
Background = Annotated[
    Literal["white", "black", "gray"], Field(exclude_if=lambda color: color == "white")
]


class Imbalance(Section):
    """Fewer training images of the later classes.

    Attributes:
        ratio: the share of its images that the last class keeps.
        kind: falling from class to class, or the second half of the classes alike.
    """

    ratio: Annotated[float, Field(gt=0, lt=1)]
    kind: Literal["exponential", "step"] = "exponential"


class LabelNoise(Section):
    """A share of the training labels that are made wrong.

    Attributes:
        rate: the share.
        kind: any other class, each as likely, or always the next one.
    """

    rate: Annotated[float, Field(gt=0, lt=1)]
    kind: Literal["symmetric", "pairs"] = "symmetric"


def _is_none(value: object) -> bool:
    return value is None  # and isn't recorded, as no blur is


def _short_for(key: str) -> BeforeValidator:
    """Read a number alone as the mapping whose `key` it is."""
    return BeforeValidator(lambda value: {key: value} if isinstance(value, int | float) else value)


class Images(Section):
    """What every source has: the images that networks see, and what the training ones become.

    Attributes:
        source: where the images come from.
        size: pixels of a side, or height and width, to which images are resized.
        resize: how an image of another shape fits: cut off evenly, filled up with black, distorted.
        blur: the standard deviation of a Gaussian blur of the originals, as a share of their
            shorter side.
        subset: how many training images of each class are used, or which share of them.
        imbalance: fewer training images of the later classes; a number alone is its `ratio`.
        label_noise: training labels that are made wrong; a number alone is its `rate`.
        path: the folder or file.
        color: the channels that networks see.
        background: what lies behind transparent pixels.
        validation: validation images of each class, as a number or a share, where the source has
            none of its own.
        test: test images of each class, in the same way.
    """

    source: str
    size: Size = 32
    resize: Resize = "crop"
    blur: Blur = 0.0
    subset: PerClass | None = Field(default=None, exclude_if=_is_none)
    imbalance: Annotated[Imbalance | None, _short_for("ratio")] = Field(
        default=None, exclude_if=_is_none
    )
    label_noise: Annotated[LabelNoise | None, _short_for("rate")] = Field(
        default=None, exclude_if=_is_none
    )


class Digits(Images):
    """scikit-learn's bundled 8x8 handwritten digits: 1,797 gray images, ten classes."""

    source: Literal["digits"]
    validation: PerClass = 0.2
    test: PerClass = 0.2


class Stl10(Images):
    """STL-10's labeled images: 5,000 for training, 8,000 for validation and test."""

    source: Literal["stl10"]
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


class Folder(Images):
    """Images of your own: one subfolder per class, in train/ val/ test/ or in one tree."""

    source: Literal["folder"]
    path: TypedPath
    color: Literal["rgb", "gray"] = "rgb"
    background: Background = "white"
    validation: PerClass = 0.2
    test: PerClass = 0.2


class Csv(Images):
    """Images of your own: a table of paths and labels, and of splits and groups if it has them."""

    source: Literal["csv"]
    path: TypedPath
    color: Literal["rgb", "gray"] = "rgb"
    background: Background = "white"
    validation: PerClass = 0.2
    test: PerClass = 0.2


class Published(Images):
    """A published set of small images, with the test images that its authors chose."""

    source: Literal["mnist", "fashion_mnist", "kmnist", "cifar10", "cifar100", "svhn"]
    validation: PerClass = 0.1


class Npz(Images):
    """Images of your own: arrays in a NumPy `.npz` file, with parts or as x and y alone."""

    source: Literal["npz"]
    path: TypedPath
    validation: PerClass = 0.2
    test: PerClass = 0.2


#: How a user's function that returns images is named.
OWN_DATA = "package.module:function"


class OwnData(Images):
    """Images of your own from Python: the function returns arrays or a Dataset."""

    source: Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_][\w.]*$")]
    validation: PerClass = 0.2
    test: PerClass = 0.2


def _tag(value: Any) -> str | None:
    source = value.get("source") if isinstance(value, dict) else getattr(value, "source", None)
    return OWN_DATA if isinstance(source, str) and ":" in source else source


Data = Annotated[
    Annotated[Digits, Tag("digits")]
    | Annotated[Stl10, Tag("stl10")]
    | Annotated[Published, Tag("mnist")]
    | Annotated[Published, Tag("fashion_mnist")]
    | Annotated[Published, Tag("kmnist")]
    | Annotated[Published, Tag("cifar10")]
    | Annotated[Published, Tag("cifar100")]
    | Annotated[Published, Tag("svhn")]
    | Annotated[Folder, Tag("folder")]
    | Annotated[Csv, Tag("csv")]
    | Annotated[Npz, Tag("npz")]
    | Annotated[OwnData, Tag(OWN_DATA)],
    Discriminator(_tag),
    short_for(key="source"),
]

#: The section of every source, by how a study names it.
IMAGE_SOURCES: dict[str, type[Section]] = {
    name: section
    for section in (Digits, Stl10, Published, Folder, Csv, Npz)
    for name in get_args(section.model_fields["source"].annotation)
} | {OWN_DATA: OwnData}


def as_recorded(data: Mapping[str, Any]) -> dict[str, Any]:
    """A data section in the spelling of the first records, which keeps digests unchanged."""
    old = {"color": "colour", "gray": "grey"}
    return {old.get(key, key): old.get(str(value), value) for key, value in data.items()}
