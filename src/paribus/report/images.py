"""Images and attribution maps as addresses that hold them, so that a page needs no other file."""

import base64
import io
import warnings
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from PIL import Image

from paribus.records.types import Floats
from paribus.report.charts import COLORS

#: From a file's name to its PNG bytes, or None where it is missing.
ReadImage = Callable[[str], bytes | None]

#: Of WebP, 0 to 100: a photograph of this quality looks like the original, at a fifth of its size.
QUALITY = 85

#: The longest side of a kept image, far above that of any that is written here, in pixels.
LONGEST_SIDE = 2_048

#: The strongest color stands for this percentile of a map's own absolute values: a single
#: pixel that sticks out must not make all the others pale.
STRONGEST = 99

#: Shades each way. With these and nothing between them, sixteen colors, a pixel takes four bits.
SHADES = 7


def is_whole_png(content: bytes) -> bool:
    """Whether the bytes are a PNG that can be decoded, and not so large that it would hurt."""
    try:
        with warnings.catch_warnings(action="ignore"):  # of odd metadata, which an image may have
            with Image.open(io.BytesIO(content), formats=["PNG"]) as image:
                if max(image.size) > LONGEST_SIDE:
                    return False
                image.verify()  # compares checksums; after it, nothing can be decoded
            with Image.open(io.BytesIO(content), formats=["PNG"]) as image:
                image.load()
    except Exception:  # Pillow's decoder meets a stranger's bytes with many kinds of error
        return False
    return True


def data_uri(png: bytes) -> str:
    """A PNG as an address that holds it."""
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


def small_uri(png: bytes) -> str:
    """An image that is only looked at, as WebP where that is smaller than the PNG.

    What a network saw, pixel by pixel, is better left as it is.
    """
    file = io.BytesIO()
    image = Image.open(io.BytesIO(png), formats=["PNG"]).convert("RGB")
    image.save(file, format="WEBP", quality=QUALITY, method=4, icc_profile=None)
    webp = file.getvalue()
    if len(webp) >= len(png):
        return data_uri(png)
    return f"data:image/webp;base64,{base64.b64encode(webp).decode()}"


def overlay(attribution: Floats) -> bytes:
    """A map as a PNG of its size: vermillion speaks for the target class, blue against it.

    The stronger a pixel speaks, the less transparent it is; one that says nothing can't be seen.

    Args:
        attribution: (height, width) what each pixel adds to the target's log probability.
    """
    image = Image.fromarray((_shades(attribution) + SHADES).astype(np.uint8))
    image.putpalette(_PALETTE)  # which makes numbers of colors of what were shades of gray
    file = io.BytesIO()
    image.save(file, format="PNG", bits=4, transparency=_OPACITY, optimize=True)
    return file.getvalue()


def _shades(attribution: Floats) -> npt.NDArray[np.float64]:
    """Whole numbers from minus to plus `SHADES`, in proportion to the values, the strongest cut."""
    values = np.nan_to_num(np.asarray(attribution, dtype=np.float64))
    strongest = np.percentile(np.abs(values), STRONGEST)
    if strongest == 0:  # hardly a pixel says anything: what does is all that can be shown
        strongest = np.abs(values).max() or 1.0
    return np.asarray(np.rint(np.clip(values / strongest, -1, 1) * SHADES))


_BLUE, _PAPER, _VERMILLION = (
    bytes.fromhex(COLORS[name].removeprefix("#")) for name in ("blue", "paper", "vermillion")
)
_PALETTE = _BLUE * SHADES + _PAPER + _VERMILLION * SHADES
_OPACITY = bytes(round(255 * abs(shade) / SHADES) for shade in range(-SHADES, SHADES + 1))
