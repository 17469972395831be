"""The checksums of TensorBoard's records: CRC-32C, masked.

Pure Python takes 0.1 microseconds a byte, which is seconds for the files of a study. Records are
small and many, so the same byte of all records is taken at once.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

#: So many records at least are worth NumPy's few microseconds a step.
_WORTH = 16


def masked_crc32c(records: Sequence[bytes]) -> npt.NDArray[np.uint32]:
    """(n,) the masked CRC-32C of each record.

    Castagnoli's polynomial (RFC 3720, appendix B.4), with TensorFlow's mask for sums that are
    themselves part of what is summed (tensorflow/tsl/lib/hash/crc32c.h).
    """
    lengths = np.array([len(record) for record in records], dtype=np.int64)
    data = np.frombuffer(b"".join(records), np.uint8)
    return masked_crc32c_within(data, np.cumsum(lengths) - lengths, lengths)


def masked_crc32c_within(
    data: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]
) -> npt.NDArray[np.uint32]:
    """(n,) the masked CRC-32C of `lengths[i]` bytes from `starts[i]` on, for each i."""
    order = np.argsort(-lengths, kind="stable")
    sums = np.empty(len(order), np.uint32)
    sums[order] = _descending(data, starts[order], lengths[order])
    fifteen, seventeen = np.uint32(15), np.uint32(17)
    return ((sums >> fifteen) | (sums << seventeen)) + np.uint32(0xA282EAD8)


def _descending(
    data: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]
) -> npt.NDArray[np.uint32]:
    """CRC-32C of records that never grow; those that are long enough for a byte stand in front."""
    together = int(lengths[_WORTH - 1]) if len(lengths) >= _WORTH else 0
    sums = np.full(len(lengths), 0xFFFFFFFF, np.uint32)
    counts = len(lengths) - np.searchsorted(lengths[::-1], np.arange(together), side="right")
    for place, count in enumerate(counts.tolist()):
        some = sums[:count]
        column = data[starts[:count] + place]
        sums[:count] = _TABLE[(some ^ column) & 255] ^ (some >> 8)
    for index in range(min(_WORTH - 1, len(lengths))):
        rest = data[starts[index] + together : starts[index] + lengths[index]].tobytes()
        sums[index] = _on(int(sums[index]), rest)
    return ~sums


def _on(value: int, data: bytes) -> int:
    for byte in data:
        value = _STEPS[(value ^ byte) & 255] ^ value >> 8
    return value


def _table() -> list[int]:
    steps = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ 0x82F63B78 * (value & 1)
        steps.append(value)
    return steps


_STEPS = _table()
_TABLE = np.array(_STEPS, np.uint32)
