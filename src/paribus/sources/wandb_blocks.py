"""The blocks of a `.wandb` file, and the records in them.

They are LevelDB's log (https://github.com/google/leveldb/blob/main/doc/log_format.md) with a header
in front and zlib's CRC-32 instead of a masked CRC-32C.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from io import BufferedReader
from zlib import crc32

#: The first bytes of a file, before one for the version: ":W&B" and 0xBEE1, little-endian.
MAGIC, HEADER = b":W&B\xe1\xbe", 7

BLOCK = 32_768

#: A longer record isn't kept in memory; nothing that is read here is so long.
LONGEST = 1 << 22

#: The parts that a record may come in.
_FULL, _FIRST, _MIDDLE, _LAST = 1, 2, 3, 4
#: A part begins with its checksum, its length and its kind, in so many bytes.
_PART, _HEAD = struct.Struct("<IHB").unpack_from, 7
_TORN = "the last record is torn, as after a kill"


def records(file: BufferedReader, lost: list[str]) -> Iterator[bytes]:
    """Each whole record, joined from its parts in one block or several.

    The rest of a damaged block is left out; what is lost is added to `lost`.
    """
    begun: bytearray | None = None
    place, damaged = HEADER, 0
    while block := file.read(BLOCK - place % BLOCK):
        at, size, last = 0, len(block), len(block) < BLOCK - place % BLOCK
        while at + _HEAD <= size:
            right, length, kind = _PART(block, at)
            end = at + _HEAD + length
            # A record may begin with nothing where a block ends; a file of that would take long.
            if end > size or not (length or end == size) or crc32(block[at + 6 : end]) != right:
                break
            if kind == _FULL:
                yield block[at + _HEAD : end]
            else:
                begun = _joined(begun, kind, block[at + _HEAD : end])
                if begun is not None and kind == _LAST:
                    yield bytes(begun)
                    begun = None
            at = end
        place += size
        if last and at < size:
            lost.append(_TORN)
        elif any(block[at:]):
            damaged += 1
    if damaged:
        lost.append(
            f"{damaged:,} damaged block{'s' * (damaged > 1)}, of which the rest is left out"
        )
    if begun is not None:
        lost.append(_TORN)


def _joined(begun: bytearray | None, kind: int, part: bytes) -> bytearray | None:
    """A record with one more part; None where it has no beginning or is too long to keep."""
    if kind == _FIRST:
        return bytearray(part)
    if begun is None or kind not in (_MIDDLE, _LAST):
        return begun
    begun += part
    return begun if len(begun) <= LONGEST else None
