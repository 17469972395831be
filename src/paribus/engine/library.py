"""The engine's machine code: loads the best build that this processor runs.

Installing Paribus compiles the engine once per instruction set (setup.py). The builds are beside
this file, named after their instruction sets: `x86-64-v3.so`.
"""

import ctypes
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch

from paribus.io.reading import file_sha256

FOLDER = Path(__file__).parent

#: Environment variable that names another build, for tests and benchmarks.
VARIABLE = "PARIBUS_ENGINE_BUILD"

#: The x86-64 level of a processor, by torch's name of its capability.
LEVELS = {"AVX2": 3, "AVX512": 4}
LOWEST = 2


class NoLibrary(Exception):  # noqa: N818  # a reason to use torch, not a mistake
    """Why the engine can't be used here, as a clause."""


@dataclass(frozen=True)
class Library:
    """The engine's machine code, loaded.

    Attributes:
        build: the instruction set it was compiled for, such as x86-64-v3.
        digest: SHA-256 of its file, in hexadecimal.
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
    builds = {path.stem: path for path in sorted(FOLDER.glob("*.so"))}  # the best last
    if not builds:
        raise NoLibrary(
            "it was not compiled when Paribus was installed, which needs a C++17 compiler "
            "(GCC 11, Clang 12 or newer)"
        )
    runnable = [build for build in builds if _runs(build)]
    wanted = os.environ.get(VARIABLE)
    if wanted:
        _require(wanted, list(builds), runnable)
    elif not runnable:
        raise NoLibrary(f"this processor runs none of its builds ({', '.join(builds)})")
    build = wanted or runnable[-1]
    path = builds[build]
    return Library(build, file_sha256(path), _load(path))


def _runs(build: str) -> bool:
    """Whether this processor has the instructions that a build uses."""
    family, _, level = build.rpartition("-v")
    if family != "x86-64":
        return True
    return int(level) <= LEVELS.get(torch.backends.cpu.get_cpu_capability(), LOWEST)


def _require(wanted: str, builds: list[str], runnable: list[str]) -> None:
    able = ", ".join(runnable) or "none"
    if wanted not in builds:
        raise NoLibrary(f"{VARIABLE}: expected one of {', '.join(builds)}, got {wanted!r}")
    if wanted not in runnable:
        raise NoLibrary(f"{VARIABLE}: expected a build for this processor ({able}), got {wanted!r}")


def _load(path: Path) -> ctypes.CDLL:
    try:
        return ctypes.CDLL(str(path))
    except OSError as error:
        raise NoLibrary(f"{path.name} can't be loaded: {error}") from error
