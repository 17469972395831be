"""Attribution maps as small PNGs to lie over what the network saw."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
from PIL import Image

from paribus.records.types import Floats
from paribus.report.theme import COLORS

#: The strongest color stands for this percentile of a map's own absolute values: a single
#: pixel that sticks out must not make all the others pale.
STRONGEST = 99

#: Shades each way. With these and nothing between them, sixteen colors, a pixel takes four bits.
SHADES = 7


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


def _rgb(name: str) -> bytes:
    return bytes.fromhex(COLORS[name].removeprefix("#"))


_PALETTE = _rgb("blue") * SHADES + _rgb("paper") + _rgb("vermillion") * SHADES
_OPACITY = bytes(round(255 * abs(shade) / SHADES) for shade in range(-SHADES, SHADES + 1))
