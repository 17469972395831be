"""Labelled pictures as they come from a source, before any resizing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from paribus.records import Integers

Bytes = npt.NDArray[np.uint8]

#: Called now and then with (what, how much is done, how much there is or None).
Progress = Callable[[str, int, int | None], None]


@dataclass(frozen=True)
class Pictures:
    """A source's pictures.

    Attributes:
        classes: their names, in the order of the labels.
        labels: (n,) each picture's class.
        part: (n,) "train", "validation" or "test" where the source says so, "" where not.
        channels: 1 for grey, 3 for colour.
        fingerprint: SHA-256 over the contents.
        read: picture i as (height, width, channels) bytes, in its own size.
        unreadable: files that are not among the pictures, each with the reason.
    """

    source: str
    classes: tuple[str, ...]
    labels: Integers
    part: npt.NDArray[np.str_]
    channels: int
    fingerprint: str
    read: Callable[[int], Bytes]
    unreadable: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.labels)


def silent(what: str, done: int, total: int | None) -> None:
    """Progress that nobody wants to see."""
