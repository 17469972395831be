"""The engine's machine code: which of its builds this processor runs, and what it is called.

The engine is compiled when Paribus is installed, once for each instruction set (setup.py). All
builds lie beside this file, each named after its instruction set: `x86-64-v3.so`.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch

FOLDER = Path(__file__).parent

#: Names a build to use instead of the best one, for tests and benchmarks.
VARIABLE = "PARIBUS_ENGINE_BUILD"

#: The x86-64 level of a processor, by torch's name for what it can do.
LEVELS = {"AVX2": 3, "AVX512": 4}
LOWEST = 2


class NoLibrary(Exception):  # noqa: N818  # a reason to use torch, not a mistake
    """The engine can't be used here; says why in one clause."""


@dataclass(frozen=True)
class Library:
    """The engine's machine code, loaded.

    Attributes:
        build: the instruction set it was compiled for, such as x86-64-v3.
        digest: SHA-256 of its file, in hexadecimal digits.
        handle: its functions.
    """

    build: str
    digest: str
    handle: ctypes.CDLL


@cache
def library() -> Library:
    """Load the best build that this processor runs, or the one that PARIBUS_ENGINE_BUILD names.

    Raises:
        NoLibrary: if there is none.
    """
    there = _builds()
    if not there:
        raise NoLibrary(
            "it was not compiled when Paribus was installed, which needs a C++17 compiler "
            "(GCC 11, Clang 12 or newer)"
        )
    runnable = [build for build in there if _runs(build)]
    wanted = os.environ.get(VARIABLE)
    if wanted:
        _demand(wanted, there, runnable)
    elif not runnable:
        raise NoLibrary(f"this processor runs none of its builds ({', '.join(there)})")
    build = wanted or runnable[-1]
    path = there[build]
    return Library(build, hashlib.sha256(path.read_bytes()).hexdigest(), _load(path))


def _builds() -> dict[str, Path]:
    """Every build that was compiled, the best last."""
    return {path.stem: path for path in sorted(FOLDER.glob("*.so"))}


def _runs(build: str) -> bool:
    """Whether this processor has the instructions that a build uses."""
    family, _, level = build.rpartition("-v")
    if family != "x86-64":
        return True
    return int(level) <= LEVELS.get(torch.backends.cpu.get_cpu_capability(), LOWEST)


def _demand(wanted: str, there: dict[str, Path], runnable: list[str]) -> None:
    if wanted not in there:
        raise NoLibrary(
            f"{VARIABLE} is {wanted!r}, which was not compiled; there are {', '.join(there)}"
        )
    if wanted not in runnable:
        raise NoLibrary(
            f"{VARIABLE} is {wanted}, which this processor doesn't run; "
            f"it runs {', '.join(runnable) or 'none'}"
        )


def _load(path: Path) -> ctypes.CDLL:
    try:
        return ctypes.CDLL(str(path))
    except OSError as error:
        raise NoLibrary(f"{path.name} can't be loaded: {error}") from error
