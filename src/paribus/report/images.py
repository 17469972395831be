"""Images as addresses that hold them, so that a page needs no file beside it."""

from __future__ import annotations

import base64
import io
import warnings
from collections.abc import Callable

from PIL import Image

#: From a file's name to its PNG bytes, or None where it is missing.
ReadImage = Callable[[str], bytes | None]

#: Of WebP, 0 to 100: a photograph of this quality looks like the original, at a fifth of its size.
QUALITY = 85

#: The longest side of a kept image, far above that of any that is written here, in pixels.
LONGEST_SIDE = 2_048


def is_whole_png(content: bytes) -> bool:
    """Whether the bytes are a PNG that can be decoded, and not so large that it would hurt."""
    try:
        # Pillow warns of odd metadata, which an image may have.
        with (
            warnings.catch_warnings(action="ignore"),
            Image.open(io.BytesIO(content), formats=["PNG"]) as image,
        ):
            if max(image.size) > LONGEST_SIDE:
                return False
            image.load()
    except Exception:  # Pillow's decoder meets a stranger's bytes with many kinds of error
        return False
    return True


def data_uri(png: bytes) -> str:
    """A PNG as an address that holds it."""
    return _address("png", png)


def small_uri(png: bytes) -> str:
    """An image that is only looked at, as WebP where that is smaller than the PNG.

    What a network saw, pixel by pixel, is better left as it is.
    """
    file = io.BytesIO()
    image = Image.open(io.BytesIO(png), formats=["PNG"]).convert("RGB")
    image.save(file, format="WEBP", quality=QUALITY, method=4, icc_profile=None)
    webp = file.getvalue()
    return _address("webp", webp) if len(webp) < len(png) else data_uri(png)


def _address(kind: str, content: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"
