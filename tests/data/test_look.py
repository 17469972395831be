"""A first look at images: which sizes there are, whether any has a color, what would fit."""

from collections import Counter

import numpy as np
import pytest

from paribus.data.images import Originals
from paribus.data.look import KEPT, MOST_LOOKED_AT, Look, fitting_size, look
from paribus.data.pixels import Bytes


def originals(images: list[Bytes]) -> Originals:
    number = len(images)
    return Originals(
        source="folder",
        classes=("a",),
        labels=np.zeros(number, np.int64),
        part=np.full(number, ""),
        channels=3,
        fingerprint="",
        read=lambda i: images[i],
    )


def image(height: int, width: int, red: int = 7) -> Bytes:
    pixels = np.full((height, width, 3), 7, np.uint8)
    pixels[-1, -1, 0] = red
    return pixels


def test_it_counts_sizes_and_names_the_smallest_the_commonest_and_the_largest() -> None:
    seen = look(originals([image(9, 9), image(4, 50), *[image(8, 6)] * 2]))
    assert seen.sizes == Counter({(8, 6): 2, (9, 9): 1, (4, 50): 1})
    assert (seen.smallest, seen.commonest, seen.largest) == ((8, 6), (8, 6), (4, 50))


def test_a_single_red_pixel_of_a_single_image_is_a_color() -> None:
    assert look(originals([image(4, 4)] * 5)).gray
    assert not look(originals([image(4, 4), image(4, 4, red=8), image(4, 4)])).gray


def test_of_many_images_it_decodes_some_the_first_and_last_among_them() -> None:
    asked: list[int] = []

    def read(i: int) -> Bytes:
        asked.append(i)
        return image(4, 4)

    many = originals([image(4, 4)] * 10_000)
    seen = look(Originals(**{**many.__dict__, "read": read}))
    assert seen.sizes.total() == len(set(asked)) == MOST_LOOKED_AT
    assert (asked[0], asked[-1]) == (0, 9_999)


@pytest.mark.parametrize(
    ("sizes", "fitting"),
    [
        ({(28, 28): 9}, 28),
        ({(48, 64): 9}, (48, 64)),
        ({(8, 8): 9}, 32),  # LeNet-5 takes no images of 8 pixels
        ({(70, 70): 9}, 32),
        ({(96, 96): 9}, 64),
        ({(28, 28): 8, (30, 28): 1}, 32),
        ({(400, 300): 5, (20, 20): 4}, 64),
        ({(400, 300): 4, (20, 20): 5}, 32),
    ],
)
def test_images_of_one_moderate_size_stay_and_others_become_squares(
    sizes: dict[tuple[int, int], int], fitting: object
) -> None:
    assert fitting_size(Look(Counter(sizes), gray=False)) == fitting


def test_lenet5_takes_whatever_stays_as_it_is() -> None:
    from paribus.network.lenet import SMALLEST

    assert min(KEPT) == SMALLEST
