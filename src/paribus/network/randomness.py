"""The global random generators, which dropout and users' networks draw from.

They are torch's, NumPy's and Python's own. A generator that a network makes for itself, such as
`numpy.random.default_rng()`, is out of reach.
"""

import hashlib
import random
from typing import Any

import numpy as np
import torch
from torch import Tensor

from paribus.stream import stream_key, torch_seed

#: Bytes of a SHA-256.
_DIGEST = 32


def seed_generators(seed: int, purpose: str, *detail: str | int) -> None:
    """Seed all of them from the stream for `purpose`."""
    torch.manual_seed(torch_seed(seed, purpose, *detail))
    pythons, numpys = _seeded(seed, purpose, *detail)
    random.setstate(pythons)
    np.random.set_state(numpys)


def drawn(seed: int, purpose: str, *detail: str | int, on_device: bytes = b"") -> Tensor:
    """What tells what was drawn since they were seeded so, as bytes of one length: (n,) uint8.

    It is the state of torch's generator. Where NumPy's or Python's was drawn from too, or a GPU
    has a generator of its own, the SHA-256 of all stands in its first 32 bytes.

    Args:
        on_device: the state of a GPU's generator.
    """
    state, others = torch.get_rng_state(), (random.getstate(), np.random.get_state())
    text = repr(_plain(*others))
    if on_device or text != repr(_plain(*_seeded(seed, purpose, *detail))):
        digest = hashlib.sha256(state.numpy().tobytes() + text.encode() + on_device).digest()
        state[:_DIGEST] = torch.frombuffer(bytearray(digest), dtype=torch.uint8)
    return state


def _seeded(seed: int, purpose: str, *detail: str | int) -> tuple[Any, Any]:
    """The states of Python's and NumPy's generators once they are seeded so."""
    # Both are the same generator, so that one key for both would have them draw the same numbers.
    pythons = random.Random(stream_key(seed, purpose, "python", *detail))
    words = stream_key(seed, purpose, *detail).to_bytes(_DIGEST, "little")
    numpys = np.random.RandomState(np.frombuffer(words, np.uint32))
    return pythons.getstate(), numpys.get_state()


def _plain(pythons: Any, numpys: Any) -> tuple[Any, ...]:
    name, numbers, *rest = numpys
    return pythons, name, numbers.tolist(), *rest
