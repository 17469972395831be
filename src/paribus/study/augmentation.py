"""The augmentation of a study file: random changes to the training images."""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from paribus.study.sections import Section

#: Pixels, far above what leaves anything of an image.
Pixels = Annotated[int, Field(ge=0, le=512)]
#: How far a factor of brightness, contrast or saturation may lie from 1.
Range = Annotated[float, Field(ge=0, le=10, exclude_if=lambda width: width == 0)]
Probability = Annotated[float, Field(ge=0, le=1)]


class ColorJitter(Section):
    """Other brightness, contrast, saturation and hues, in random order, as torchvision's come.

    Attributes:
        brightness: how far its factor may lie from 1.
        contrast: how far its factor may lie from 1.
        saturation: how far its factor may lie from 1.
        hue: how far colors may be turned, as a share of the circle of colors.
    """

    brightness: Range = 0.0
    contrast: Range = 0.0
    saturation: Range = 0.0
    hue: Annotated[float, Field(ge=0, le=0.5, exclude_if=lambda hue: hue == 0)] = 0.0


def _increasing(pair: tuple[float, float]) -> tuple[float, float]:
    if pair[0] > pair[1]:
        raise ValueError("the smaller number first")
    return pair


_Scale = Annotated[float, Field(gt=0, le=1)]
_Ratio = Annotated[float, Field(ge=0.01, le=100)]


class RandomResizedCrop(Section):
    """A part of the image, resized.

    Attributes:
        scale: the smallest and the largest share of the image's area.
        ratio: the smallest and the largest ratio of width to height.
    """

    scale: Annotated[tuple[_Scale, _Scale], Field(strict=False)] = (0.08, 1.0)
    ratio: Annotated[tuple[_Ratio, _Ratio], Field(strict=False)] = (3 / 4, 4 / 3)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        for pair in (self.scale, self.ratio):
            _increasing(pair)
        return self


class RandAugment(Section):
    """Changes drawn from 14 (Cubuk et al. 2020; torchvision's).

    Attributes:
        n: how many, one after another.
        magnitude: how strong each is.
    """

    n: Annotated[int, Field(ge=1, le=10)] = 2
    magnitude: Annotated[int, Field(ge=0, le=30)] = 9


def _jitter(value: Any) -> Any:
    # One number for all but the hue, as timm has it.
    if isinstance(value, int | float) and not isinstance(value, bool):
        return dict.fromkeys(("brightness", "contrast", "saturation"), float(value))
    return value


def _true_is_default(value: Any) -> Any:
    return {} if value is True else None if value is False else value


def _left_out(value: Any) -> bool:
    return not value


class Augmentation(Section):
    """Random changes to the training images, drawn again every epoch.

    At most one of `randaugment`, `trivialaugment` and `autoaugment`, whose changes are
    torchvision's.

    Attributes:
        flip: mirrors left and right with probability 1/2.
        shift: the older name of `crop`.
        crop: moves by up to this many pixels each way: the image is padded by as many, with the
            training images' mean, and cropped at random.
        cutout: blanks out a square of this side, whose center lies anywhere in the image (DeVries
            and Taylor 2017).
        random_resized_crop: takes a part of the image and resizes it; `true` for its defaults.
        rotate: turns by up to so many degrees each way.
        color_jitter: other colors; a number alone is for all but the hue.
        grey: takes the colors away with this probability.
        randaugment: changes drawn anew for each image; `true` for its defaults.
        trivialaugment: one change of a random strength (Müller and Hutter 2021).
        autoaugment: the policy that was found for CIFAR-10 (Cubuk et al. 2019).
    """

    # What is at its default and was no key once is left out of records.

    flip: bool = False
    shift: Annotated[int, Field(ge=0, le=64)] = 0
    crop: Annotated[int, Field(ge=0, le=64, exclude_if=_left_out)] = 0
    cutout: Annotated[Pixels, Field(exclude_if=_left_out)] = 0
    random_resized_crop: Annotated[
        RandomResizedCrop | None, BeforeValidator(_true_is_default), Field(exclude_if=_left_out)
    ] = None
    rotate: Annotated[float, Field(ge=0, le=180, exclude_if=_left_out)] = 0.0
    color_jitter: Annotated[
        ColorJitter | None, BeforeValidator(_jitter), Field(exclude_if=_left_out)
    ] = None
    grey: Annotated[Probability, Field(exclude_if=_left_out)] = 0.0
    randaugment: Annotated[
        RandAugment | None, BeforeValidator(_true_is_default), Field(exclude_if=_left_out)
    ] = None
    trivialaugment: Annotated[bool, Field(exclude_if=_left_out)] = False
    autoaugment: Annotated[Literal["cifar"] | None, Field(exclude_if=_left_out)] = None

    @model_validator(mode="after")
    def _one_of_each_kind(self) -> Self:
        if self.shift and self.crop:
            raise ValueError("shift or crop, one of them: they are two names of the same change")
        policies = (self.randaugment, self.trivialaugment, self.autoaugment)
        if sum(map(bool, policies)) > 1:
            raise ValueError("at most one of randaugment, trivialaugment and autoaugment")
        return self

    @property
    def padding(self) -> int:
        """By how many pixels an image is moved at most."""
        return self.shift or self.crop

    @property
    def on(self) -> tuple[str, ...]:
        """The names of what is switched on."""
        return tuple(name for name in type(self).model_fields if getattr(self, name))


#: Names that stand for a whole section: `augmentation: trivialaugment`.
NAMED: dict[str, dict[str, Any]] = {
    "flip": {"flip": True},
    "randaugment": {"randaugment": {}},
    "trivialaugment": {"trivialaugment": True},
    "autoaugment-cifar": {"autoaugment": "cifar"},
}


def by_name(value: Any) -> Any:
    """The section that a name alone stands for.

    Raises:
        ValueError: there is no such name.
    """
    if isinstance(value, str):
        if value not in NAMED:
            raise ValueError(f"a section, or one of {', '.join(NAMED)}")
        return NAMED[value]
    return value


#: How training images are changed.
Augmented = Annotated[Augmentation, BeforeValidator(by_name)]
