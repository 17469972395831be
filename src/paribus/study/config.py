"""The sections of a study file: strict types, bounded numbers, and overrides by dotted path."""

import copy
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import (
    AfterValidator,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    model_validator,
)

from paribus.io.strict_json import dumps
from paribus.study.augmentation import Augmentation, Augmented
from paribus.study.data import Data, as_recorded
from paribus.study.networks import LeNet5, Network
from paribus.study.optimizers import Adam, Optimizer
from paribus.study.schedules import Constant, Schedule
from paribus.study.sections import NotNegative, Positive, Section, Share, Whole

#: What `device` may be; the number is that of one of several GPUs.
DEVICE = r"^(auto|cpu|mps|cuda(:[0-9]{1,3})?)$"

#: Settings name folders and chart legends.
SETTING_NAME = r"^[A-Za-z0-9][A-Za-z0-9._,=+-]{0,63}$"
SettingName = Annotated[str, StringConstraints(pattern=SETTING_NAME)]


def _one_line(text: str) -> str:
    # No control characters, lone surrogates, or line and paragraph separators.
    if not text.strip() or {"Cc", "Cs", "Zl", "Zp"} & set(map(unicodedata.category, text)):
        raise ValueError("a line of text")
    return text


#: A line of text for readers.
Line = Annotated[str, Field(max_length=300), AfterValidator(_one_line)]


#: The largest norm of all gradients together; above it, they are scaled down to it. None: as they
#: are, which isn't recorded, so that older records stay valid.
ClipGradients = Annotated[Positive | None, Field(exclude_if=lambda norm: norm is None)]


#: The share of a training label that is spread evenly over all classes.
Smoothing = Annotated[Share, Field(exclude_if=lambda share: share == 0)]
#: How much classes count in the loss that is minimized: images alike, or classes alike.
ClassWeights = Annotated[
    Literal["equal", "balanced"], Field(exclude_if=lambda weights: weights == "equal")
]


#: How strongly images are mixed: both parameters of the Beta distribution of an image's share.
Mixing = Annotated[NotNegative, Field(le=100, exclude_if=lambda alpha: alpha == 0)]
#: Of the moving average of the weights, the share that a step leaves as it is; None: no average.
Decay = Annotated[
    Annotated[float, Field(gt=0, lt=1)] | None, Field(exclude_if=lambda decay: decay is None)
]


class StopEarly(Section):
    """Training ends once the lowest validation loss is `patience` epochs old.

    Attributes:
        patience: how many epochs the lowest validation loss may be old.
    """

    patience: Whole


#: What trains a network: PyTorch, Paribus's native engine, or whichever is likely to be faster.
Engine = Literal["auto", "torch", "native"]


#: Where a network is trained: on the processor ("cpu"), on a GPU, on the GPU of that number, or
#: (auto) on a GPU where PyTorch finds one that is NVIDIA's.
Device = Annotated[str, StringConstraints(pattern=DEVICE)]

#: What the layers compute in; weights, losses and what the optimizer keeps are always float32.
Precision = Annotated[
    Literal["float32", "bfloat16"], Field(exclude_if=lambda precision: precision == "float32")
]


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

    Attributes:
        data: the images, and what is done to them before training.
        network: one that Paribus has, one of timm's, or your own.
        optimizer: how the weights follow the gradients.
        schedule: how the learning rate changes in training.
        augmentation: random changes to the training images.
        epochs: passes over the training images.
        batch_size: images per training step; a last batch of one image joins the one before it.
        clip_gradients: the largest norm of all gradients together; larger ones are scaled down.
        label_smoothing: the share of a training label that is spread evenly over all classes.
        class_weights: how much classes count in the loss that is minimized: as often as they have
            images, or all alike.
        mixup: how strongly pairs of images are mixed: both parameters of the Beta distribution of
            an image's share.
        cutmix: the same, by pasting a rectangle of the other image.
        ema: of the moving average of the weights, the share that a step leaves as it is. The
            average is then what is validated and tested.
        stop_early: when training ends before its last epoch.
        test_flips: whether predictions for test images are means over each image and its mirror
            image.
        engine: what trains it: PyTorch, Paribus's native engine, or whichever is likely to be
            faster.
        device: where it is trained: on the processor (`cpu`), on an NVIDIA GPU (`cuda`, or `cuda:1`
            for one of several), on Apple's (`mps`), or on an NVIDIA GPU if there is one (`auto`).
        precision: what layers compute in; weights and losses are always float32.
        deterministic: whether a GPU uses only algorithms that give the same bits each time.
        compile: whether it is trained by `torch.compile`.
        vary: what the seed decides: initial values; all that is drawn in training; which images
            are for training, validation and test. All else is as seed 0 decides it, in every run.
    """

    data: Data
    network: Network = LeNet5()
    optimizer: Optimizer = Adam()
    schedule: Schedule = Constant()
    augmentation: Augmented = Augmentation()
    epochs: Whole
    batch_size: Whole = 128
    clip_gradients: ClipGradients = None
    label_smoothing: Smoothing = 0.0
    class_weights: ClassWeights = "equal"
    mixup: Mixing = 0.0
    cutmix: Mixing = 0.0
    ema: Decay = None
    stop_early: Annotated[StopEarly | None, Field(exclude_if=lambda rule: rule is None)] = None
    test_flips: Annotated[bool, Field(exclude_if=lambda flips: not flips)] = False
    engine: Engine = "auto"
    device: Device = "cpu"
    precision: Precision = "float32"
    deterministic: Annotated[bool, Field(exclude_if=bool)] = True
    compile: Annotated[bool, Field(exclude_if=lambda compiled: not compiled)] = False
    vary: Vary = VARIED

    def recorded(self) -> dict[str, Any]:
        """What a record keeps, in plain values: all but the requested engine and device.

        Those that were used have their own fields in every record.
        """
        plain = self.model_dump(mode="json", exclude={"engine", "device"})
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

    Attributes:
        until: says that seeds are added until the comparisons are decided.
        looks: the numbers of seeds at which the study looks.
        most: the most seeds that are added, one by one.
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


def value_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Every value that differs between two nested configurations, in words: "lr: 0.1 -> 0.2"."""
    old, new = dict(flat(before)), dict(flat(after))

    def shown(values: Mapping[str, Any], path: str) -> str:
        return dumps(values[path]) if path in values else "(none)"

    return [
        f"{path}: {shown(old, path)} -> {shown(new, path)}"
        for path in {**old, **new}
        if old.get(path) != new.get(path)
    ]
