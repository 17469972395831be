"""The records of an event file: how they are framed, and their checksums.

Most files have many small records, so some megabytes are looked at together.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader

import numpy as np
import numpy.typing as npt

from paribus.sources.crc import masked_crc32c, masked_crc32c_within

#: Records of images and graphs may be longer; nothing that is read here is, and they are skipped.
LONGEST = 1 << 22

#: Longer records have many things in one, and their checksum would take long: it isn't checked.
CHECKED = 1 << 16

#: Bytes that are read at once.
_PIECE = 1 << 21

#: A length and its checksum stand in front of a record, its own checksum behind it.
_HEAD, _TAIL = 12, 4


@dataclass(frozen=True)
class Records:
    """Records that were read at once: record i is `content[starts[i]:ends[i]]`."""

    content: bytes
    starts: list[int]
    ends: list[int]

    def right(self) -> npt.NDArray[np.bool_]:
        """(n,) whether each record's checksum is that of its content, as far as it is checked."""
        starts, ends = np.array(self.starts, np.int64), np.array(self.ends, np.int64)
        lengths = ends - starts
        checked = lengths <= CHECKED
        data = np.frombuffer(self.content, np.uint8)
        tails: npt.NDArray[np.uint32] = data[ends[:, None] + np.arange(_TAIL)].view("<u4")[:, 0]
        sums = masked_crc32c_within(data, starts, np.where(checked, lengths, 0))
        right: npt.NDArray[np.bool_] = ~checked | (sums == tails)
        return right


def records(file: BufferedReader, name: str, lost: list[str]) -> Iterator[Records]:
    """All records up to the first torn one, some at a time; what is lost is added to `lost`.

    Nothing can be found behind a length that is wrong, so there the file ends.
    """
    size = os.fstat(file.fileno()).st_size
    heads: dict[bytes, int] = {}  # the lengths, of which there are few, that have right checksums
    content = b""
    while piece := file.read(_PIECE):
        content += piece
        starts, ends, place, why = [], [], 0, ""
        while place + _HEAD <= len(content):
            head = content[place : place + _HEAD]
            length = heads.get(head, -1)
            if length < 0:
                left = size - file.tell() + len(content) - place
                length, why = _length(head, left)
                if why:
                    break
                heads[head] = length
            end = place + _HEAD + length
            if end + _TAIL > len(content):
                break
            if length <= LONGEST:
                starts.append(place + _HEAD)
                ends.append(end)
            place = end + _TAIL
        if starts:
            yield Records(content, starts, ends)
        if why:
            lost.append(f"{name}: {why}")
            return
        content = content[place:]
        if len(content) >= _HEAD and (length := heads[content[:_HEAD]]) > LONGEST:
            file.seek(_HEAD + length + _TAIL - len(content), os.SEEK_CUR)
            content = b""
    if content:
        lost.append(f"{name}: {_TORN}")


_TORN = "the last record is torn, as after a kill"


def _length(head: bytes, left: int) -> tuple[int, str]:
    """A record's length; or why nothing behind it can be read, of what `left` bytes are."""
    length = int.from_bytes(head[:8], "little")
    if left < _HEAD + length + _TAIL:
        return 0, _TORN
    if int(masked_crc32c([head[:8]])[0]) != int.from_bytes(head[8:], "little"):
        return 0, f"damaged; the last {left:,} bytes can't be read"
    return length, ""
