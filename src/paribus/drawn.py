"""What scripts drew: generators made and moved by name, their states, and the file of hashes.

A generator's full name is its kind, its name and its details: `numpy noise`, `torch order 3`,
`torch:cuda init`. States are plain values, as JSON has them.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from paribus.stream import stream, stream_key, torch_seed

#: The name of the generators that libraries draw from by themselves.
GLOBAL = "global"


def make(seed: int, full: str, *detail: str) -> Any:
    """The generator of a full name, as it is before anything is drawn."""
    match _kind(full):
        case "numpy" if _is_global(full):
            import numpy

            words = stream_key(seed, full, *detail).to_bytes(32, "little")
            return numpy.random.RandomState(numpy.frombuffer(words, numpy.uint32))
        case "numpy":
            return stream(seed, full, *detail)
        case "python":
            return random.Random(stream_key(seed, full, *detail))
        case "jax":
            return _jax_key(stream_key(seed, full, *detail))
        case _:
            import torch

            place = full.split(" ")[0].partition(":")[2]
            return torch.Generator(place or "cpu").manual_seed(torch_seed(seed, full, *detail))


def _jax_key(key: int) -> Any:
    import jax

    words = jax.numpy.array([key >> 224, key >> 192 & 0xFFFFFFFF], "uint32")
    # Its own kind of key, so that JAX's configuration doesn't choose the numbers.
    return jax.random.wrap_key_data(words, impl="threefry2x32")


def state_of(full: str, generator: Any) -> Any:
    """Where a generator stands; of a JAX key, which is always the same, the key."""
    match _kind(full):
        case "numpy" if _is_global(full):
            return _plain(generator.get_state(legacy=False))
        case "numpy":
            return _plain(generator.bit_generator.state)
        case "python":
            return _plain(generator.getstate())
        case "jax":
            import jax

            return jax.random.key_data(generator).tolist()
        case _:
            return generator.get_state().numpy().tobytes().hex()


def _plain(value: Any) -> Any:
    """Dictionaries, lists, numbers and texts alone."""
    if isinstance(value, Mapping):
        return {key: _plain(of) for key, of in value.items()}
    if isinstance(value, tuple):
        return [_plain(of) for of in value]
    return value.tolist() if hasattr(value, "tolist") else value


def put(full: str, generator: Any, state: Any) -> None:
    """Move a generator to where another of its name stood; raises whatever its library does."""
    match _kind(full):
        case "numpy" if _is_global(full):
            generator.set_state(state)
        case "numpy":
            generator.bit_generator.state = state
        case "python":
            version, words, gauss = state
            generator.setstate((version, tuple(words), gauss))
        case "jax":
            pass
        case _:
            import torch

            generator.set_state(torch.frombuffer(bytearray.fromhex(state), dtype=torch.uint8))


def _kind(full: str) -> str:
    return full.split(" ")[0].partition(":")[0]


def _is_global(full: str) -> bool:
    return full.split(" ")[1] == GLOBAL


def global_generators(name: str, gpu: bool = False) -> dict[str, Any]:
    """Full name -> the generators that libraries draw from by themselves.

    A GPU's is there once the GPU is in use; `gpu` takes it into use if there is one.
    """
    import numpy
    import torch

    found = {
        f"torch {name}": torch.default_generator,
        f"numpy {name}": numpy.random,
        f"python {name}": random,
    }
    if gpu and torch.cuda.is_available():
        torch.cuda.init()  # type: ignore[no-untyped-call]
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        here = torch.cuda.current_device()
        found[f"torch:cuda {name}"] = torch.cuda.default_generators[here]
    return found


def seed_global_generators(seed: int, name: str, *detail: str) -> None:
    """Seed all of them, on every GPU too, as `make` does those of their names."""
    import numpy
    import torch

    random.setstate(make(seed, f"python {name}", *detail).getstate())
    numpy.random.set_state(make(seed, f"numpy {name}", *detail).get_state())
    torch.manual_seed(torch_seed(seed, f"torch {name}", *detail))
    torch.cuda.manual_seed_all(torch_seed(seed, f"torch:cuda {name}", *detail))


def sha256(value: Any) -> str:
    """The SHA-256 of plain values, in hexadecimal digits."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def merge(file: Path, seed: int, drawn: Mapping[str, str], before: Mapping[str, str]) -> None:
    """Add hashes to a file of them, instead of those that were written before.

    The file is replaced as a whole, and no other process does it meanwhile. Where several have
    hashes of one name they are sorted, as the order in which processes end is chance.

    Raises:
        OSError: it can't be read or written.
        ValueError: something else stands in it.
    """
    from paribus.io.disk import write_file

    with _alone(file.parent):
        found = _read(file) or {"seed": seed, "drawn": {}}
        each = {name: digests.split(" ") for name, digests in found["drawn"].items()}
        for name, digest in before.items():
            with suppress(KeyError, ValueError):
                each[name].remove(digest)
        for name, digest in drawn.items():
            each.setdefault(name, []).append(digest)
        joined = {name: " ".join(sorted(digests)) for name, digests in sorted(each.items())}
        text = json.dumps({"seed": found["seed"], "drawn": joined}, indent=1)
        write_file(file, text.encode())


def _read(file: Path) -> Any:
    try:
        found = json.loads(file.read_bytes())
    except FileNotFoundError:
        return None
    try:
        texts = [found["seed"], *found["drawn"].values()]
    except (TypeError, KeyError, AttributeError):
        texts = []
    if not texts or not all(isinstance(text, str) for text in texts[1:]):
        raise ValueError("another program's file is there")
    return found


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    handle = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # some file systems don't lock folders
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
