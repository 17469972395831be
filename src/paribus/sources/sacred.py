"""Sacred's file storage: a folder per run with `config.json`, `run.json` and `metrics.json`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from paribus.errors import SourceError
from paribus.sources.cells import is_number
from paribus.sources.configs import flat, read_json
from paribus.sources.files import is_file, name_of, there
from paribus.sources.run import FoundRun, Points, Reader, Status

RUN, CONFIG, METRICS = "run.json", "config.json", "metrics.json"
_STATUS: dict[str, Status] = {
    "COMPLETED": "finished",
    "FAILED": "failed",
    "INTERRUPTED": "failed",
    "TIMEOUT": "failed",
    "RUNNING": "running",
    "QUEUED": "running",
}


def read(folder: Path) -> Sequence[FoundRun]:
    """The run in a folder; a file of it that isn't JSON is lost, and no more than that."""
    lost: list[str] = []
    run, config = (_mapping(folder / name, lost) for name in (RUN, CONFIG))
    metrics = _metrics(_mapping(folder / METRICS, lost), folder / METRICS, lost)
    result = run.get("result")
    if isinstance(result, int | float) and is_number(result):
        metrics.setdefault("result", Points.of([(0, result)]))
    status = str(run.get("status"))
    notes = [f"{folder}: was stopped ({status}); it didn't fail"]
    experiment = run.get("experiment")
    return [
        FoundRun(
            name_of(folder),
            group=str(experiment.get("name", "")) if isinstance(experiment, Mapping) else "",
            status=_STATUS.get(status, "unknown"),
            config=flat(config),
            metrics=metrics,
            files=there(folder / name for name in (RUN, CONFIG, METRICS)),
            lost=tuple(lost),
            notes=tuple(notes if status in ("INTERRUPTED", "TIMEOUT") else ()),
        )
    ]


def _mapping(path: Path, lost: list[str]) -> Mapping[str, Any]:
    """A file's mapping; none where it isn't there, or is lost."""
    if not is_file(path):
        return {}
    try:
        value = read_json(path)
    except SourceError as error:
        lost.append(str(error))
        return {}
    if not isinstance(value, Mapping):
        lost.append(f"{path}: expected a mapping")
        return {}
    return value


def _metrics(logged: Mapping[str, Any], path: Path, lost: list[str]) -> dict[str, Points]:
    metrics = {}
    for name, of in logged.items():
        steps, values = (of.get("steps"), of.get("values")) if isinstance(of, Mapping) else (0, 0)
        if not (isinstance(steps, list) and isinstance(values, list)):
            lost.append(f"{path}: {name} has no values by step")
            continue
        pairs = [(at, value) for at, value in zip(steps, values, strict=False) if is_number(at)]
        numbers = [(at, value) for at, value in pairs if is_number(value)]
        if len(numbers) < max(len(steps), len(values)):
            lost.append(f"{path}: {name} has values that are no numbers or have no step")
        if numbers:
            metrics[name] = Points.of(numbers)
    return metrics


def recognizes(folder: Path) -> bool:
    """Whether it has both files that each run has from its start."""
    return is_file(folder / RUN) and is_file(folder / CONFIG)


READER = Reader("Sacred's file storage", recognizes, read)
