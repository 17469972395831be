"""Files of other tools, written from their formats' descriptions alone; see test_writers.py.

What is checked by them is that readers and descriptions agree; that descriptions and tools agree
is checked where the tools are installed.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any


def varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def chunk(number: int, content: bytes | str) -> bytes:
    """A field of text, bytes or a message."""
    content = content.encode() if isinstance(content, str) else content
    return varint(number << 3 | 2) + varint(len(content)) + content


def whole(number: int, value: int) -> bytes:
    return varint(number << 3) + varint(value)


def single(number: int, value: float) -> bytes:
    return varint(number << 3 | 5) + struct.pack("<f", value)


def double(number: int, value: float) -> bytes:
    return varint(number << 3 | 1) + struct.pack("<d", value)


def crc32c(data: bytes) -> int:
    """Bit by bit, as the polynomial has it."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def masked(data: bytes) -> bytes:
    crc = crc32c(data)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def framed(*events: bytes) -> bytes:
    """An event file of events."""
    heads = [struct.pack("<Q", len(event)) for event in events]
    return b"".join(
        head + masked(head) + event + masked(event)
        for head, event in zip(heads, events, strict=True)
    )


VERSION = double(1, 1.5e9) + chunk(3, "brain.Event:2")


def event(step: int, *values: bytes) -> bytes:
    """An event with a summary; like the tools, without a step where it is 0."""
    summary = b"".join(chunk(1, value) for value in values)
    return double(1, 1.5e9) + (whole(2, step) if step else b"") + chunk(5, summary)


def scalar(tag: str, value: float) -> bytes:
    return chunk(1, tag) + single(2, value)


def tensor(tag: str, kind: int, *fields: bytes) -> bytes:
    """A scalar as TensorFlow 2 writes it: a type, a shape of no dimensions, and its number."""
    return chunk(1, tag) + chunk(8, whole(1, kind) + chunk(2, b"") + b"".join(fields))


def restarts(step: int) -> bytes:
    return double(1, 1.5e9) + whole(2, step) + chunk(7, whole(1, 1))


def hparams(values: Mapping[str, Any]) -> bytes:
    """The value that begins a session of the hparams plugin."""
    start = b""
    for key, value in values.items():
        kinds = {str: lambda v: chunk(3, v), bool: lambda v: whole(4, v)}
        item = kinds.get(type(value), lambda v: double(2, v))(value)
        start += chunk(1, chunk(1, key) + chunk(2, item))
    content = chunk(1, "hparams") + chunk(2, chunk(3, start))
    return chunk(1, "_hparams_/session_start_info") + chunk(9, chunk(1, content))


def wandb_items(values: Mapping[str, Any], nested: bool = True) -> bytes:
    return b"".join(
        chunk(1, chunk(2 if nested else 1, key) + chunk(16, json.dumps(value)))
        for key, value in values.items()
    )


def wandb_row(step: int, **values: Any) -> bytes:
    return chunk(2, wandb_items(values) + chunk(2, whole(1, step) if step else b""))


def wandb_run(run_id: str, config: Mapping[str, Any], group: str = "", title: str = "") -> bytes:
    content = chunk(1, run_id) + chunk(3, "p") + chunk(4, wandb_items(config, nested=False))
    return chunk(17, content + chunk(6, group) + chunk(8, title))


def wandb_summary(**values: Any) -> bytes:
    return chunk(3, wandb_items(values))


def wandb_exit(code: int) -> bytes:
    return chunk(18, whole(1, code) if code else b"")


def wandb_log(records: Iterable[bytes]) -> bytes:
    """A file of records, in blocks of 32,768 bytes of which the first has the header."""
    out = bytearray(b":W&B\xe1\xbe\x00")
    for record in records:
        first = True
        while True:
            room = 32768 - len(out) % 32768
            if room < 7:
                out += bytes(room)
                room = 32768
            part, record = record[: room - 7], record[room - 7 :]
            kind = (1 if first else 4) if not record else (2 if first else 3)
            out += _part(kind, part)
            first = False
            if not record:
                break
    return bytes(out)


def _part(kind: int, data: bytes) -> bytes:
    crc = zlib.crc32(bytes([kind]) + data)
    return struct.pack("<IHB", crc, len(data), kind) + data


def a_log(rows: Sequence[Mapping[str, Any]], exit_code: int | None = 0) -> bytes:
    """A run of a few rows."""
    ends = [] if exit_code is None else [wandb_exit(exit_code)]
    run = wandb_run("abc", {"lr": 0.1, "seed": 3, "opt": {"name": "sgd"}}, "g", "a title")
    return wandb_log([run, *(wandb_row(i, **row) for i, row in enumerate(rows)), *ends])
