"""A run as somebody else's trainer or tracker left it, and the interface of all readers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

#: A value of a run's configuration; a list or anything else is its text as JSON.
Value = str | int | float | bool | None

#: How a run ended; "unknown" where the tool doesn't say.
Status = Literal["finished", "failed", "running", "unknown"]

#: What the places of a curve count.
Axis = Literal["step", "epoch"]


@dataclass(frozen=True, eq=False)
class Points:
    """One metric of a run as it was logged, in the order of its places.

    Attributes:
        at: (n,) steps or epochs, never falling; of a place that was logged twice, both stay.
        values: (n,) of which some may be NaN or infinite.
        axis: what `at` counts.
    """

    at: npt.NDArray[np.float64]
    values: npt.NDArray[np.float64]
    axis: Axis = "step"

    @classmethod
    def of(cls, pairs: Iterable[tuple[float, float]], axis: Axis = "step") -> Points:
        """Points from (place, value) pairs in any order; the order of equal places is kept."""
        rows = pairs if isinstance(pairs, np.ndarray) else list(pairs)
        table = np.array(rows, dtype=np.float64).reshape(-1, 2)
        table = table[np.argsort(table[:, 0], kind="stable")]
        return cls(table[:, 0], table[:, 1], axis)


@dataclass(frozen=True, eq=False)
class FoundPredictions:
    """What a run's network predicted for n examples.

    Attributes:
        ids: (n,) what each example is called, each once; they tell which are the same in two runs.
        labels, predicted: (n,) names of classes.
        classes: all of them; in the order in which the file has them, else numbers by size, else
            by the alphabet.
        probabilities: (n, classes) rows of sum 1 within 1 %; None where they weren't kept.
        paths: (n,) the files of the examples' images as they were written; empty if unknown.
    """

    ids: tuple[str, ...]
    labels: tuple[str, ...]
    predicted: tuple[str, ...]
    classes: tuple[str, ...]
    probabilities: npt.NDArray[np.float64] | None = None
    paths: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True)
class FoundRun:
    """A run that was found.

    Attributes:
        name: tells it from all others that were found: its path below the one that was given, or
            its id in a database. Readers give the whole path.
        title: what its author called it; "" where that is the name or nothing.
        group: what its tracker groups it by; "" for none.
        config: dotted name -> value: parameters, hyperparameters, arguments.
        metrics: name -> what was logged of it; one value alone has one point.
        setting, seed: where the file itself says so; else None.
        started: when, in seconds since 1970, where the tool says so.
        files: all that were read of it, for checksums.
        lost: sentences on what of it can't be read: a torn last record, a file that isn't JSON.
        notes: sentences on how it was read, and on what its files say of how it ended.
        predictions: of its test examples, where they were kept.
    """

    name: str
    title: str = ""
    group: str = ""
    status: Status = "unknown"
    config: Mapping[str, Value] = field(default_factory=dict)
    metrics: Mapping[str, Points] = field(default_factory=dict)
    setting: str | None = None
    seed: int | None = None
    started: float | None = None
    files: tuple[Path, ...] = ()
    lost: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    predictions: FoundPredictions | None = None


@dataclass(frozen=True)
class Reader:
    """What reads one layout.

    Attributes:
        tool: whose layout it is, as in messages: "MLflow", "a CSV table".
        recognizes: whether this file or folder is one of its own, by a look at names and first
            bytes; False where it can't be read.
        read: all runs in it. Raises `SourceError` in words, with the path, where nothing can be
            read; what is lost of a run stands in `FoundRun.lost`.
        tells_of_runs: whether a file that was found in a folder holds runs, not some other
            table; None where nothing else has its layout.
    """

    tool: str
    recognizes: Callable[[Path], bool]
    read: Callable[[Path], Sequence[FoundRun]]
    tells_of_runs: Callable[[Path], bool] | None = None
