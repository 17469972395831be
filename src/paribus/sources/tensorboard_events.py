"""One event file of TensorBoard: its records, and the scalars and hyperparameters in them."""

from __future__ import annotations

import math
import struct
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from io import BufferedReader
from pathlib import Path

from paribus.io.reading import opened, patiently
from paribus.sources.protobuf import DamagedError, Message, varint
from paribus.sources.run import Value
from paribus.sources.tensorboard_records import Records, records

#: A summary has one value or, of TensorFlow 1, one for each curve; more are nobody's.
MOST_VALUES = 10_000

#: A record with a time, a step and a summary isn't shorter; the number that it ends by.
_SHORTEST, _VALUE = 24, struct.Struct("<f").unpack_from

#: `SessionLog.START` and the types of tensors that scalars have: float and double.
_START, _FLOAT, _DOUBLE = 1, 1, 2


@dataclass
class Scalars:
    """One tag's values in the order of the file."""

    steps: array[float] = field(default_factory=lambda: array("d"))
    values: array[float] = field(default_factory=lambda: array("d"))


@dataclass
class EventFile:
    """What is read of an event file.

    Attributes:
        restart: the step from which on everything in earlier files is void, where it says so.
        lost: sentences on what can't be read.
    """

    path: Path
    scalars: dict[str, Scalars] = field(default_factory=dict)
    hparams: dict[str, Value] = field(default_factory=dict)
    restart: int | None = None
    lost: list[str] = field(default_factory=list)


@dataclass
class _Event:
    step: int
    scalars: list[tuple[str, float]] = field(default_factory=list)
    hparams: dict[str, Value] = field(default_factory=dict)
    restart: bool = False

    def tells(self) -> bool:
        return bool(self.scalars or self.hparams or self.restart)


def read_event_file(path: Path) -> EventFile:
    """All scalars and hyperparameters of a file, and what of it is lost.

    Raises:
        UnfitError: it isn't there or is no regular file.
        ReadError: it can't be read now.
    """

    def read() -> EventFile:
        found = EventFile(path)
        with opened(path) as file:
            _Reading(found).all(file)
        return found

    return patiently(path, read)


class _Reading:
    """The reading of one file, which remembers how its summaries are laid out."""

    def __init__(self, found: EventFile) -> None:
        self.found = found
        self.damaged = 0
        # A summary of one simple value, as a field of an event, up to its value: tag by tag.
        self.layouts: dict[bytes, Scalars] = {}

    def all(self, file: BufferedReader) -> None:
        for some in records(file, self.found.path.name, self.found.lost):
            right = some.right()
            self._quickly(some, right.tolist())
        if self.damaged:
            count = f"{self.damaged:,} damaged record{'s' * (self.damaged > 1)}"
            self.found.lost.append(f"{self.found.path.name}: {count} left out")

    def _quickly(self, some: Records, right: Sequence[bool]) -> None:
        """Keep events; nearly all have a time, a step and one simple value of a known tag.

        Fields of protocol buffers are a number for name and type (here 0x09 for the time in 8
        bytes, 0x10 for the step), and their content: of a step 7 bits a byte, the lowest first.
        """
        content, layouts = some.content, self.layouts
        for start, end, is_right in zip(some.starts, some.ends, right, strict=True):
            place, step = start + 9, 0
            if end - start > _SHORTEST and content[start] == 0x09 and content[place] == 0x10:
                step, place = content[start + 10], start + 11
                if step > 127:
                    more = content[place]
                    step, place = step & 127 | more << 7, place + 1
                    if more > 127:  # rarely
                        step, place = varint(content, start + 10)
            scalars = layouts.get(content[place : end - 4])
            if scalars is None or not is_right or content[start] != 0x09 or step >> 63:
                self._slowly(content[start:end], is_right)
            else:
                scalars.steps.append(step)
                scalars.values.append(_VALUE(content, end - 4)[0])

    def _slowly(self, record: bytes, is_right: bool) -> None:
        """Keep any other event, or count it if it is damaged."""
        try:
            event = self._parsed(record)
        except DamagedError:
            self.damaged += 1
            return
        if is_right:
            self._keep(event)
        elif event.tells():
            self.damaged += 1

    def _keep(self, event: _Event) -> None:
        for tag, value in event.scalars:
            if tag not in self.found.scalars:
                self.found.scalars[tag] = Scalars()
            scalars = self.found.scalars[tag]
            scalars.steps.append(event.step)
            scalars.values.append(value)
            self.layouts.setdefault(_before_value(tag.encode()), scalars)
        self.found.hparams |= event.hparams
        if event.restart and self.found.restart is None:
            self.found.restart = event.step

    def _parsed(self, record: bytes) -> _Event:
        message = Message(record)
        event = _Event(message.integer(2))
        event.restart = message.message(7).integer(1) == _START
        values = message.message(5).chunks(1)
        if len(values) > MOST_VALUES:
            raise DamagedError(f"{len(values):,} values at once")
        for content in values:
            value = Message(content)
            scalar, tag = _scalar(value), value.text(1)
            if scalar is not None:
                event.scalars.append((tag, scalar))
            event.hparams |= _hparams(value)
        return event


def _before_value(tag: bytes) -> bytes:
    """A summary of one simple value, as a field of an event, up to its value's 4 bytes."""
    value = b"\x0a" + _length(len(tag)) + tag + b"\x15"
    summary = b"\x0a" + _length(len(value) + 4) + value
    return b"\x2a" + _length(len(summary) + 4) + summary


def _length(size: int) -> bytes:
    """A length as a varint."""
    digits = []
    while size > 127:
        digits.append(size & 127 | 128)
        size >>= 7
    return bytes([*digits, size])


def _scalar(value: Message) -> float | None:
    """The number of `Summary.Value`; None where it is an image, a histogram, a text, ..."""
    if 2 in value:
        return value.reals(2, 4)[-1]
    if 8 not in value:
        return None
    tensor = value.message(8)
    kind = tensor.integer(1)
    if kind not in (_FLOAT, _DOUBLE) or 2 in tensor.message(2):  # a dimension
        return None
    packed, size = (5, 4) if kind == _FLOAT else (6, 8)
    content = tensor.reals(packed, size) or tensor.reals(4, size)
    if len(content) > 1:
        raise DamagedError("several numbers where there is one")
    return content[0] if content else 0.0  # a number that is 0 needs no bytes


def _hparams(value: Message) -> dict[str, Value]:
    """The hyperparameters that a session of the hparams plugin starts with."""
    plugin = value.message(9).message(1)
    if plugin.text(1) != "hparams":
        return {}
    entries = map(Message, plugin.message(2).message(3).chunks(1))
    return {entry.text(1): _hparam(entry.message(2)) for entry in entries}


def _hparam(value: Message) -> Value:
    """One of `google.protobuf.Value`; whole numbers, which it has no type for, are whole again."""
    if 2 in value:
        number = value.reals(2, 8)[-1]
        whole = math.isfinite(number) and number.is_integer() and abs(number) < 1 << 53
        return int(number) if whole else number
    if 4 in value:
        return bool(value.integer(4))
    return value.text(3) if 3 in value else None
