"""What the files of a test image are called, in `images/` beside the records."""

from __future__ import annotations


def original_name(index: int) -> str:
    """The file of the image as its source has it; `index` is its number there."""
    return f"original-{index}.png"


def seen_name(data: str, index: int) -> str:
    """The file of the image as a network saw it.

    Args:
        data: fingerprint of the prepared data set: two settings may see one image in the
            same size and yet not alike, as with and without blur.
    """
    return f"seen-{data[:8]}-{index}.png"
