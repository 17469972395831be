"""MLflow's file store, `mlruns/<experiment>/<run>/`, without MLflow.

https://github.com/mlflow/mlflow/blob/master/mlflow/store/tracking/file_store.py
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from paribus.errors import SourceError, first_line
from paribus.io.reading import UnfitError, is_folder, names_in, read_whole
from paribus.sources.files import name_of
from paribus.sources.mlflow import plain, seconds
from paribus.sources.run import FoundRun, Points, Reader, Status

#: `RunStatus` of MLflow's protocol: running, scheduled, finished, failed, killed.
_STATUS: dict[str, Status] = {
    "1": "running",
    "2": "running",
    "3": "finished",
    "4": "failed",
    "5": "failed",
}

#: A metric with a million steps has 40 MB; other files are a name, a number, a text.
LARGEST_METRIC, LARGEST = 1 << 28, 1 << 20

#: A name is no longer.
LARGEST_TEXT = 10_000

#: Names with "/" lie in folders, so deep.
DEEPEST, MOST_FILES = 8, 100_000

_FIELD = re.compile(r"^(\w+):[ ]*(.*(?:\n[ ]+.*)*)$", re.MULTILINE)


def recognizes(path: Path) -> bool:
    """Whether a folder is a run's, by its `meta.yaml` and the folders beside it."""
    names = names_in(path)
    return "meta.yaml" in names and bool({"metrics", "params"} & {*names}) and is_folder(path)


def read(path: Path) -> list[FoundRun]:
    """The run in a folder; none if it was deleted, or if it is the folder of a model.

    Raises:
        SourceError: it has too many files.
        ReadError: something can't be read now.
    """
    lost: list[str] = []
    meta = _fields(path / "meta.yaml", lost)
    if meta.get("lifecycle_stage") == "deleted" or "model_id" in meta:
        return []
    texts = {
        folder: {name: content.decode("utf-8", "replace") for name, _, content in found}
        for folder in ("params", "tags")
        for found in [list(_contents(path / folder, LARGEST, lost))]
    }
    metrics: dict[str, Points] = {}
    files = [path / "meta.yaml"]
    for name, file, content in _contents(path / "metrics", LARGEST_METRIC, lost):
        points, torn = _points(content)
        lost += [f"metrics/{name}: {torn:,} damaged line{'s' * (torn > 1)}"] * (torn > 0)
        metrics |= {name: points} if len(points.at) else {}
        files.append(file)
    files += [path / folder / name for folder in texts for name in texts[folder]]
    return [
        FoundRun(
            name=name_of(path),
            title=texts["tags"].get("mlflow.runName") or meta.get("run_name", ""),
            group=_experiment(path.parent, lost),
            status=_STATUS.get(meta.get("status", ""), "unknown"),
            config={name: plain(text) for name, text in texts["params"].items()},
            metrics=metrics,
            started=seconds(plain(meta.get("start_time", ""))),
            files=tuple(files),
            lost=tuple(lost),
        )
    ]


def _experiment(folder: Path, lost: list[str]) -> str:
    """An experiment's name; "" where its folder isn't there as a whole, as in a copy of one run."""
    there = "meta.yaml" in names_in(folder)
    return _fields(folder / "meta.yaml", lost).get("name", "") if there else ""


def _fields(path: Path, lost: list[str]) -> dict[str, str]:
    """A `meta.yaml`: one plain field a line, of which some are quoted or go over two lines."""
    try:
        found = _FIELD.findall(read_whole(path, LARGEST).decode())
        if not found:
            raise ValueError("it is empty")
        return {name: _scalar(value) for name, value in found}
    except UnfitError as error:
        lost.append(f"{path}: {error.strerror}")
    except (YAMLError, ValueError, RecursionError) as error:
        lost.append(f"{path}: it can't be understood ({first_line(error)})")
    return {}


def _scalar(value: str) -> str:
    if value[:1] in ("'", '"') or "\n" in value:
        return str(YAML(typ="safe", pure=True).load(value[:LARGEST_TEXT]))
    return value.strip()


def _contents(folder: Path, largest: int, lost: list[str]) -> Iterator[tuple[str, Path, bytes]]:
    """Each file's name below a folder, its path and its content; links aren't followed."""
    waiting, seen = [(folder, "", 0)], 0
    while waiting:
        place, before, depth = waiting.pop()
        for name in names_in(place):
            path, seen = place / name, seen + 1
            if seen > MOST_FILES:
                raise SourceError(f"{folder}: more than {MOST_FILES:,} files")
            if path.is_symlink():
                lost.append(f"{folder.name}/{before}{name}: a link, which isn't followed")
            elif is_folder(path):
                waiting += [(path, f"{before}{name}/", depth + 1)] * (depth < DEEPEST)
            else:
                try:
                    yield f"{before}{name}", path, read_whole(path, largest)
                except UnfitError as error:
                    lost.append(f"{folder.name}/{before}{name}: {error.strerror}")


def _points(content: bytes) -> tuple[Points, int]:
    """A metric's lines `timestamp value step`, and how many say something else.

    Lines of the first versions have no step; those of later ones may say more behind it.
    """
    pairs, torn = [], 0
    for line in content.splitlines():
        try:
            _, value, *more = line.split()
            pairs.append((float(more[0]) if more else 0.0, float(value)))
        except ValueError:
            torn += 1
    table = np.array(pairs, np.float64).reshape(-1, 2)
    return Points.of(table[np.isfinite(table[:, 0])]), torn


READER = Reader("MLflow", recognizes, read)
