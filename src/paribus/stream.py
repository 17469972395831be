"""Named, independent random streams: the same seed and purpose give the same numbers.

Two settings of a study are *paired* because each draws its images' order, its initial
values, its augmentation and its dropout from streams that depend on the seed and the
purpose alone, never on what else was drawn before.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


def stream_key(seed: int, purpose: str, *detail: str | int) -> int:
    """The 256-bit key of the stream for `purpose` (and `detail`, such as an epoch) of a seed."""
    text = "\x1f".join(["paribus", purpose, *map(str, detail), str(seed)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest(), "big")


def stream(seed: int, purpose: str, *detail: str | int) -> np.random.Generator:
    """A random generator of its own for `purpose`, independent of every other purpose.

    The key feeds NumPy's SeedSequence (O'Neill's seed_seq_fe design), so that streams with
    similar names are as unrelated as streams with different ones.
    """
    import numpy as np  # here: scripts that draw otherwise needn't wait for it

    return np.random.Generator(np.random.PCG64(stream_key(seed, purpose, *detail)))


def torch_seed(seed: int, purpose: str, *detail: str | int) -> int:
    """A 63-bit seed for a torch generator that serves `purpose`."""
    return stream_key(seed, purpose, *detail) >> 193
