"""Protocol buffers as they are on disk, without their library or schemas: numbered fields.

The wire format: https://protobuf.dev/programming-guides/encoding. A message within a message is
bytes until it is read in turn, so the code decides how deep to go, not the file.
"""

from __future__ import annotations

import struct
from collections import defaultdict
from collections.abc import Iterator


class DamagedError(ValueError):
    """Bytes that are no message, or not the message that was expected."""


class Message:
    """The fields of one message; a field that isn't there is empty, 0 or "".

    Raises:
        DamagedError: from each method, where the bytes are anything else.
    """

    def __init__(self, data: bytes) -> None:
        self._fields: dict[int, list[int | bytes]] = defaultdict(list)
        for number, value in fields(data):
            self._fields[number].append(value)

    def __contains__(self, number: int) -> bool:
        return number in self._fields

    def chunks(self, number: int) -> list[bytes]:
        """All values of a field that has bytes, text or messages."""
        values = self._fields.get(number, [])
        chunks = [value for value in values if isinstance(value, bytes)]
        if len(chunks) < len(values):
            raise DamagedError(f"field {number} is a number")
        return chunks

    def message(self, number: int) -> Message:
        """A message within this one; as in any reader of protocol buffers, the last one counts."""
        return Message((self.chunks(number) or [b""])[-1])

    def text(self, number: int) -> str:
        """A field's text."""
        try:
            return (self.chunks(number) or [b""])[-1].decode()
        except UnicodeDecodeError as error:
            raise DamagedError(f"field {number} is no text") from error

    def integer(self, number: int) -> int:
        """A field's whole number, of 64 bits with a sign."""
        value = self._fields.get(number, [0])[-1]
        if isinstance(value, bytes):
            raise DamagedError(f"field {number} is no whole number")
        return value - (1 << 64) if value >> 63 else value

    def reals(self, number: int, size: int) -> list[float]:
        """A field's numbers of 4 or 8 bytes, one after the other or packed."""
        content = b"".join(self.chunks(number))
        if len(content) % size:
            raise DamagedError(f"field {number} ends within a number")
        return list(struct.unpack(f"<{len(content) // size}{'f' if size == 4 else 'd'}", content))


def fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Each field's number and value: varints as they are, all others as their bytes.

    Raises:
        DamagedError: the bytes end too soon, or are no fields.
    """
    place, end = 0, len(data)
    while place < end:
        # Nearly all tags and lengths are of one byte, which needs no call.
        tag, place = (data[place], place + 1) if data[place] < 128 else varint(data, place)
        kind = tag & 7
        if kind == 0:
            value, place = varint(data, place)
            yield tag >> 3, value
            continue
        if kind == 2:
            short = place < end and data[place] < 128
            size, place = (data[place], place + 1) if short else varint(data, place)
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
        else:
            raise DamagedError(f"a field of kind {kind}")
        if size > end - place:
            raise DamagedError("a field is longer than what holds it")
        yield tag >> 3, data[place : place + size]
        place += size


def varint(data: bytes, place: int) -> tuple[int, int]:
    """A whole number without sign, and the place behind it; DamagedError where there is none."""
    value = shift = 0
    try:
        while data[place] & 128:
            value |= (data[place] & 127) << shift
            shift += 7
            place += 1
            if shift > 63:
                raise DamagedError("a number of more than 64 bits")
        return (value | data[place] << shift) & (1 << 64) - 1, place + 1
    except IndexError as error:
        raise DamagedError("it ends within a number") from error
