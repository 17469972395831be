"""Pictures as addresses that hold them, so that a page needs no file beside it."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable

from PIL import Image

#: From a file's name to its PNG bytes, or None where it is missing.
Pictures = Callable[[str], bytes | None]

#: Of WebP, 0 to 100: a photograph of this quality looks like the original, at a fifth of its size.
QUALITY = 85


def data_uri(png: bytes) -> str:
    """A PNG as an address that holds it."""
    return _address("png", png)


def small_uri(png: bytes) -> str:
    """A picture that is only looked at, as WebP where that is smaller than the PNG.

    What a network saw, pixel by pixel, is better left as it is.
    """
    file = io.BytesIO()
    Image.open(io.BytesIO(png)).save(file, format="WEBP", quality=QUALITY, method=4)
    webp = file.getvalue()
    return _address("webp", webp) if len(webp) < len(png) else data_uri(png)


def _address(kind: str, content: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"
