"""The words of a command, and the environment that it meets."""

import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from paribus.study.config import flat
from paribus.study.placeholders import OVERRIDES, as_flags, as_hydra, filled, written
from paribus.study.trainer import Command

#: How many threads libraries take, each by a variable of its own.
THREADS = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


def words(trainer: Command, parameters: Mapping[str, Any], seed: int, out: Path) -> list[str]:
    """The command of a run, word by word; a value is never more than one word.

    Only with `shell` a shell reads it; each value is quoted then.
    """
    flattened = dict(flat(parameters))
    values = {name: written(value) for name, value in flattened.items()}
    values |= {"seed": str(seed), "out": str(out)}
    every = as_flags(flattened) if trainer.style == "flags" else as_hydra(flattened)
    if trainer.shell:
        quoted = {name: shlex.quote(value) for name, value in values.items()}
        quoted[OVERRIDES] = shlex.join(every)
        return ["/bin/sh", "-c", filled(trainer.command, quoted.__getitem__)]
    values[OVERRIDES] = shlex.join(every)
    result: list[str] = []
    for word in shlex.split(trainer.command):
        alone = word == f"{{{OVERRIDES}}}"
        result += every if alone else [filled(word, values.__getitem__)]
    return result


def environment(
    seed: int, out: Path, parameters: Path, streams: Path, threads: int
) -> dict[str, str]:
    """What the command finds in its environment, beside what this process has.

    Args:
        parameters: the JSON file that has them.
        streams: the file into which `paribus.streams` writes what was drawn.
    """
    return {
        "PARIBUS_SEED": str(seed),
        "PARIBUS_OUT": str(out),
        "PARIBUS_PARAMETERS": str(parameters),
        "PARIBUS_STREAMS": str(streams),
        "PYTHONHASHSEED": "0",
        "PYTHONUNBUFFERED": "1",  # what it prints is shown as it is printed
        **dict.fromkeys(THREADS, str(threads)),
    }


def outer(python_path: str | None) -> dict[str, str]:
    """The environment of this process with the caller's PYTHONPATH: a worker's own is Paribus's."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return kept | ({"PYTHONPATH": python_path} if python_path else {})
