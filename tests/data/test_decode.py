"""Decoding: the pixels a viewer would show, or the reason why there are none."""

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from PIL import Image

from paribus.data import decode as decoding
from paribus.data.decode import LARGEST, Rule, contents, look
from paribus.data.pixels import Bytes, UnusableError

#: Upright: red above blue, taller than wide.
UPRIGHT = np.zeros((24, 16, 3), np.uint8)
UPRIGHT[:12, :, 0] = UPRIGHT[12:, :, 2] = 255


def decode(path: Path, color: Literal["rgb", "gray"], **rule: Any) -> Bytes:
    return decoding.decode(contents(path), Rule(color, **rule))


def saved(path: Path, image: Image.Image, **options: object) -> Path:
    image.save(path, **options)  # type: ignore[arg-type]  # any of the format's own options
    return path


BEST: dict[str, dict[str, object]] = {
    "PNG": {},
    "BMP": {},
    "WEBP": {"lossless": True},
    "JPEG": {"quality": 100, "subsampling": 0},
    "GIF": {},
    "TIFF": {},
    "PPM": {},
}


@pytest.mark.parametrize("format_", BEST)
def test_each_format_gives_its_pixels_whatever_its_name(format_: str, tmp_path: Path) -> None:
    image = Image.fromarray(UPRIGHT)
    pixels = decode(saved(tmp_path / "a.dat", image, format=format_, **BEST[format_]), "rgb")
    assert pixels.shape == (24, 16, 3)
    assert pixels.dtype == np.uint8
    off = np.abs(pixels.astype(int) - UPRIGHT).max()
    assert off <= (2 if format_ == "JPEG" else 0)  # JPEG rounds in another color space


def test_a_gray_study_sees_one_channel_and_a_color_study_three(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.png", Image.fromarray(UPRIGHT))
    gray = decode(path, "gray")
    assert gray.shape == (24, 16, 1)
    assert (gray[0, 0, 0], gray[-1, 0, 0]) == (76, 29)  # ITU-R 601: 0.299 R, 0.114 B
    lone = saved(tmp_path / "b.png", Image.fromarray(UPRIGHT[..., 0]))
    assert np.array_equal(decode(lone, "rgb"), np.repeat(UPRIGHT[..., :1], 3, axis=2))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_image_is_turned_upright_as_its_exif_says(orientation: int, tmp_path: Path) -> None:
    marked = np.zeros((4, 6, 3), np.uint8)
    marked[0, 0] = 255  # the corner that is stored first
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = saved(tmp_path / "a.png", Image.fromarray(marked), exif=exif)
    pixels = decode(path, "gray")[..., 0]
    # EXIF 2.3, tag 0x112: where the stored first row and column lie when upright.
    corner = {1: (0, 0), 2: (0, -1), 3: (-1, -1), 4: (-1, 0)}
    corner |= {5: (0, 0), 6: (0, -1), 7: (-1, -1), 8: (-1, 0)}
    assert pixels.shape == ((4, 6) if orientation <= 4 else (6, 4))
    assert pixels[corner[orientation]] == 255
    assert (pixels == 255).sum() == 1


def test_gray_of_16_bits_keeps_its_shades(tmp_path: Path) -> None:
    ramp = np.arange(256, dtype=np.uint16).reshape(16, 16) * 257
    path = saved(tmp_path / "deep.png", Image.fromarray(ramp))
    assert np.array_equal(decode(path, "gray")[..., 0], np.arange(256).reshape(16, 16))
    assert np.array_equal(decode(path, "rgb")[..., 1], np.arange(256).reshape(16, 16))


@pytest.mark.parametrize("mode", ["1", "P", "LA", "RGBA", "CMYK"])
def test_every_kind_of_pixel_becomes_red_green_and_blue(mode: str, tmp_path: Path) -> None:
    image = Image.fromarray(UPRIGHT).convert(mode)
    path = saved(tmp_path / "a", image, format="JPEG" if mode == "CMYK" else "PNG")
    assert decode(path, "rgb").shape == (24, 16, 3)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
@pytest.mark.parametrize(("background", "level"), [("white", 255), ("black", 0), ("gray", 128)])
def test_what_is_transparent_lies_over_the_background(
    mode: str, background: str, level: int, tmp_path: Path
) -> None:
    ink = np.zeros((8, 8, 4), np.uint8)  # black, and nothing but opacity says where
    ink[:, :4, 3] = 255
    image = Image.fromarray(ink).convert("RGBA" if mode == "P" else mode)
    if mode == "P":
        path = saved(tmp_path / "a.png", image.quantize())
    else:
        path = saved(tmp_path / "a.png", image)
    pixels = decode(path, "gray", background=background)[..., 0]
    assert (pixels[:, :4] == 0).all()
    assert (pixels[:, 4:] == level).all()
    assert look(contents(path)).transparent


def test_an_opaque_image_with_an_alpha_channel_is_as_it_would_be_without(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.png", Image.fromarray(UPRIGHT).convert("RGBA"))
    assert np.array_equal(decode(path, "rgb"), UPRIGHT)
    assert not look(contents(path)).transparent


@pytest.mark.parametrize("bits", [8, 10, 12, 16])
@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_the_highest_bits_that_the_folder_uses_are_kept(
    bits: int, suffix: str, tmp_path: Path
) -> None:
    ramp = (np.arange(256, dtype=np.uint16) << (bits - 8)).reshape(16, 16)
    path = saved(tmp_path / f"deep.{suffix}", Image.fromarray(ramp))
    assert look(contents(path)).bits == bits
    pixels = decode(path, "gray", bits=bits)[..., 0]
    assert np.array_equal(pixels, np.arange(256).reshape(16, 16))


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def deep_png(color: int, channels: int) -> bytes:
    """A PNG of 16 bits a channel, which Pillow can't write in color."""
    size = (8).to_bytes(4, "big")
    rows = (b"\0" + b"\x02\xbc" * (8 * channels)) * 8
    header = chunk(b"IHDR", size + size + bytes([16, color, 0, 0, 0]))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


DEEP = {
    "png": deep_png(2, 3),
    "png, transparent": deep_png(6, 4),
    "png, gray and transparent": deep_png(4, 2),
    "ppm": b"P6 8 8 65535\n" + b"\x02\xbc" * 192,
}


@pytest.mark.parametrize("content", DEEP.values(), ids=DEEP)
def test_color_of_16_bits_that_is_read_as_8_is_noticed(content: bytes) -> None:
    assert look(content).shortened


def test_all_bits_of_other_images_are_read(tmp_path: Path) -> None:
    assert not look(deep_png(0, 1)).shortened
    assert not look(b"P6 8 8 255\n" + bytes(192)).shortened
    for mode in ("RGB", "RGBA", "L", "P"):
        path = saved(tmp_path / f"{mode}.png", Image.new(mode, (8, 8)))
        assert not look(contents(path)).shortened


def test_floating_point_pixels_are_refused_with_what_to_do(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.tif", Image.fromarray(np.ones((8, 8), np.float32)))
    assert refused(path) == "floating-point pixels; convert them to integers of 16 bits"


@pytest.mark.parametrize("suffix", ["webp", "gif", "tif"])
def test_of_an_animation_the_first_image_is_taken(suffix: str, tmp_path: Path) -> None:
    frames = [Image.new("RGB", (8, 8), color) for color in ("red", "blue")]
    options = {"lossless": True} if suffix == "webp" else {}
    path = tmp_path / f"a.{suffix}"
    saved(path, frames[0], save_all=True, append_images=frames[1:], **options)
    assert (decode(path, "rgb") == (255, 0, 0)).all()
    assert look(contents(path)).animated


# ---- what is no image ---------------------------------------------------------------------


def refused(path: Path) -> str:
    with pytest.raises(UnusableError) as error:
        decode(path, "rgb")
    return str(error.value)


def test_an_empty_file_is_said_to_be_empty(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.touch()
    assert refused(path) == "an empty file"


@pytest.mark.parametrize("format_", ["ICO", "PCX", "EPS"])
def test_other_formats_are_left_alone_whatever_their_name(format_: str, tmp_path: Path) -> None:
    path = saved(tmp_path / "a.png", Image.fromarray(UPRIGHT), format=format_)
    assert refused(path) == "not a PNG, JPEG, WebP, BMP, GIF, TIFF or PPM"


def test_text_is_no_image(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("cats are nice")
    assert refused(path) == "not a PNG, JPEG, WebP, BMP, GIF, TIFF or PPM"


@pytest.mark.parametrize("format_", ["PNG", "JPEG", "BMP", "WEBP"])
def test_a_image_that_was_cut_off_is_damaged(format_: str, tmp_path: Path) -> None:
    path = tmp_path / "a"
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    saved(path, Image.fromarray(noise), format=format_)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert refused(path).startswith(("can't be read (", "not a PNG"))


def test_a_missing_file_and_a_folder_are_no_images(tmp_path: Path) -> None:
    assert refused(tmp_path / "nothing.png").startswith("can't be read (")
    assert refused(tmp_path).startswith("can't be read (")


@pytest.mark.parametrize("side", [7072, 9_400, 12_000, 2**31 - 1])
def test_a_claim_of_too_many_pixels_is_refused_before_any_is_read(
    side: int, tmp_path: Path
) -> None:
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    path = tmp_path / "bomb.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b""))
    assert side * side > LARGEST
    assert "pixels" in refused(path)


#: Each says 10,000 x 6,000 pixels: of a canvas, a lossless image, a lossy one.
WEBPS = {
    "VP8X": b"\x02\0\0\0" + (9_999).to_bytes(3, "little") + (5_999).to_bytes(3, "little"),
    "VP8L": b"\x2f" + struct.pack("<I", 9_999 | 5_999 << 14),
    "VP8 ": b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", 10_000, 6_000),
}


@pytest.mark.parametrize("kind", WEBPS)
def test_a_webp_of_too_many_pixels_is_refused_before_pillow_takes_memory_for_it(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Image, "open", lambda *_, **__: pytest.fail("Pillow was asked"))
    data = WEBPS[kind] + bytes(64)
    body = b"WEBP" + kind.encode() + struct.pack("<I", len(data)) + data
    with pytest.raises(UnusableError, match="at most 25 million pixels, got 10,000 x 6,000"):
        decoding.decode(b"RIFF" + struct.pack("<I", len(body)) + body)


@pytest.mark.parametrize("lossless", [True, False])
@pytest.mark.parametrize("frames", [1, 2])
def test_the_size_of_a_webp_is_read_as_pillow_reads_it(lossless: bool, frames: int) -> None:
    file = io.BytesIO()
    every = [Image.new("RGB", (37, 21), color) for color in ("red", "blue")][:frames]
    every[0].save(file, "WEBP", lossless=lossless, save_all=True, append_images=every[1:])
    assert decoding._webp_size(file.getvalue()) == (37, 21)


def test_the_largest_image_is_still_read(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.png", Image.new("1", (LARGEST // 5000, 5000)))
    assert decode(path, "gray").shape == (5000, 10_000, 1)


@pytest.mark.parametrize("format_", ["PNG", "JPEG", "BMP", "WEBP", "GIF", "TIFF", "PPM"])
def test_no_damage_does_more_than_refuse_the_image(
    format_: str, tmp_path: Path, damaged: Callable[[bytes], bytes]
) -> None:
    file = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    options = {"exif": exif} if format_ in {"PNG", "JPEG", "WEBP"} else {}
    Image.fromarray(UPRIGHT).save(file, format=format_, **options)
    path = tmp_path / "a"
    for _ in range(150):
        path.write_bytes(damaged(file.getvalue()))
        try:
            assert decode(path, "rgb").shape[2] == 3
        except UnusableError as error:
            assert str(error)


@pytest.fixture
def damaged() -> Callable[[bytes], bytes]:
    """Bytes with some of them overwritten, cut or doubled, another way each time."""
    random = np.random.default_rng(7)

    def damage(content: bytes) -> bytes:
        mangled = bytearray(content)
        for _ in range(random.integers(1, 6)):
            mangled[random.integers(len(mangled))] = random.integers(256)
        if random.random() < 0.3:
            del mangled[random.integers(len(mangled)) :]
        return bytes(mangled) or b"\0"

    return damage
