"""The changes that policies choose from, and how strong each is, as torchvision has them.

RandAugment: Cubuk et al. 2020; TrivialAugment (wide): Müller and Hutter 2021; AutoAugment: Cubuk
et al. 2019, table 7, the policy found for CIFAR-10. Each change is a function of Pillow on an
image of 8 bits. A strength of 0 to 30 (0 to 9 in AutoAugment) is a step on a straight line.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image, ImageEnhance, ImageOps

#: A color that fills what a change uncovers, a value a channel.
Fill = tuple[int, ...]


#: An image changed by an amount.
Apply = Callable[[Image.Image, float, Fill], Image.Image]


@dataclass(frozen=True)
class Change:
    """A change of an image by some amount.

    Attributes:
        apply: does it.
        most: the amount at the greatest strength, given (height, width).
        signed: whether the amount may be negative.
        least: the amount at strength 0.
    """

    apply: Apply
    most: Callable[[int, int], float]
    signed: bool = False
    least: float = 0.0

    def amount(self, strength: int, strongest: int, height: int, width: int) -> float:
        """How much it changes images of this size at a strength of 0 to `strongest`."""
        return self.least + (self.most(height, width) - self.least) * strength / strongest


def _affine(image: Image.Image, matrix: tuple[float, ...], fill: Fill) -> Image.Image:
    color = fill if len(fill) > 1 else fill[0]
    return image.transform(
        image.size, Image.Transform.AFFINE, matrix, Image.Resampling.NEAREST, fillcolor=color
    )


def rotated(image: Image.Image, degrees: float, fill: Fill) -> Image.Image:
    """An image turned counterclockwise about its middle."""
    color = fill if len(fill) > 1 else fill[0]
    return image.rotate(degrees, Image.Resampling.NEAREST, fillcolor=color)


def _posterized(image: Image.Image, amount: float, fill: Fill) -> Image.Image:
    return ImageOps.posterize(image, 8 - round(amount))


def _solarized(image: Image.Image, amount: float, fill: Fill) -> Image.Image:
    return ImageOps.solarize(image, math.ceil(amount))


def _enhanced(kind: Callable[[Image.Image], ImageEnhance._Enhance]) -> Apply:
    return lambda image, amount, fill: kind(image).enhance(1 + amount)


def _warped(matrix: Callable[[float], tuple[float, ...]]) -> Apply:
    return lambda image, amount, fill: _affine(image, matrix(amount), fill)


def _plain(apply: Callable[[Image.Image], Image.Image]) -> Change:
    return Change(lambda image, amount, fill: apply(image), lambda height, width: 0)


def _space(
    shear: float, shift: Callable[[int], float], turn: float, factor: float, bits: int
) -> dict[str, Change]:
    """The changes of a policy by torchvision's names, each with what it does at the most.

    Args:
        shear: pixels a row; turn: degrees; factor: of brightness and the like, away from 1; bits:
            that posterizing takes away.
        shift: pixels, given a side of the image.
    """

    def sheared(matrix: Callable[[float], tuple[float, ...]]) -> Change:
        return Change(_warped(matrix), lambda height, width: shear, signed=True)

    def enhanced(kind: Callable[[Image.Image], ImageEnhance._Enhance]) -> Change:
        return Change(_enhanced(kind), lambda height, width: factor, signed=True)

    return {
        "Identity": _plain(lambda image: image),
        "ShearX": sheared(lambda m: (1, m, 0, 0, 1, 0)),
        "ShearY": sheared(lambda m: (1, 0, 0, m, 1, 0)),
        "TranslateX": Change(
            _warped(lambda m: (1, 0, -int(m), 0, 1, 0)), lambda height, width: shift(width), True
        ),
        "TranslateY": Change(
            _warped(lambda m: (1, 0, 0, 0, 1, -int(m))), lambda height, width: shift(height), True
        ),
        "Rotate": Change(rotated, lambda height, width: turn, True),
        "Brightness": enhanced(ImageEnhance.Brightness),
        "Color": enhanced(ImageEnhance.Color),
        "Contrast": enhanced(ImageEnhance.Contrast),
        "Sharpness": enhanced(ImageEnhance.Sharpness),
        "Posterize": Change(_posterized, lambda height, width: bits),
        "Solarize": Change(_solarized, lambda height, width: 0, least=255.0),
        "AutoContrast": _plain(ImageOps.autocontrast),
        "Equalize": _plain(ImageOps.equalize),
        "Invert": _plain(ImageOps.invert),
    }


USUAL = _space(0.3, lambda side: 150 / 331 * side, 30, 0.9, 4)
WIDEST = _space(0.99, lambda side: 32, 135, 0.99, 6)

#: RandAugment's 14 changes in the order in which they are numbered.
SPACE = tuple(change for name, change in USUAL.items() if name != "Invert")
#: TrivialAugment's.
WIDE = tuple(change for name, change in WIDEST.items() if name != "Invert")


def _pair(first: str, second: str) -> tuple[tuple[Change, float, int], ...]:
    words = (first.split(), second.split())
    return tuple((USUAL[name], float(p), int(strength)) for name, p, strength in words)


#: AutoAugment's pairs of changes for CIFAR-10, each with its probability and strength (of 0 to 9).
POLICY = tuple(
    _pair(*line.split(", "))
    for line in """\
Invert 0.1 0, Contrast 0.2 6
Rotate 0.7 2, TranslateX 0.3 9
Sharpness 0.8 1, Sharpness 0.9 3
ShearY 0.5 8, TranslateY 0.7 9
AutoContrast 0.5 0, Equalize 0.9 0
ShearY 0.2 7, Posterize 0.3 7
Color 0.4 3, Brightness 0.6 7
Sharpness 0.3 9, Brightness 0.7 9
Equalize 0.6 0, Equalize 0.5 0
Contrast 0.6 7, Sharpness 0.6 5
Color 0.7 7, TranslateX 0.5 8
Equalize 0.3 0, AutoContrast 0.4 0
TranslateY 0.4 3, Sharpness 0.2 6
Brightness 0.9 6, Color 0.2 8
Solarize 0.5 2, Invert 0.0 0
Equalize 0.2 0, AutoContrast 0.6 0
Equalize 0.2 0, Equalize 0.6 0
Color 0.9 9, Equalize 0.6 0
AutoContrast 0.8 0, Solarize 0.2 8
Brightness 0.1 3, Color 0.7 0
Solarize 0.4 5, AutoContrast 0.9 0
TranslateY 0.9 9, TranslateY 0.7 9
AutoContrast 0.9 0, Solarize 0.8 3
Equalize 0.8 0, Invert 0.1 0
TranslateY 0.7 9, AutoContrast 0.9 0""".splitlines()
)
