"""JPEG files that hold nothing but their pixels, decoded without a look for anything else.

Small images take Pillow longer to look for metadata than to decode.
"""

from PIL import Image

#: The segments of a plain file before its first scan: JFIF's own, tables, and the sizes.
_JFIF, _TABLES = 0xE0, (0xDB, 0xC4, 0xDD)
_SIZES = (0xC0, 0xC2)  # of a baseline and of a progressive file
_SCAN = 0xDA


def plain_jpeg(content: bytes, largest: int) -> Image.Image | None:
    """The image in a plain JPEG file of at most `largest` pixels, in gray or in color.

    None for all others: files with EXIF, color profiles or several images, of other color spaces,
    damaged ones. Pillow's own way has the pixels of these, or the reason why there are none.
    """
    if not content.startswith(b"\xff\xd8"):
        return None
    try:
        sizes = _sizes(content)
        if sizes is None:
            return None
        width, height, channels = sizes
        if not 0 < width * height <= largest or channels not in (1, 3):
            return None
        mode = "L" if channels == 1 else "RGB"
        # As Pillow's reader of JPEG files asks for it.
        return Image.frombytes(mode, (width, height), content, "jpeg", mode, "")
    except (IndexError, ValueError, OSError):
        return None


def _sizes(content: bytes) -> tuple[int, int, int] | None:
    """Width, height and channels; None unless all that comes before the first scan is plain."""
    sizes = None
    at = 2
    while content[at] == 0xFF:
        kind, length = content[at + 1], content[at + 2] << 8 | content[at + 3]
        if kind == _SCAN:
            return sizes
        if kind in _SIZES:
            if content[at + 4] != 8 or sizes is not None:  # bits
                return None
            height = content[at + 5] << 8 | content[at + 6]
            sizes = content[at + 7] << 8 | content[at + 8], height, content[at + 9]
        elif kind not in _TABLES and kind != _JFIF:
            return None
        at += 2 + length
    return None
