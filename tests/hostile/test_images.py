"""Five hundred corrupt and hostile images in one folder: none harms, each is listed or read."""

from __future__ import annotations

import base64
import io
import random
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from effort import examples
from hostile.measured import paribus
from hostile.mutations import mutate
from paribus.data.decode import LARGEST, decode
from paribus.data.folder import open_folder
from paribus.data.pixels import UnusableError
from paribus.study.data import Folder

PIXELS = np.random.default_rng(3).integers(0, 256, (24, 20, 3), np.uint8)
OPTIONS: dict[str, dict[str, object]] = {
    "PNG": {},
    "JPEG": {"progressive": True, "quality": 90},
    "WEBP": {"lossless": True},
    "BMP": {},
}


def small(format_: str) -> bytes:
    """An image of 20 x 24 pixels with EXIF, where the format has any."""
    file, exif = io.BytesIO(), Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "a description"
    options = OPTIONS[format_] | ({} if format_ == "BMP" else {"exif": exif})
    Image.fromarray(PIXELS).save(file, format_, **options)
    return file.getvalue()


SMALL = {format_: small(format_) for format_ in OPTIONS}


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, *chunks: bytes, depth: int = 8, color: int = 2) -> bytes:
    """A PNG that says any size, whatever it holds."""
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    end = chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + b"".join(chunks) + end


def riff(*chunks: tuple[bytes, bytes]) -> bytes:
    """A WebP of any chunks."""
    body = b"".join(k + struct.pack("<I", len(d)) + d + bytes(len(d) % 2) for k, d in chunks)
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def bmp(width: int, height: int, bits: int = 24, compression: int = 0, colors: int = 0) -> bytes:
    """A BMP that says anything of itself."""
    info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, compression, 0, 0, 0, colors, 0)
    return struct.pack("<2sIHHI", b"BM", 54 + 64, 0, 0, 54) + info + bytes(64)


def many_scans(number: int) -> bytes:
    """A progressive JPEG whose last scan comes again and again."""
    whole = SMALL["JPEG"]
    scan = whole[whole.rindex(b"\xff\xda") : -2]
    return whole[:-2] + scan * number + b"\xff\xd9"


#: As a JPEG writes height, width and channels.
SIZE = struct.pack(">HHB", 24, 20, 3)
BOMB = zlib.compress(bytes(1 << 26), 1)
#: A sound WebP of 7,000 x 7,000 black pixels in 1,930 bytes, here packed once more.
BLACK_WEBP = zlib.decompress(
    base64.b64decode(
        "eNoL8nRza2JnYAh3dQoIC7DwKQOy9cNvX2VjFxD8yz9rgsLB/7ffCk6s8nSY9OW/veTF/yxcR+7XiwhK/v/7"
        "ff7/f7/P1///+3z//3+f79f///l+//8/3+/X//uNYNjjUIdg/B4lRolRYpQYJUaJkUCgV4lg4fuWAEwl3a0="
    )
)
#: By hand: lying headers and bombs.
BY_HAND: dict[str, bytes] = {
    "empty": b"",
    "zeros": bytes(1000),
    "one byte": b"\x89",
    "a PNG's first bytes": b"\x89PNG\r\n\x1a\n",
    "a PNG of no size": png(0, 0, chunk(b"IDAT", BOMB)),
    "a PNG wider than any": png(2**31 - 1, 1, chunk(b"IDAT", BOMB)),
    "a PNG of four gigapixels": png(65_535, 65_535, chunk(b"IDAT", BOMB)),
    "a PNG just too large": png(7_072, 7_072, chunk(b"IDAT", BOMB)),
    "a PNG with more than it says": png(1, 1, chunk(b"IDAT", BOMB)),
    "a PNG with less than it says": png(1000, 1000, chunk(b"IDAT", zlib.compress(b"x"))),
    "a PNG of an odd depth": png(4, 4, chunk(b"IDAT", BOMB), depth=7),
    "a PNG of an odd color": png(4, 4, chunk(b"IDAT", BOMB), color=9),
    "a PNG without palette": png(4, 4, chunk(b"IDAT", zlib.compress(bytes(20))), color=3),
    "a PNG with a text bomb": png(4, 4, chunk(b"zTXt", b"a\0\0" + BOMB), chunk(b"IDAT", BOMB)),
    "a PNG with a profile bomb": png(4, 4, chunk(b"iCCP", b"a\0\0" + BOMB), chunk(b"IDAT", BOMB)),
    "a PNG with a text bomb by UTF-8": png(4, 4, chunk(b"iTXt", b"a\0\1\0\0\0" + BOMB)),
    "a PNG of many texts": png(4, 4, *[chunk(b"tEXt", b"a\0" + b"x" * 9000)] * 9000),
    "a PNG of many frames": png(4, 4, chunk(b"acTL", struct.pack(">II", 2**31 - 1, 0))),
    "a PNG whose chunk is longer than it": png(4, 4) + struct.pack(">I", 2**31) + b"IDAT",
    "a PNG with EXIF of nonsense": png(4, 4, chunk(b"eXIf", b"MM\0*" + b"\xff" * 64)),
    "a JPEG of many scans": many_scans(5_000),
    "a JPEG of its first bytes": b"\xff\xd8\xff",
    "a JPEG of markers": b"\xff\xd8" + b"\xff\xe1\xff\xff" * 5000,
    "a JPEG of a huge size": SMALL["JPEG"].replace(SIZE, b"\xff\xdc\xff\xdc\x03"),
    "a JPEG of no size": SMALL["JPEG"].replace(SIZE, b"\0\0\0\0\x03"),
    "a WebP of nothing": riff(),
    "a WebP of a huge canvas": riff((b"VP8X", b"\x02\0\0\0" + b"\xff" * 6), (b"ANIM", bytes(6))),
    "a WebP that is longer than it": riff((b"VP8L", b"/" + b"\xff" * 20))[:-6],
    "a WebP of a huge image": riff((b"VP8L", b"/" + b"\xff\xff\xff\x0f" + bytes(40))),
    "a WebP of much memory": BLACK_WEBP,
    "a BMP of a huge size": bmp(2**31 - 1, 2**31 - 1),
    "a BMP of a negative size": bmp(-5, -(2**31)),
    "a BMP of an odd depth": bmp(4, 4, bits=33),
    "a BMP of packed runs without end": bmp(4, 4, bits=8, compression=1),
    "a BMP of packed runs of a large image": bmp(7000, 7000, bits=8, compression=1),
    "a BMP of a huge palette": bmp(4, 4, bits=8, colors=2**32 - 1),
    "SVG": b'<svg xmlns="http://www.w3.org/2000/svg" onload="x()"/>',
    "PostScript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(%pipe%touch pwned) (w) file",
    "GIF": b"GIF89a\xff\xff\xff\xff\xf7\0\0",
    "TIFF": b"II*\0\x08\0\0\0\xff\xff",
    "ICO": b"\0\0\1\0\xff\xff" + bytes(90),
    "FITS": b"SIMPLE  =                    T" + b" " * 2850,
    "a script": b"#!/bin/sh\ntouch pwned\n",
}  # fmt: skip


def mutations(count: int) -> Iterator[bytes]:
    draw = random.Random(11)
    for number in range(count):
        yield mutate(SMALL[list(SMALL)[number % len(SMALL)]], draw)


@pytest.fixture(scope="module")
def five_hundred(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two classes of five good images each, one of them with five hundred bad ones besides."""
    root = tmp_path_factory.mktemp("images") / "mine"
    for name in ("cat", "dog"):
        (root / name).mkdir(parents=True)
        for number in range(5):
            (root / name / f"good-{number}.png").write_bytes(SMALL["PNG"])
    bad = [*BY_HAND.values(), *mutations(500 - len(BY_HAND))]
    for number, content in enumerate(bad):
        (root / "cat" / f"bad-{number}.png").write_bytes(content)
    return root


def test_each_of_five_hundred_is_listed_or_is_a_image(five_hundred: Path) -> None:
    images = open_folder(Folder(source="folder", path=str(five_hundred)))
    listed = {one.place for one in images.left_out}
    read = [images.read(number).shape for number in range(len(images.labels))]
    assert all(len(shape) == 3 and shape[2] == 3 for shape in read)
    assert len(listed) + len(read) == 510
    assert len(listed) > 250
    assert all(str(one).isprintable() and len(str(one)) < 400 for one in images.left_out)
    by_hand = {f"cat/bad-{number}.png" for number in range(len(BY_HAND))}
    assert len(by_hand & listed) >= len(BY_HAND) - 4  # some lies change no pixel


def test_the_command_lists_them_in_bounded_memory(five_hundred: Path, tmp_path: Path) -> None:
    done = paribus("data", "verify", five_hundred, cwd=tmp_path)
    assert done.code == 1
    assert "Traceback" not in done.message
    assert done.message.count("\n") > 250
    assert done.megabytes < 500
    assert list(tmp_path.iterdir()) == []


def test_more_passes_than_an_encoder_makes_are_refused() -> None:
    assert decode(many_scans(5)).shape == (20, 24, 3)
    with pytest.raises(UnusableError, match="a JPEG image of more than 100 scans"):
        decode(many_scans(101))


def test_a_file_of_a_terabyte_is_not_read(tmp_path: Path, five_hundred: Path) -> None:
    root = tmp_path / "mine"
    for name in ("cat", "dog"):
        (root / name).mkdir(parents=True)
        (root / name / "good.png").write_bytes(SMALL["PNG"])
    with (root / "cat" / "large.webp").open("wb") as file:
        file.write(SMALL["WEBP"])
        file.truncate(1 << 40)
    images = open_folder(Folder(source="folder", path=str(root)))
    assert tuple(map(str, images.left_out)) == (
        "cat/large.webp: can't be read (at most 300,000,000 bytes are expected)",
    )


# ---- fuzzing --------------------------------------------------------------------------------


@examples(150)
@given(st.sampled_from(sorted(SMALL)), st.integers(0, 2**32 - 1))
def test_any_damage_gives_pixels_or_a_reason(format_: str, seed: int) -> None:
    try:
        pixels = decode(mutate(SMALL[format_], random.Random(seed)))
        assert pixels.dtype == np.uint8
        assert pixels.ndim == 3 and pixels.size <= 3 * LARGEST
    except UnusableError as error:
        assert str(error)
