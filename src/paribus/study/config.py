"""The sections of a study file: strict types, bounded numbers, and overrides by dotted path."""

import copy
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Self, cast, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PlainValidator,
    StringConstraints,
    Tag,
    model_validator,
)

from paribus.io.strict_json import require_finite
from paribus.records.bounds import LARGEST

#: Settings name folders and chart legends.
SETTING_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
SettingName = Annotated[str, StringConstraints(pattern=SETTING_NAME)]


class Section(BaseModel):
    """A part of a study: unknown keys and values of another type are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def _one_line(text: str) -> str:
    # No control characters, lone surrogates, or line and paragraph separators.
    if not text.strip() or {"Cc", "Cs", "Zl", "Zp"} & set(map(unicodedata.category, text)):
        raise ValueError("a line of text")
    return text


#: A line of text for readers.
Line = Annotated[str, Field(max_length=300), AfterValidator(_one_line)]
Positive = Annotated[float, Field(gt=0, le=LARGEST, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, le=LARGEST, allow_inf_nan=False)]
#: The largest count; a larger number would only fail later, or never end.
MOST = 1_000_000_000
Whole = Annotated[int, Field(ge=1, le=MOST)]


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


class Folder(Section):
    """The user's images: one subfolder per class, in train/ val/ test/ or in one tree."""

    source: Literal["folder"]
    path: Annotated[str, StringConstraints(min_length=1), AfterValidator(_typed_path)]
    size: Size = 32
    blur: Blur = 0.0
    color: Literal["rgb", "gray"] = "rgb"
    background: Background = "white"
    validation: PerClass = 0.2
    test: PerClass = 0.2


class LeNet5(Section):
    """LeNet-5 with ReLU and max pooling, as in the reference study."""

    kind: Literal["lenet5"] = "lenet5"
    batch_norm: bool = False
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0


def _finite(arguments: dict[str, Any]) -> dict[str, Any]:
    # NaN would make a configuration differ from itself, and JSON has neither.
    try:
        require_finite(arguments)
    except ValueError as error:
        number = str(error).rpartition(" ")[2]
        raise ValueError(f"finite numbers throughout, without {number}") from None
    return arguments


#: How a user's network is named.
OWN = "package.module:callable"


class OwnNetwork(Section):
    """A user's module: `package.module:callable`.

    It is called with `channels`, `height`, `width`, `classes` and `arguments`.
    """

    kind: Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_][\w.]*$")]
    arguments: Annotated[dict[str, Any], AfterValidator(_finite)] = Field(default_factory=dict)


def _kind(default: str | None = None, key: str = "kind") -> BeforeValidator:
    """Read `network: lenet5` as `network: {kind: lenet5}`, and fill in the default `kind`."""

    def fill(value: Any) -> Any:
        if isinstance(value, str):
            return {key: value}
        if isinstance(value, dict) and default is not None:
            return {key: default, **value}
        return value

    return BeforeValidator(fill)


Data = Annotated[Digits | Stl10 | Folder, Discriminator("source"), _kind(key="source")]


def _network_tag(value: Any) -> str:
    kind = value.get("kind", "lenet5") if isinstance(value, dict) else getattr(value, "kind", "")
    return OWN if isinstance(kind, str) and ":" in kind else str(kind)


Network = Annotated[
    Annotated[LeNet5, Tag("lenet5")] | Annotated[OwnNetwork, Tag(OWN)],
    Discriminator(_network_tag),
    _kind("lenet5"),
]


class Adam(Section):
    """Adam with L2 in the gradient (`torch.optim.Adam`), not decoupled."""

    kind: Literal["adam"] = "adam"
    lr: Positive = 1e-3
    weight_decay: NotNegative = 0.0


class AdamW(Section):
    """Adam with decoupled weight decay (`torch.optim.AdamW`)."""

    kind: Literal["adamw"]
    lr: Positive = 1e-3
    weight_decay: NotNegative = 1e-2


class Sgd(Section):
    """Stochastic gradient descent with momentum (`torch.optim.SGD`)."""

    kind: Literal["sgd"]
    lr: Positive = 1e-2
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.0
    weight_decay: NotNegative = 0.0


Optimizer = Annotated[Adam | AdamW | Sgd, Discriminator("kind"), _kind("adam")]


class Constant(Section):
    """A constant learning rate."""

    kind: Literal["constant"] = "constant"


class Step(Section):
    """The learning rate is multiplied by `factor` after every `every` epochs."""

    kind: Literal["step"]
    every: Whole
    factor: Annotated[float, Field(gt=0, le=1)]


class Cosine(Section):
    """The learning rate falls along half a cosine, reaching `final` after the last epoch."""

    kind: Literal["cosine"]
    final: NotNegative = 0.0


Schedule = Annotated[Constant | Step | Cosine, Discriminator("kind"), _kind()]


class Augmentation(Section):
    """Random changes to the training images, drawn again every epoch.

    `flip` mirrors left and right with probability 1/2; `shift` moves by up to this many pixels
    each way, filling with the training images' mean.
    """

    flip: bool = False
    shift: Annotated[int, Field(ge=0, le=64)] = 0


#: What trains a network: PyTorch, Paribus's native engine, or whichever is likely to be faster.
Engine = Literal["auto", "torch", "native"]


#: What a seed decides: initial values; all that is drawn in training, as the order of images,
#: augmentation and dropout; and which images are for training, validation and test.
Source = Literal["init", "order", "split"]
SOURCES: tuple[Source, ...] = get_args(Source)
VARIED: tuple[Source, ...] = ("init", "order")


def _sorted_sources(sources: tuple[Source, ...]) -> tuple[Source, ...]:
    if len(set(sources)) < len(sources):
        raise ValueError("each source once")
    return tuple(sorted(sources, key=SOURCES.index))


#: Not recorded where it is as it always was, which keeps digests unchanged.
Vary = Annotated[
    tuple[Source, ...],
    Field(strict=False, min_length=1, exclude_if=lambda sources: sources == VARIED),
    AfterValidator(_sorted_sources),
]


class Config(Section):
    """Everything that decides how one network is trained, except the seed.

    `vary` names what the seed decides; all else is as seed 0 decides it, in every run.
    """

    data: Data
    network: Network = LeNet5()
    optimizer: Optimizer = Adam()
    schedule: Schedule = Constant()
    augmentation: Augmentation = Augmentation()
    epochs: Whole
    batch_size: Whole = 128
    engine: Engine = "auto"
    vary: Vary = VARIED

    def recorded(self) -> dict[str, Any]:
        """What a record keeps, in plain values: all but the requested engine.

        The engine that was used has its own field in every record.
        """
        plain = self.model_dump(mode="json", exclude={"engine"})
        return plain | {"data": as_recorded(plain["data"])}


def _increasing(looks: tuple[int, ...]) -> tuple[int, ...]:
    if not looks or list(looks) != sorted(set(looks)):
        raise ValueError("increasing numbers of seeds")
    return looks


Look = Annotated[int, Field(ge=3, le=1000)]
Looks = Annotated[tuple[Look, ...], Field(strict=False), AfterValidator(_increasing)]


#: The first number of seeds at which seeds one by one can decide: 2 (1 + n)**((n - 1) / 2), the
#: most that n can say for one side (`stats.anytime`), is above 1 / 0.05 from four on.
FIRST_STOP = 4

#: The looks of a study that declares no looks and no largest number.
DEFAULT_LOOKS = (5, 8, 12, 20)


class UntilDecided(Section):
    """Seeds are added to the comparisons that are still undecided, at each look or one by one.

    One by one, up to `most`, where that is given; `looks` is None then.
    """

    until: Literal["decided"]
    looks: Looks | None = None
    most: Annotated[int, Field(ge=FIRST_STOP, le=1000)] | None = Field(
        default=None, exclude_if=lambda most: most is None
    )

    @model_validator(mode="after")
    def _one_rule(self) -> Self:
        if self.looks is not None and self.most is not None:
            raise ValueError("looks or most, one of them")
        if self.looks is None and self.most is None:
            object.__setattr__(self, "looks", DEFAULT_LOOKS)
        return self


def _seeds_tag(value: Any) -> str:
    return "a number" if isinstance(value, int) else "until decided"


Seeds = Annotated[
    Annotated[int, Field(ge=1, le=1000), Tag("a number")]
    | Annotated[UntilDecided, Tag("until decided")],
    Discriminator(_seeds_tag),
]


def as_recorded(data: Mapping[str, Any]) -> dict[str, Any]:
    """A data section in the spelling of the first records, which keeps digests unchanged."""
    old = {"color": "colour", "gray": "grey"}
    return {old.get(key, key): old.get(str(value), value) for key, value in data.items()}


#: The key of a variation that is meant to change nothing: an A/A test.
SAME = "same"


def override(config: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of a plain configuration with values set by dotted path.

    A path that doesn't exist is created; validating the result finds misspelled ones. `same` is
    no path.
    """
    result = copy.deepcopy(dict(config))
    for path, value in overrides.items():
        if path == SAME:
            continue
        *sections, last = path.split(".")
        place = result
        for section in sections:
            inner = place.get(section)
            if not isinstance(inner, dict):
                # `network: lenet5` is short for `network: {kind: lenet5}`.
                key = "source" if section == "data" else "kind"
                inner = {key: inner} if isinstance(inner, str) else {}
                place[section] = inner
            place = inner
        place[last] = value
    return result


def flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of a nested configuration under its dotted path."""
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
