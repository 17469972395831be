"""Predictions as strangers may send them: archives that unpack to too much, run, or don't fit."""

from __future__ import annotations

import io
import os
import random
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from hostile.mutations import mutate

Put = Callable[[Path], object]

NPZ, CSV = "predictions.npz", "predictions.csv"
GOOD: dict[str, Any] = {"id": [7, 8], "label": [1, 0], "p": [[0.25, 0.75], [0.5, 0.5]]}
TABLE = b"id,label,prediction,p_a,p_b\n1,a,a,0.5,0.5\n2,b,a,0.75,0.25\n"


def packed(**arrays: Any) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **{**GOOD, **arrays})
    return file.getvalue()


def headed(header: str, content: bytes = b"", version: int = 1, length: int | None = None) -> bytes:
    """An array with any header, of any length as it says."""
    text = header.encode("latin1")
    said = struct.pack("<H" if version == 1 else "<I", len(text) if length is None else length)
    return b"\x93NUMPY" + bytes([version, 0]) + said + text + content


def described(descr: str, shape: str) -> str:
    return f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}\n"


def zipped(members: dict[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An archive of good arrays, of which some are replaced."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", how) as into:
        for name, values in GOOD.items():
            if name not in members:
                array = io.BytesIO()
                np.save(array, np.asarray(values))
                into.writestr(f"{name}.npy", array.getvalue())
        for name, content in members.items():
            into.writestr(f"{name}.npy", content)
    return file.getvalue()


def bomb() -> bytes:
    """10 GB of zeros in 10 MB, as its header says."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as into:
        for name, values in {"id": [7], "label": [0]}.items():
            array = io.BytesIO()
            np.save(array, values)
            into.writestr(f"{name}.npy", array.getvalue())
        with into.open("p.npy", "w", force_zip64=True) as member:
            member.write(headed(described("'<f8'", "(1, 1250000000)")))
            zeros = bytes(1 << 20)
            for _ in range(300):
                member.write(zeros)
    return file.getvalue()


def relabeled(data: bytes, name: bytes, size: int) -> bytes:
    """An archive whose list of members says another size of one of them."""
    place = data.rindex(name) - 46
    return data[: place + 24] + struct.pack("<I", size) + data[place + 28 :]


def many_members(count: int) -> bytes:
    """An archive that ends by a list of so many members."""
    entry = struct.pack("<4s6H3L5H2L", b"PK\1\2", *[0] * 6, 0, 0, 0, 9, *[0] * 4, 0, 0)
    entries = b"".join(entry + f"{n:05}.npy".encode() for n in range(count))
    end = struct.pack(
        "<4s4H2LH", b"PK\5\6", 0, 0, count & 0xFFFF, count & 0xFFFF, len(entries), 0, 0
    )
    return entries + end


def content(name: str, data: bytes) -> Put:
    return lambda folder: (folder / name).write_bytes(data)


def sized(name: str, data: bytes, size: int) -> Put:
    def put(folder: Path) -> None:
        (folder / name).write_bytes(data)
        os.truncate(folder / name, size)

    return put


def archives() -> dict[str, bytes]:
    numbers = described("'<i8'", "(2,)")
    headers = {
        "a header of 10 GB": headed(described("'<f8'", "(1250000000,)"), bytes(16)),
        "a header of many exabytes": headed(described("'<f8'", f"({10**30},)"), bytes(16)),
        "a shape below 0": headed(described("'<f8'", "(-1, -2)"), bytes(16)),
        "endless elements of no bytes": headed(described("'<U0'", f"({10**12},)")),
        "a shape of 1,000 dimensions": headed(described("'<f8'", f"({'1,' * 1000})"), bytes(8)),
        "an object": headed(described("'|O'", "(2,)"), b"cos\nsystem\n(S'touch /tmp/x'\ntR."),
        "a record with objects": headed(described("[('a', '|O')]", "(2,)"), bytes(16)),
        "a record": headed(described("[('a', '<f8')]", "(2,)"), bytes(16)),
        "brackets": headed("(" * 9_000),
        "a call": headed(described("__import__('os').system('x')", "(2,)"), bytes(16)),
        "a long header": headed(numbers.ljust(60_000), bytes(16)),
        "a header longer than all": headed(numbers, bytes(16), 2, 2**32 - 1),
        "another version": headed(numbers, bytes(16), 9),
        "no header": b"\x93NUM",
        "no text": headed(described("'<U2'", "(2,)"), b"\xff" * 16),
        "text of 60 MB": headed(described("'<U7500000'", "(2,)"), bytes(60_000_000)),
        "numbers that are no text": headed(described("'|S2'", "(2,)"), b"\xff" * 4),
        "dates": headed(described("'<M8[s]'", "(2,)"), bytes(16)),
        "too few bytes": headed(numbers, bytes(9)),
        "too many bytes": headed(numbers, bytes(999)),
        "nothing": b"",
    }
    found = {f"{name} for {what}": zipped({name: data})
             for what, data in headers.items() for name in ("id", "label", "p")}  # fmt: skip
    good, zeros = packed(), {"p": headed(numbers, bytes(50_000_000))}
    return found | {
        "a bomb": bomb(),
        "a bomb that says less": relabeled(zipped(zeros), b"p.npy", 144),
        "a size of 4 GB": relabeled(good, b"p.npy", 2**32 - 2),
        "packed by bzip2": zipped(zeros, zipfile.ZIP_BZIP2),
        "packed by LZMA": zipped(zeros, zipfile.ZIP_LZMA),
        "500,000 members": many_members(500_000),
        "20,000 members": many_members(20_000),
        "other shapes": packed(p=np.full((2, 2, 2), 0.5)),
        "other lengths": packed(id=np.arange(9)),
        "no classes": packed(p=np.zeros((2, 0))),
        "many classes": packed(p=np.full((2, 3_000_000), 1 / 3_000_000, np.float16)),
        "too many numbers": packed(p=np.zeros((2, 5_000_000), np.float16)),
        "400,000 examples": packed(id=np.arange(400_000), label=np.zeros(400_000, int),
                                   p=np.full((400_000, 10), 0.1, np.float32)),
        "too many examples": packed(id=np.arange(600_000), label=np.zeros(600_000, int)),
        "huge numbers": packed(label=[1e308, 1]),
        "infinite numbers": packed(label=[np.inf, 1]),
        "logits of any size": packed(logits=[[1e308, -1e308], [3e38, 1]], p=[[1e308, 1e308], [1, 1]]),
        "a pickle alone": b"\x80\x04cos\nsystem\n",
        "half of it": good[: len(good) // 2],
        "its end alone": good[-22:],
        "twice": good + good,
    }  # fmt: skip


def odd() -> dict[str, Put]:
    puts = {f"predictions: {name}": content(NPZ, data) for name, data in archives().items()}
    wide = b",".join(b"p_%d" % n for n in range(5000))
    texts = {
        "an open quote": TABLE + b'"' + b"x" * 1_000_000,
        "zeros": TABLE + bytes(1000),
        "no text": TABLE + b"\xff\xfe\xfd",
        "many columns": b"id,label,prediction," + wide + b"\n",
        "a long cell": TABLE + b"3,a," + b"a" * 200_000 + b",1,0\n",
        "a huge number": TABLE + b"3,a,a," + b"9" * 5000 + b",0\n",
        "an odd seed": b"seed,id,label,prediction\n1e999,1,a,a\n",
        "many seeds": b"seed,id,label,prediction\n" + b"".join(b"%d,1,a,a\n" % n for n in range(10_000)),
        "classes without end": b"id,label,prediction\n"
            + b"".join(b"%d,%d,%d\n" % (n, n, n) for n in range(150_000)),
    }  # fmt: skip
    puts |= {
        f"predictions: a table with {name}": content(CSV, text) for name, text in texts.items()
    }
    for seed in range(25):
        draw = random.Random(seed)
        puts[f"predictions damaged {seed}"] = content(NPZ, mutate(packed(), draw))
        puts[f"predictions' table damaged {seed}"] = content(CSV, mutate(TABLE, draw))
    return puts | {
        "predictions: 10 GB": sized(NPZ, packed(), 10**10),
        "predictions: a table of 10 GB": sized(CSV, TABLE, 10**10),
        "predictions: a pipe": lambda folder: os.mkfifo(folder / NPZ),
        "predictions: endless": lambda folder: (folder / NPZ).symlink_to("/dev/zero"),
        "predictions: a folder": lambda folder: (folder / NPZ).mkdir(),
    }


PREDICTIONS = odd()
