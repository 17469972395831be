"""Named random generators for people's own training scripts, whose use can be proved.

>>> streams = paribus.streams(seed)
>>> noise = streams.numpy("noise")
>>> loader = DataLoader(images, shuffle=True, **streams.loader_kwargs("order"))

Each generator depends on the seed and on its name alone. Whatever else a setting draws, the
streams that it shares with another setting give both the same numbers, and hashes of what was
drawn prove it.

**What equal hashes say.** A hash covers the seed, the name and the generator's last state. A
generator only moves forward, so equal hashes mean that both runs took the same random bits from
it, as many of them. That proof begins anew where a script seeds a generator itself or sets its
state. A JAX key has no state: its hash says that the script asked for it. DataLoader workers draw
from generators of their own, seeded by numbers from the loader's generator: its hash proves that
their seeds were equal, not how much they drew. The same number of workers and the same
`persistent_workers` in all settings make that equal, too.

**Where the hashes go.** When Paribus runs a script it names a file in PARIBUS_STREAMS. At exit,
and by `save`, every `Streams` adds its hashes there: `{"seed": 3, "drawn": {"numpy noise": ...}}`.
Details such as an epoch are covered by the hash of their name. If several objects or processes of
one run used a name, their hashes stand there side by side, sorted, with a space in between. "seed"
is that of the first that wrote. Processes made by `fork` or `multiprocessing` add nothing.
"""

from __future__ import annotations

import atexit
import importlib.util
import os
import random
import re
import warnings
from collections.abc import Mapping
from operator import index
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from paribus.drawn import (
    GLOBAL,
    global_generators,
    make,
    merge,
    put,
    seed_global_generators,
    sha256,
    state_of,
)
from paribus.errors import StreamsError, first_line

if TYPE_CHECKING:
    import numpy as np
    import torch

SEED, FILE = "PARIBUS_SEED", "PARIBUS_STREAMS"

#: What a name and each detail may hold; spaces join them.
_WORD = re.compile(r"[\w.+-]+")

#: All that will write at exit.
_in_use: list[Streams] = []


def streams(seed: int | None = None) -> Streams:
    """The random generators of a run.

    Args:
        seed: the run's seed, from 0; by default the one in the environment variable PARIBUS_SEED,
            which Paribus sets for the commands that it runs.

    Raises:
        StreamsError: there is no seed, or it isn't a whole number from 0.
    """
    return Streams(_seed_there() if seed is None else seed)


def _seed_there() -> int:
    text = os.environ.get(SEED)
    if text is None:
        raise StreamsError(
            f"expected a seed, got none, and the environment has no {SEED}: write "
            "paribus.streams(seed), or start the script by `paribus run`"
        )
    if not text.isdecimal():
        raise StreamsError(f"{SEED}: expected a whole number from 0, got {text!r}")
    return int(text)


@atexit.register
def finish() -> None:
    """Save all streams of this process and forget them: the run that used them has ended."""
    while _in_use:
        _in_use.pop(0).save()


class Streams:
    """The named random generators of one seed; `paribus.streams` gives them.

    One name with the same details is one generator, however often it is asked for. A name is of
    letters, digits and `_ . + -`; a detail is such a text, or a whole number, as an epoch. A
    `StreamsError` says where one isn't. Each detail costs memory until the run ends: have one
    an epoch, not one an image.

    Raises:
        StreamsError: the seed isn't a whole number from 0.
    """

    def __init__(self, seed: int) -> None:
        self.seed = _whole(seed)
        self._made: dict[str, Any] = {}  # full name -> generator
        self._loaded: dict[str, Any] = {}  # full name -> state, of those that weren't made again
        self._ended: dict[str, str] = {}  # hashes of global generators before they were reseeded
        self._globals: str | None = None  # the name under which those are seeded now
        self._worker: tuple[str, ...] = ()  # what tells a DataLoader worker's generators apart
        self._process = os.getpid()
        self._file = Path(os.environ[FILE]).absolute() if os.environ.get(FILE) else None
        self._written: dict[str, str] = {}
        if self._file:
            _in_use.append(self)

    def numpy(self, name: str, *detail: str | int) -> np.random.Generator:
        """A generator of NumPy's."""
        return cast("np.random.Generator", self._generator("numpy", name, *detail))

    def torch(
        self, name: str, *detail: str | int, device: str | torch.device = "cpu"
    ) -> torch.Generator:
        """A generator of PyTorch's; each device has another of that name."""
        if str(device) == "cpu":
            return cast("torch.Generator", self._generator("torch", name, *detail))
        import torch

        place = torch.device(device)
        number = f":{place.index}" if place.index else ""  # "cuda" is "cuda:0"
        kind = f"torch:{place.type}{number}"
        return cast("torch.Generator", self._generator(kind, name, *detail))

    def python(self, name: str, *detail: str | int) -> random.Random:
        """A generator of Python's, with what the module `random` has."""
        return cast("random.Random", self._generator("python", name, *detail))

    def jax(self, name: str, *detail: str | int) -> Any:
        """A key for `jax.random` (threefry2x32), always the same one: split it to draw more.

        Raises:
            StreamsError: JAX isn't installed.
        """
        if importlib.util.find_spec("jax") is None:
            raise StreamsError("keys for JAX need JAX, which isn't installed: pip install jax")
        return self._generator("jax", name, *detail)

    def seed_globals(self, *detail: str | int) -> None:
        """Seed the generators that libraries draw from: torch's, NumPy's and Python's global ones.

        Call it before the network is built, and with the epoch when an epoch begins: what a
        setting draws more in one epoch, as dropout does, then doesn't shift the next. What is
        drawn after each call is hashed, as `torch global`, `numpy global` and `python global`.
        """
        self._ended |= self._hashes(self._states_of_globals())
        self._globals = _joined(GLOBAL, *detail)
        seed_global_generators(self.seed, self._globals, *self._worker)

    def loader_kwargs(self, name: str = "order", *detail: str | int) -> dict[str, Any]:
        """What torch's DataLoader needs so that its order and its workers follow from the seed.

        The order is the same whatever the number of workers. In each worker the generators of
        this object are seeded anew, by the worker's own seed, even those that the data set holds;
        torch does the same to the global ones. A data set for spawned workers can't hold a
        torch.Generator, which PyTorch can't hand over: it holds this object and asks for one.
        """
        return {"generator": self.torch(name, *detail), "worker_init_fn": self._start_worker}

    def _start_worker(self, worker: int) -> None:
        import torch

        self._worker = ("worker", str(torch.initial_seed()))  # another one in each epoch
        self._loaded = {}
        self._made = {full: of for full, of in self._made.items() if not full.startswith("jax ")}
        for full, generator in self._made.items():
            put(full, generator, self._first(full))

    def __getstate__(self) -> dict[str, Any]:
        # PyTorch can't hand its generators to processes that are spawned.
        torchs = [full for full in self._made if full.startswith("torch")]
        made = {full: of for full, of in self._made.items() if full not in torchs}
        states = {full: state_of(full, self._made[full]) for full in torchs}
        return {**self.__dict__, "_made": made, "_loaded": self._loaded | states}

    def deterministic(self) -> None:
        """Let torch choose algorithms that give the same bits every time; they may be slower.

        Call it before anything is done on a GPU. An operation that has none raises torch's
        RuntimeError. Python's hashes of texts, and so the order of sets, can be fixed only from
        outside: a warning says so if PYTHONHASHSEED doesn't.
        """
        import torch

        in_use = torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
        if in_use and "CUBLAS_WORKSPACE_CONFIG" not in os.environ:
            _warn("the GPU is in use already: call deterministic() before that")
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True)
        torch.backends.cudnn.deterministic = True
        torch.backends.cudnn.benchmark = False
        if not os.environ.get("PYTHONHASHSEED", "").isdecimal():
            _warn("every process orders sets of texts otherwise: run it with PYTHONHASHSEED=0")

    def drawn(self) -> dict[str, str]:
        """SHA-256 of what was drawn: kind and name, as "torch order", -> its hash.

        A generator from which nothing was drawn isn't in it.
        """
        hashes = self._hashes(self._states()) | self._ended
        hashes |= self._hashes(self._states_of_globals())
        names: dict[str, list[str]] = {}
        for full in sorted(hashes):
            names.setdefault(" ".join(full.split(" ")[:2]), []).append(f"{full} {hashes[full]}")
        return {name: sha256(of) for name, of in names.items()}

    def save(self) -> None:
        """Write the hashes to the file that Paribus named, if it did; a failure is a warning.

        It is done at exit, too. A script that may be killed can call it whenever it likes.
        """
        if self._file is None or self._process != os.getpid() or _is_worker():
            return
        try:
            drawn = self.drawn()
            merge(self._file, self.seed, drawn, self._written)
            self._written = drawn
        except Exception as error:  # whatever it is, training is worth more
            _warn(f"{self._file}: what was drawn wasn't written there ({first_line(error)})")

    def state_dict(self) -> dict[str, Any]:
        """Where all generators stand, for the script's own checkpoints.

        Plain values: `json.dumps` takes them, and so does `torch.save`, which `torch.load` reads
        with `weights_only=True`.
        """
        return {
            "seed": self.seed,
            "states": self._states(),
            "globals": self._globals,
            "global_states": self._states_of_globals(),
            "ended": dict(self._ended),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where a `state_dict` was taken: the script ends with the hashes of one that ran on.

        Generators that the script holds already are moved there, even back to their beginning, and
        so are the global ones.

        Raises:
            StreamsError: it is of another seed, or isn't what `state_dict` gives; then some
                generators may have been moved.
        """
        if state.get("seed") != self.seed:
            got = state.get("seed")
            raise StreamsError(f"expected generators of seed {self.seed}, got those of seed {got}")
        try:
            self._put(dict(state["states"]), state["globals"], dict(state["global_states"]))
            self._ended = dict(state["ended"])
        except Exception as error:
            raise StreamsError(
                f"expected what state_dict() gave, got something else ({first_line(error)}): "
                "begin without this checkpoint"
            ) from error

    def _put(self, states: dict[str, Any], name: str | None, global_states: dict[str, Any]) -> None:
        for full, generator in self._made.items():
            begun = full in states
            put(full, generator, states.pop(full) if begun else self._first(full))
        self._globals = name
        if name is not None:
            gpu = any(full.startswith("torch:") for full in global_states)
            for full, generator in global_generators(name, gpu).items():
                if full in global_states:
                    put(full, generator, global_states.pop(full))
        self._loaded = states

    def _generator(self, kind: str, name: str, *detail: str | int) -> Any:
        if name == GLOBAL:
            raise StreamsError(f"the name {name!r} is for what seed_globals() seeds: take another")
        full = f"{kind} {_joined(name, *detail)}"
        if full not in self._made:
            self._made[full] = make(self.seed, full, *self._worker)
            if full in self._loaded:
                put(full, self._made[full], self._loaded.pop(full))
        return self._made[full]

    def _states(self) -> dict[str, Any]:
        return self._loaded | {full: state_of(full, of) for full, of in self._made.items()}

    def _states_of_globals(self) -> dict[str, Any]:
        if self._globals is None:
            return {}
        found = global_generators(self._globals)
        return {full: state_of(full, generator) for full, generator in found.items()}

    def _hashes(self, states: Mapping[str, Any]) -> dict[str, str]:
        """Of those from which something was drawn; of a JAX key, which doesn't tell, always."""
        return {
            # With what was drawn under this name before, if the global ones were seeded so twice.
            full: sha256([self.seed, full, state, self._ended.get(full)])
            for full, state in states.items()
            if full.startswith("jax ") or state != self._first(full)
        }

    def _first(self, full: str) -> Any:
        """The state in which a generator is made."""
        return state_of(full, make(self.seed, full, *self._worker))


def _whole(seed: Any) -> int:
    try:
        whole = index(seed)  # NumPy's whole numbers are some, too
    except TypeError:
        whole = -1
    if whole < 0:
        raise StreamsError(f"expected a seed that is a whole number from 0, got {seed!r}")
    return whole


def _joined(name: str, *detail: str | int) -> str:
    words = [name, *map(str, detail)]
    for word in words:
        if not isinstance(word, str) or not _WORD.fullmatch(word):
            what = "letters, digits and _ . + -, as in 'augment'"
            raise StreamsError(f"expected a stream's name of {what}, got {word!r}")
    return " ".join(words)


def _is_worker() -> bool:
    """Whether multiprocessing started this process; it may have run the whole script again."""
    from multiprocessing import parent_process

    return parent_process() is not None


def _warn(text: str) -> None:
    warnings.warn(f"paribus.streams: {text}", stacklevel=3)
