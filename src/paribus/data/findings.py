"""What is odd about prepared images, whatever the reason: equal ones, empty ones, flat channels."""

import hashlib

import numpy as np
import numpy.typing as npt

from paribus.data.pixels import Bytes
from paribus.data.splits import PARTS
from paribus.records.types import DataFindings, Integers

#: Images that are looked at together.
TOGETHER = 100


def find(
    images: Bytes,
    labels: Integers,
    part: Bytes,
    std: tuple[float, ...],
    group: Integers | None = None,
) -> DataFindings:
    """Look at the images as the networks see them.

    Args:
        images: (n, channels, size, size).
        labels, part: (n,) each image's class, and the place of its part in `PARTS`.
        std: standard deviation of each channel over the training images.
        group: (n,) the group of each image, where there are groups.
    """
    kind, plain = _kinds(images)
    training, test = (part == PARTS.index(name) for name in ("train", "test"))
    pairs = np.unique(np.stack([kind, labels]), axis=1)
    in_two = np.bincount(pairs[0], minlength=len(kind)) > 1
    return DataFindings(
        test_in_training=int(np.isin(kind[test], kind[training]).sum()),
        in_two_classes=int(in_two[kind].sum()),
        plain=int(plain.sum()),
        alike=int(np.bincount(kind).max()),
        flat_channels=sum(value == 0 for value in std),
        shared_groups=0 if group is None else len(np.intersect1d(group[training], group[test])),
    )


def _kinds(images: Bytes) -> tuple[Integers, npt.NDArray[np.bool_]]:
    """(n,) a number that equal images share, and (n,) whether an image has one color alone."""
    numbers: dict[bytes, int] = {}
    kind, plain = np.empty(len(images), np.int64), np.empty(len(images), np.bool_)
    for start in range(0, len(images), TOGETHER):  # they may not all fit into memory
        some = np.asarray(images[start : start + TOGETHER])
        for i, image in enumerate(some, start):
            digest = hashlib.blake2b(image.tobytes(), digest_size=16).digest()
            kind[i] = numbers.setdefault(digest, len(numbers))
        plain[start : start + TOGETHER] = (some == some[..., :1, :1]).all(axis=(1, 2, 3))
    return kind, plain
