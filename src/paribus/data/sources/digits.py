"""scikit-learn's bundled digits: 1,797 grey pictures of 8x8 pixels, written by 43 people."""

from __future__ import annotations

import hashlib

import numpy as np

from paribus.data.pictures import Bytes, Pictures


def open_digits() -> Pictures:
    """The digits, with their 17 grey levels (0 to 16) spread over a byte."""
    from sklearn.datasets import load_digits  # here, since it takes a second to import

    images, labels = load_digits(return_X_y=True)
    pixels = np.rint(images.reshape(-1, 8, 8, 1) * (255 / 16)).astype(np.uint8)

    def read(index: int) -> Bytes:
        picture: Bytes = pixels[index]
        return picture

    return Pictures(
        source="digits",
        classes=tuple("0123456789"),
        labels=labels.astype(np.int64),
        part=np.full(len(labels), ""),
        channels=1,
        fingerprint=hashlib.sha256(
            pixels.tobytes() + labels.astype(np.uint8).tobytes()
        ).hexdigest(),
        read=read,
    )
