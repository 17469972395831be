"""What is done with every file of a folder: read once, checked, resized, put in its place."""

import hashlib
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from paribus.data.cache import Found
from paribus.data.decode import EIGHT_BITS, Rule, Seen, contents, look, look_and_decode
from paribus.data.pixels import Target, UnusableError, resized
from paribus.io.disk import changing, put_at

FLAGS = ("transparent", "animated", "shortened")

#: Bytes of pixels that are written together.
TOGETHER = 1_000_000


class File(NamedTuple):
    """A file by its number, with its size (bytes) and modification time (ns) when it was listed."""

    number: int
    path: Path
    size: int
    time: int


class Taken(NamedTuple):
    """What came of a file.

    Attributes:
        found: its SHA-256 and what else is noted of it, or its fault.
        bits: the rule's, by which a 16-bit image was decoded; 0 for all others.
        sum: CRC-32 of its pixels; -1 where there are none.
    """

    number: int
    found: Found
    bits: int = 0
    sum: int = -1


@dataclass(frozen=True)
class Place:
    """Where pixels go: image i into its row of a file, behind `start` bytes."""

    path: Path
    start: int
    target: Target
    rule: Rule

    @property
    def row(self) -> int:
        """Bytes of an image."""
        return self.target.height * self.target.width * (3 if self.rule.color == "rgb" else 1)

    def at(self, number: int) -> int:
        """Bytes before an image."""
        return self.start + number * self.row


class Taker:
    """Takes files one by one; without a place for their pixels, they are only looked at."""

    def __init__(self, place: Place | None, handle: int) -> None:
        self._place, self._handle = place, handle
        # Its bits follow from all files; the most so far are likely to be right.
        self._rule = place.rule if place else EIGHT_BITS
        self._first, self._rows = 0, bytearray()  # to be written together

    def take(self, files: Sequence[File]) -> list[Taken]:
        """What comes of each file.

        Raises:
            ReadError: one can't be read now.
            DiskError: the pixels can't be written.
        """
        every = [self._take(file) for file in files]
        self._write()
        return every

    def _take(self, file: File) -> Taken:
        try:
            content = contents(file.path)
            if self._place is None:
                return Taken(file.number, _found(content, look(content)))
            return self._put(file.number, content, self._place)
        except UnusableError as error:
            return Taken(file.number, {"fault": str(error)})

    def _put(self, number: int, content: bytes, place: Place) -> Taken:
        seen, image = look_and_decode(content, self._rule)
        bits = max(self._rule.bits, seen.bits, 8) if seen.bits else 0
        if bits > self._rule.bits:
            self._rule = replace(self._rule, bits=bits)
        row = resized(image, place.target).tobytes()
        if len(self._rows) >= TOGETHER or number != self._first + len(self._rows) // place.row:
            self._write()
            self._first = number
        self._rows += row
        return Taken(number, _found(content, seen), bits, zlib.crc32(row))

    def _write(self) -> None:
        if self._place and self._rows:
            put_at(self._place.path, self._handle, self._rows, self._place.at(self._first))
            self._rows = bytearray()


@contextmanager
def taking(place: Place | None) -> Iterator[Taker]:
    """One who takes files, with the file of pixels open."""
    if place is None:
        yield Taker(None, -1)
        return
    with changing(place.path) as handle:
        yield Taker(place, handle)


def _found(content: bytes, seen: Seen) -> Found:
    found = {"sha256": hashlib.sha256(content).hexdigest(), "bits": str(seen.bits)}
    return found | {flag: "yes" for flag in FLAGS if getattr(seen, flag)}
