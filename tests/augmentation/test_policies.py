"""Every change of a policy is torchvision's, at every strength."""

from typing import Any

import numpy as np
import pytest
from PIL import Image

from augmentation.torchvision_oracle import torchvision_transforms
from paribus.augmentation.policies import POLICY, SPACE, USUAL, WIDE, WIDEST, Change

FILL = (11, 120, 240)
HEIGHT, WIDTH = 24, 32
#: torchvision's tables are of single precision.
TOLERANCE = 1e-4


@pytest.fixture
def image() -> Image.Image:
    pixels = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


@pytest.fixture
def theirs() -> Any:
    return torchvision_transforms().autoaugment


def amounts(change: Change, bins: int) -> list[float]:
    return [change.amount(n, bins - 1, HEIGHT, WIDTH) for n in range(bins)]


@pytest.mark.parametrize(
    ("ours", "kind", "bins"),
    [(USUAL, "RandAugment", 31), (WIDEST, "TrivialAugmentWide", 31), (USUAL, "AutoAugment", 10)],
)
def test_strengths_are_torchvisions(
    ours: dict[str, Change], kind: str, bins: int, theirs: Any
) -> None:
    of = getattr(theirs, kind)()
    sizes = () if kind == "TrivialAugmentWide" else ((HEIGHT, WIDTH),)
    space = of._augmentation_space(bins, *sizes)
    assert space.keys() <= ours.keys()
    for name, (strengths, signed) in space.items():
        assert ours[name].signed == signed, name
        if strengths.ndim:
            mine = amounts(ours[name], bins)
            if name == "Posterize":
                mine = [8 - round(amount) for amount in mine]
            assert np.allclose(mine, strengths.numpy(), atol=TOLERANCE), name


def test_the_changes_are_chosen_from_those_of_torchvision(theirs: Any) -> None:
    kinds = (("RandAugment", SPACE), ("TrivialAugmentWide", WIDE))
    for kind, ours in kinds:
        of = getattr(theirs, kind)()
        sizes = () if kind == "TrivialAugmentWide" else ((HEIGHT, WIDTH),)
        assert len(ours) == len(of._augmentation_space(31, *sizes))


def test_pairs_for_cifar_are_torchvisions(theirs: Any) -> None:
    names = {id(change): name for name, change in USUAL.items()}
    expected = theirs.AutoAugment(theirs.AutoAugmentPolicy.CIFAR10).policies
    ours = [[(names[id(change)], p, strength) for change, p, strength in pair] for pair in POLICY]
    assert ours == [[(name, p, strength or 0) for name, p, strength in pair] for pair in expected]


@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize("name", list(USUAL))
def test_a_change_is_torchvisions_to_the_last_bit(
    name: str, mode: str, image: Image.Image, theirs: Any
) -> None:
    nearest = torchvision_transforms().InterpolationMode.NEAREST
    image, fill = image.convert(mode), FILL[: len(mode)] if mode == "RGB" else FILL[:1]
    for space in (USUAL, WIDEST):
        change = space[name]
        for amount in amounts(change, 31):
            for signed in (amount, -amount) if change.signed else (amount,):
                given = 8 - round(amount) if name == "Posterize" else signed
                expected = theirs._apply_op(image, name, given, nearest, list(map(float, fill)))
                ours = change.apply(image, signed, fill)
                assert np.array_equal(np.asarray(ours), np.asarray(expected)), (name, signed)
