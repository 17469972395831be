"""What the files of a test picture are called, in `pictures/` beside the records."""

from __future__ import annotations


def original_name(index: int) -> str:
    """The file of the picture as its source has it; `index` is its number there."""
    return f"original-{index}.png"


def seen_name(data: str, index: int) -> str:
    """The file of the picture as a network saw it.

    Args:
        data: fingerprint of the prepared data set: two settings may see one picture in the
            same size and yet not alike, as with and without blur.
    """
    return f"seen-{data[:8]}-{index}.png"
