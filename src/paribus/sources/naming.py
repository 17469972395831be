"""What runs are called: by their paths below what was given, no two alike."""

from __future__ import annotations

import dataclasses
import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from paribus.sources.run import FoundRun


def named(runs: Sequence[FoundRun], paths: Sequence[Path]) -> list[FoundRun]:
    """Runs whose names begin below the folder that was given, or that all given paths share.

    A name that is no path, as an id in a database is, stays; if another run has it too, its file
    stands in front.
    """
    base = _base(paths)
    given = tuple(path.as_posix() for path in paths)
    names = [_below(run.name, base) if run.name.startswith(given) else run.name for run in runs]
    names = _different(names, [_file(run, base) for run in runs])
    numbers = [str(number) for number in range(1, len(names) + 1)]
    names = _different(names, numbers)
    return [dataclasses.replace(run, name=name) for run, name in zip(runs, names, strict=True)]


def _base(paths: Sequence[Path]) -> str:
    """The folder that was given or that the given file lies in; of several, the one they share."""
    folders = [_absolute(path if path.is_dir() else path.parent) for path in paths]
    try:
        return os.path.commonpath(folders)
    except ValueError:  # two drives
        return ""


def _below(name: str, base: str) -> str:
    place = _absolute(Path(name))
    if place == base:
        return Path(place).name
    return place.removeprefix(base.rstrip(os.sep) + os.sep)


def _absolute(path: Path) -> str:
    """The whole path; a link stays one, since its own name is what its user reads."""
    return os.path.normpath(path.absolute())


def _file(run: FoundRun, base: str) -> str:
    return _below(str(run.files[0]), base) if run.files else ""


def _different(names: Sequence[str], fronts: Sequence[str]) -> list[str]:
    """Names, with something in front of those that stand there several times."""
    counts = Counter(names)
    return [
        name if counts[name] == 1 else f"{front}: {name}"
        for name, front in zip(names, fronts, strict=True)
    ]
