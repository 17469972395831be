"""What a run's script left in its folder, read as `paribus compare` reads runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from paribus.errors import SourceError
from paribus.io.reading import UnfitError, names_in, read_whole
from paribus.io.strict_json import loads
from paribus.scripts.layout import METRICS, PREDICTIONS, TABLE
from paribus.sources.find import read_runs
from paribus.sources.predictions import read_predictions
from paribus.sources.run import FoundPredictions, FoundRun, Points
from paribus.study.config import flat

#: Bytes of metrics.json.
LARGEST = 1 << 26
#: Bars and progress files that no reader takes for runs may lie there too; so many are named.
MOST_NAMED = 5


@dataclass(frozen=True)
class Left:
    """What a run came to, as its script wrote it down.

    Attributes:
        metrics: name -> what was logged of it.
        reported: name -> the one value that its script says it came to.
        lost: what of it can't be read, in sentences.
    """

    metrics: Mapping[str, Points]
    reported: Mapping[str, float] = field(default_factory=dict)
    predictions: FoundPredictions | None = None
    lost: tuple[str, ...] = ()

    @property
    def run(self) -> FoundRun:
        """The same as a run that was found."""
        return FoundRun("", metrics=self.metrics, predictions=self.predictions)


def read_left(folder: Path, reads: str | None, *, resumed: bool = False) -> Left:
    """What a script left in a folder.

    Args:
        reads: the file or folder in it that has the metrics; None: `metrics.json` and
            `metrics.csv`, or else all that is there.
        resumed: an earlier attempt may have left a run of its own; the last one counts then.

    Raises:
        SourceError: there is no result, or there are several.
        ReadError: something can't be read now.
    """
    if not folder.is_dir():
        raise SourceError("it removed the folder for its results, {out}")
    predictions = _predictions(folder)
    if reads is not None and Path(reads).name in (METRICS, TABLE):
        return replace(_own(folder, [folder / reads], resumed), predictions=predictions)
    if reads is not None:
        found = _one(folder, [folder / reads], resumed)
    elif own := [folder / name for name in (METRICS, TABLE) if (folder / name).is_file()]:
        return replace(_own(folder, own, resumed), predictions=predictions)
    elif predictions is not None and len(names_in(folder)) == 1:
        found = FoundRun("")
    else:
        found = _one(folder, [folder], resumed)
    return Left(found.metrics, {}, predictions or found.predictions, found.lost)


def read_given(folder: Path) -> Left:
    """What a function gave back, as `paribus.scripts.calling` wrote it down.

    Raises:
        SourceError: it isn't there.
    """
    values = _mapping(folder / METRICS)
    reported = {n[8:]: float(v) for n, v in values.items() if n.startswith("metrics.")}
    curves = {n[7:]: v for n, v in values.items() if n.startswith("curves.")}
    return Left(dict(_curves(curves)), reported, _predictions(folder))


def _one(folder: Path, paths: Sequence[Path], resumed: bool) -> FoundRun:
    """The one run at some paths.

    Raises:
        SourceError: there is none, or there are several.
    """
    for path in paths:
        if not path.exists():
            raise SourceError(f"it left no {path.relative_to(folder)} in {{out}}{_there(folder)}")
    try:
        runs = read_runs(paths).runs
    except SourceError as error:
        raise SourceError(f"it left no result that can be read{_there(folder)}. {error}") from None
    runs = tuple(run for run in runs if run.metrics or run.predictions) or runs
    if len(runs) > 1 and resumed:
        return max(runs, key=lambda run: (run.started or 0, run.name))
    if len(runs) > 1:
        named = ", ".join(run.name for run in runs[:MOST_NAMED])
        raise SourceError(
            f"expected the metrics of one run, got {len(runs):,} ({named}). Name the one with "
            "trainer.reads; rows of one run need a column `epoch` or `step`"
        )
    return runs[0]


def _there(folder: Path) -> str:
    names = names_in(folder)
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return f" (there: {', '.join(names[:MOST_NAMED])}{more})" if names else " (it is empty)"


def _own(folder: Path, files: Sequence[Path], resumed: bool) -> Left:
    """What is in Paribus's own files: numbers count as they are, whatever was logged of them."""
    logged: dict[str, Points] = {}
    reported: dict[str, float] = {}
    lost: tuple[str, ...] = ()
    for file in files:
        if not file.is_file():
            raise SourceError(f"it left no {file.relative_to(folder)} in {{out}}{_there(folder)}")
        if file.name == METRICS:
            values = _mapping(file)
            logged |= dict(_curves(values))
            reported = {n: float(v) for n, v in values.items() if isinstance(v, int | float)}
        else:
            run = _one(folder, [file], resumed)
            logged |= run.metrics
            lost = run.lost
    return Left(logged, reported, lost=lost)


def predictions_in(folder: Path) -> FoundRun | None:
    """The predictions that lie in a folder, as a run with the file that has them.

    Raises:
        SourceError: they are of several runs, or can't be read.
    """
    for name in PREDICTIONS:
        if (folder / name).is_file():
            runs = read_predictions(folder / name)
            if len(runs) != 1:
                raise SourceError(f"{name}: expected the predictions of one run, got {len(runs):,}")
            return runs[0]
    return None


def _predictions(folder: Path) -> FoundPredictions | None:
    run = predictions_in(folder)
    return run.predictions if run else None


def _mapping(path: Path) -> dict[str, Any]:
    """Dotted name -> value; NaN and Infinity, as Python writes them, are understood.

    Raises:
        SourceError: it isn't a mapping in JSON.
    """
    try:
        values = _lenient(read_whole(path, LARGEST))
    except (UnfitError, ValueError) as error:
        raise SourceError(f"{path.name}: can't be read ({error})") from None
    if not isinstance(values, dict):
        got = type(values).__name__
        raise SourceError(f"{path.name}: expected a mapping of metrics, got {got}")
    return dict(flat(values))


def _lenient(content: bytes) -> Any:
    try:
        return loads(content)
    except ValueError:
        from pydantic_core import from_json

        return from_json(content, allow_inf_nan=True)


def _curves(values: Mapping[str, Any]) -> Iterator[tuple[str, Points]]:
    for name, value in values.items():
        if isinstance(value, list) and value and (points := _curve(value)) is not None:
            yield name, points


def _curve(values: list[Any]) -> Points | None:
    """A value an epoch from 1, or pairs of a step and a value; None for anything else."""
    if all(isinstance(value, int | float) for value in values):
        return Points.of(enumerate(map(float, values), start=1), "epoch")
    pairs = [v for v in values if isinstance(v, list) and len(v) == 2]
    numbers = all(isinstance(part, int | float) for pair in pairs for part in pair)
    if len(pairs) == len(values) and numbers:
        return Points.of([(float(at), float(value)) for at, value in pairs])
    return None
