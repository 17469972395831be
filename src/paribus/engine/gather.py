"""Batches of training images by the engine's library, in one pass over their bytes."""

import ctypes

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from paribus.engine.library import NoLibrary, library


class _Gathering(ctypes.Structure):
    """As native/gather.hpp has it."""

    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("images", "index", "moves", "centers", "values")),
        ("count", ctypes.c_int64),
        *((name, ctypes.c_int) for name in ("channels", "height", "width", "side")),
    )


def can_gather() -> bool:
    """Whether the library is there."""
    try:
        library()
    except NoLibrary:
        return False
    return True


def gather(
    images: Tensor,
    index: Tensor,
    values: Tensor,
    moves: npt.NDArray[np.int64],
    centers: npt.NDArray[np.int64] | None,
    side: int,
    to: Tensor,
) -> Tensor:
    """Images mirrored, shifted, normalized and cut out, written into `to`.

    Args:
        images: (all, channels, height, width) bytes.
        index: (n,) image numbers.
        values: (channels, 256) float32, what each byte becomes.
        moves: (n, 3) whether each is mirrored, its shift down, its shift right.
        centers: (n, 2) row and column of a square of `side` pixels that becomes 0, or None.
        to: (n, channels, height, width) float32.

    Raises:
        NoLibrary: there is none.
        ValueError: shapes or types don't fit, or an index is out of range.
    """
    moves = np.ascontiguousarray(moves)
    centers = None if centers is None else np.ascontiguousarray(centers)
    _require(images, index, values, moves, centers, to)
    its = _Gathering(
        images=images.data_ptr(),
        index=index.data_ptr(),
        moves=moves.ctypes.data,
        centers=None if centers is None else centers.ctypes.data,
        values=values.data_ptr(),
        count=len(index),
        channels=images.shape[1],
        height=images.shape[2],
        width=images.shape[3],
        side=side,
    )
    library().handle.paribus_gather(its, ctypes.c_void_p(to.data_ptr()))
    return to


def _require(
    images: Tensor,
    index: Tensor,
    values: Tensor,
    moves: npt.NDArray[np.int64],
    centers: npt.NDArray[np.int64] | None,
    to: Tensor,
) -> None:
    """Refuse what the library would read or write beyond."""
    count, shape = len(index), images.shape[1:]
    fits = (
        images.dtype == torch.uint8
        and index.dtype == torch.int64
        and values.dtype == to.dtype == torch.float32
        and values.shape == (shape[0], 256)
        and to.shape == (count, *shape)
        and all(tensor.is_contiguous() for tensor in (images, index, values, to))
        and moves.shape == (count, 3)
        and moves.dtype == np.int64
        and (centers is None or (centers.shape == (count, 2) and centers.dtype == np.int64))
    )
    if not fits:
        raise ValueError("expected bytes, numbers and memory that fit each other")
    if count and not 0 <= int(index.min()) <= int(index.max()) < len(images):
        raise ValueError(f"expected image numbers from 0 to {len(images) - 1}")
