"""DVCLive: `metrics.json`, the latest values, and `plots/metrics/<name>.tsv`, all of them.

It doesn't say how a run ended; one that crashed at once leaves `{}`.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from paribus.errors import SourceError
from paribus.io.reading import is_folder, names_in
from paribus.sources.cells import is_number
from paribus.sources.configs import config_at, flat, read_json
from paribus.sources.curves import curves
from paribus.sources.files import is_file, name_of, there
from paribus.sources.grid import read_log
from paribus.sources.run import FoundRun, Points, Reader, Value

METRICS, PARAMS, PLOTS = "metrics.json", "params.yaml", Path("plots", "metrics")
#: Files of metrics, and the folders that they may be in: `train/loss.tsv`.
MOST_FILES, DEEPEST = 2_000, 6


def read(folder: Path) -> Sequence[FoundRun]:
    """The run in a folder."""
    config, lost = config_at(folder / PARAMS)
    latest, lost_latest = _latest(folder / METRICS)
    metrics: dict[str, Points] = {}
    problems = [*lost, *lost_latest]
    files = list(there((folder / METRICS, folder / PARAMS)))
    for file in _plots(folder / PLOTS, DEEPEST):
        files.append(file)
        points, words = _points(file)
        problems += words
        if points is not None:
            metrics[file.relative_to(folder / PLOTS).with_suffix("").as_posix()] = points
    step = latest.pop("step", 0)
    for name, value in latest.items():
        if is_number(value) and is_number(step):
            metrics.setdefault(name, Points.of([(step, value)]))  # type: ignore[list-item]
        elif name not in metrics:
            problems.append(f"{folder / METRICS}: {name} is no number")
    notes = () if metrics else (f"{folder}: has no metrics: the run crashed, or has just begun",)
    return [FoundRun(name_of(folder), config=config, metrics=metrics, files=tuple(files),
                     lost=tuple(problems), notes=notes)]  # fmt: skip


def _latest(path: Path) -> tuple[dict[str, Value], tuple[str, ...]]:
    try:
        values = read_json(path)
    except SourceError as error:
        return {}, (str(error),)
    return (
        (flat(values, "/"), ()) if isinstance(values, Mapping) else ({}, (f"{path}: no mapping",))
    )


def _points(file: Path) -> tuple[Points | None, tuple[str, ...]]:
    """The curve in a file: its last column by `step`."""
    try:
        grid = read_log(file, "\t")
    except SourceError as error:
        return None, (str(error),)
    if "step" not in grid.header:
        return None, (*grid.lost, f"{file}: has no column step")
    metrics, lost = curves(grid, "step", "step", leave_out=("timestamp",))
    return next(iter(metrics.values()), None), lost


def _plots(folder: Path, depth: int) -> Iterator[Path]:
    for name in names_in(folder)[:MOST_FILES]:
        place = folder / name
        if name.endswith((".tsv", ".csv")) and is_file(place):
            yield place
        elif depth and is_folder(place) and not place.is_symlink():
            yield from _plots(place, depth - 1)


def recognizes(folder: Path) -> bool:
    """Whether it has the latest values, and curves or its usual name; Sacred's has `run.json`."""
    if not is_file(folder / METRICS) or is_file(folder / "run.json"):
        return False
    return is_folder(folder / PLOTS) or folder.name == "dvclive"


READER = Reader("DVCLive", recognizes, read)
