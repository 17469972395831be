"""scikit-learn's bundled handwritten digits: 1,797 gray images of 8x8, no download."""

import hashlib

import numpy as np

from paribus.data.images import Bytes, Originals
from paribus.errors import DataError

#: SHA-256 over the images as published.
CONTENTS = "0b7e9c3202d7bcd255d6a19a238d3743bf5e320ba74812a6679958a017c55382"
NEEDS = "the digits data need scikit-learn: pip install 'paribus[digits]'"


def open_digits() -> Originals:
    """The digits of Alpaydin and Kaynak (1998), their 17 gray levels scaled to 0..255.

    Raises:
        DataError: scikit-learn isn't installed.
    """
    # Imported here: nothing else needs scikit-learn, and importing it takes a second.
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise DataError(NEEDS) from None

    bundled = load_digits()
    pixels: Bytes = np.rint(bundled.images * (255 / 16)).astype(np.uint8)[..., None]
    labels = bundled.target.astype(np.int64)
    contents = pixels.tobytes() + labels.astype("<i8").tobytes()
    return Originals(
        source="digits",
        classes=tuple("0123456789"),
        labels=labels,
        part=np.full(len(labels), ""),
        channels=1,
        fingerprint=hashlib.sha256(contents).hexdigest(),
        read=lambda i: pixels[i],
    )
