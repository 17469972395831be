"""JPEG files without metadata are decoded by a shorter way, to the very pixels of Pillow's own."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from effort import examples
from paribus.data import decode as decoding
from paribus.data.decode import LARGEST, decode
from paribus.data.pixels import Bytes, UnusableError
from paribus.data.plain_jpeg import plain_jpeg


def jpeg(mode: str = "RGB", size: tuple[int, int] = (20, 24), **options: object) -> bytes:
    noise = np.random.default_rng(size).integers(0, 256, (*size[::-1], 3), np.uint8)
    small = Image.fromarray(noise).resize((5, 5)).resize(size).convert(mode)
    file = io.BytesIO()
    small.save(file, "JPEG", **options)
    return file.getvalue()


def outcome(content: bytes) -> Bytes | str:
    try:
        return decode(content)
    except UnusableError as error:
        return str(error)


def without_the_shorter_way(content: bytes) -> Bytes | str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decoding, "plain_jpeg", lambda *_: None)
        return outcome(content)


def same(one: Bytes | str, other: Bytes | str) -> bool:
    if isinstance(one, str) or isinstance(other, str):
        return one is other or (isinstance(one, str) and one == other)
    return np.array_equal(one, other)


files = st.builds(
    jpeg,
    st.sampled_from(["RGB", "L"]),
    st.tuples(st.integers(1, 70), st.integers(1, 70)),
    quality=st.integers(1, 100),
    subsampling=st.sampled_from(["4:4:4", "4:2:2", "4:2:0"]),
    progressive=st.booleans(),
    optimize=st.booleans(),
    restart_marker_blocks=st.sampled_from([0, 3]),
)


@examples(100)
@given(files)
def test_a_plain_file_has_the_pixels_that_pillow_reads(content: bytes) -> None:
    assert plain_jpeg(content, LARGEST) is not None
    assert same(outcome(content), without_the_shorter_way(content))


@examples(400)
@given(files, st.data())
def test_a_damaged_file_is_read_or_refused_as_pillow_does_it(
    content: bytes, data: st.DataObject
) -> None:
    damaged = bytearray(content)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        del damaged[data.draw(st.integers(0, len(damaged) - 1)) :]
    assert same(outcome(bytes(damaged)), without_the_shorter_way(bytes(damaged)))


EXIF = Image.Exif()
EXIF[0x0112] = 6


@pytest.mark.parametrize(
    "content",
    [
        jpeg(exif=EXIF),
        jpeg(icc_profile=b"profile" * 9),
        jpeg("CMYK"),
        jpeg()[:-200],
        jpeg()[:300],
        b"\xff\xd8",
        b"",
        b"GIF89a",
    ],
    ids=["EXIF", "color profile", "CMYK", "cut", "cut early", "beginning", "empty", "GIF"],
)
def test_all_others_are_left_to_pillow(content: bytes) -> None:
    assert plain_jpeg(content, LARGEST) is None


def test_a_claim_of_too_many_pixels_is_left_to_the_check_of_all_formats() -> None:
    assert plain_jpeg(jpeg(size=(20, 20)), 399) is None
