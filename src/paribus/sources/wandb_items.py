"""Records of a `.wandb` file: their kinds, and the items of rows, summaries and configurations."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from paribus.sources.protobuf import DamagedError, Message, fields, varint

#: Fields of `Record`; of an item, its key in one part or several, and its value as JSON.
_NUMBER, HISTORY, SUMMARY, CONFIG, RUN, EXIT = 1, 2, 3, 5, 17, 18
_KEY, _NESTED_KEY, _VALUE = 1, 2, 16

#: The key of an item's value, in front of which its name stands.
_VALUE_TAG = b"\x82\x01"

#: Rows and summaries, as their records say so; and an item of them: its head and its value.
_ROWS = (HISTORY << 3 | 2, SUMMARY << 3 | 2)
_ITEM = re.compile(rb"\n[\x00-\x7f]([\n\x12][\x00-\x7f][^\x82]+)\x82\x01[\x00-\x7f]([^\x00-\x1f]+)")

#: So many names are looked for at once.
MOST_TRIED = 64


def lone_field(record: bytes) -> tuple[int, bytes] | None:
    """The only field of a record other than its number, if that is a row or a summary."""
    try:
        place = 0
        if record[0] == _NUMBER << 3:
            while record[place + 1] > 127:
                place += 1
            place += 2
        kind, size, start = record[place], record[place + 1], place + 2
        if size > 127:
            size, start = size & 127 | record[start] << 7, start + 1
        if kind in _ROWS and start + size == len(record) and record[start - 1] < 128:
            return kind >> 3, record[start:]
    except IndexError:
        pass
    return None


def items_of(heads: Sequence[bytes]) -> re.Pattern[bytes]:
    """What matches short items with these heads; of many heads, the first are tried."""
    names = b"|".join(map(re.escape, heads[:MOST_TRIED])) or b"(?!)"
    return re.compile(rb"(?:\n[\x00-\x7f](?:%b)\x82\x01[\x00-\x7f][^\x00-\x1f]+)+" % names)


def short_items(content: bytes) -> tuple[list[tuple[bytes, bytes]], int]:
    """Heads and values of the items that a row or a summary begins with, and their bytes.

    An item is short if its lengths are of one byte. In JSON and in names nothing is below a space.
    """
    items: list[tuple[bytes, bytes]] = _ITEM.findall(content)
    return items, 5 * len(items) + sum(map(len, itertools.chain.from_iterable(items)))


def step_of(content: bytes, place: int) -> int:
    """The step of a row, in a field that ends it; -1 where anything else does."""
    end = len(content)
    if content[place : place + 1] != b"\x12" or end - place < 2 or content[place + 1] > 127:
        return -1
    if content[place + 1] != end - place - 2:
        return -1
    if end == place + 2:
        return 0
    if content[place + 2] != 8:
        return -1
    step, stop = varint(content, place + 3)
    return step if stop == end and not step >> 63 else -1


def items_in(content: bytes) -> tuple[list[bytes], list[tuple[int, bytes]]]:
    """The items of a row or a summary, and its other fields; most of a file is such items."""
    items, place, end = [], 0, len(content) - 1
    while place < end and content[place] == 10 and content[place + 1] < 128:  # field 1, short
        start = place + 2
        place = start + content[place + 1]
        items.append(content[start:place])
    others = [(kind, data) for kind, data in fields(content[place:]) if isinstance(data, bytes)]
    if place > end + 1:
        raise DamagedError("an item is longer than what holds it")
    return items + [data for kind, data in others if kind == 1], others


def head_of(item: bytes) -> bytes:
    """An item up to its value, which is the same for all items of a name."""
    end = item.find(_VALUE_TAG)
    return item if end < 0 else item[:end]


def key_of(item: Message) -> list[str]:
    """An item's name, in one part or several; raises DamagedError if it has none."""
    parts = [part.decode() for part in item.chunks(_NESTED_KEY)] or [item.text(_KEY)]
    if not all(parts):
        raise DamagedError("an item without a name")
    return parts


def value_of(item: Message) -> bytes:
    """An item's value, as JSON."""
    return (item.chunks(_VALUE) or [b"null"])[-1]
