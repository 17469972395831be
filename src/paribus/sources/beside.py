"""What lies beside a run and is its own: configurations, predictions, another tool's log."""

from __future__ import annotations

import dataclasses
import itertools
import os
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from paribus.errors import ReadError, SourceError
from paribus.io.reading import names_in
from paribus.sources import jsons, keras, predictions, tables
from paribus.sources.configs import MOST_VALUES, config_at, flat, read_json
from paribus.sources.run import FoundRun, Value

#: Files that are a run's configuration; the first that is there wins.
CONFIGS = tuple(
    f"{name}{kind}"
    for name, kind in itertools.product(
        ("config", "hparams", "args", "params"), (".yaml", ".yml", ".json")
    )
)

#: Bytes of such a file in JSON.
LARGEST = 1_000_000

#: Folders below a run's own that trackers keep a run's files in.
KEPT_IN = ("artifacts", "files")

#: Logs and tables that may lie beside a run that another tool wrote.
LOGS = (keras.READER, tables.READER, jsons.READER)

_ENDINGS = (".csv", ".tsv", ".npz", ".log", ".json", ".jsonl")


def with_files_within(
    place: Path, runs: Sequence[FoundRun], unread: list[str]
) -> Iterator[FoundRun]:
    """The runs that a reader found in a folder, and what it left of their folders' files.

    A log beside the one run of a folder, as Keras' beside TensorBoard's, is part of it; a table of
    runs isn't. What can't be read is added to `unread`.
    """
    own = {place, *map(folder_of, runs)}
    kept = {folder / name for folder in own for name in KEPT_IN}
    read = {file for run in runs for file in run.files}
    whole = {id(run): run for run in runs}
    for folder in sorted(own | kept):
        names = _names_in(folder, unread)
        files = [folder / name for name in names if name.lower().endswith(_ENDINGS)]
        others = [_read(file, folder in own, unread) for file in files if file not in read]
        logs = [found[0] for found in others if len(found) == 1 and _is_log(found[0])]
        here = [run for run in runs if folder_of(run) == folder] if logs else []
        if len(logs) == len(here) == 1:
            whole[id(here[0])] = _with_log(here[0], logs[0])
            others.remove(logs)
        whole |= {id(run): run for run in itertools.chain.from_iterable(others)}
    yield from whole.values()


def _read(file: Path, logs: bool, unread: list[str]) -> list[FoundRun]:
    """Predictions, or, where `logs` are looked for, the runs of one that is no other table."""
    try:
        if predictions.recognizes(file):
            return predictions.read_predictions(file)
        reader = next((reader for reader in LOGS if logs and reader.recognizes(file)), None)
        if reader is None or reader.tells_of_runs is None or not reader.tells_of_runs(file):
            return []
        return [run for run in reader.read(file) if run.metrics]
    except (SourceError, ReadError) as error:
        unread.append(str(error))
        return []


def _names_in(folder: Path, said: list[str]) -> list[str]:
    """What lies in a folder; nothing, and a sentence more, where it can't be read now."""
    try:
        return names_in(folder)
    except ReadError as error:
        said.append(str(error))
        return []


def _is_log(run: FoundRun) -> bool:
    """Whether a file says of no run which it is."""
    unknown = run.setting is None and run.seed is None and not run.title
    return unknown and any(len(points.at) > 1 or points.at[0] for points in run.metrics.values())


def joined(runs: Sequence[FoundRun]) -> list[FoundRun]:
    """Runs with the configurations and predictions that lie in their folders.

    Predictions that say no setting and no seed belong to the run in whose folder they lie, if one
    alone lies there; others are runs of their own. A configuration belongs to that run too, or, if
    there is none, to all in the folders below.
    """
    return _with_configurations(_with_their_predictions(runs))


def _with_their_predictions(runs: Sequence[FoundRun]) -> list[FoundRun]:
    loose: dict[Path, list[FoundRun]] = defaultdict(list)
    owners: dict[Path, list[FoundRun]] = defaultdict(list)
    for run in runs:
        if _is_loose(run):
            loose[_owner_folder(run)].append(run)
        elif not is_configuration(run):
            owners[folder_of(run)].append(run)
    new: dict[int, FoundRun | None] = {}
    for folder, found in loose.items():
        if len(owners[folder]) == 1:
            (owner,) = owners[folder]
            new[id(owner)] = _with_predictions(owner, found)
            new |= {id(run): None for run in found}
    return [run for run in (new.get(id(run), run) for run in runs) if run is not None]


def _with_configurations(runs: Sequence[FoundRun]) -> list[FoundRun]:
    above = {folder_of(run): run for run in runs if is_configuration(run)}
    folders = [_owner_folder(run) if _is_loose(run) else folder_of(run) for run in runs]
    count = Counter(folder for folder, run in zip(folders, runs, strict=True)
                    if not is_configuration(run))  # fmt: skip
    whole, used = [], set()
    for folder, own in zip(folders, runs, strict=True):
        run = own
        if not is_configuration(own):
            if count[folder] == 1:
                run = _with_config(run, *_config(folder, run))
            for upper in (above[at] for at in (folder, *folder.parents) if at in above):
                used.add(id(upper))
                run = _with_config(run, upper.config, upper.files, upper.lost)
        whole.append(run)
    return [run for run in whole if id(run) not in used]


def is_configuration(run: FoundRun) -> bool:
    """Whether nothing of a run is known but its configuration, from a file of that alone."""
    alone = not run.metrics and run.predictions is None
    return alone and bool(run.files) and all(file.name in CONFIGS for file in run.files)


def folder_of(run: FoundRun) -> Path:
    """The folder that a run is, or that all of its files lie in."""
    of_a_file = bool(run.files) and run.name.startswith(str(run.files[0]))  # as rows of a table
    if not of_a_file and (folder := Path(run.name)).is_dir():
        return folder
    return _shared(run.files) if run.files else Path(run.name)


@lru_cache(maxsize=256)
def _shared(files: tuple[Path, ...]) -> Path:
    """The folder that files share, which all runs of one table ask for."""
    return Path(os.path.commonpath([str(file.parent) for file in files]))


def _is_loose(run: FoundRun) -> bool:
    alone = run.predictions is not None and not run.metrics
    return alone and run.setting is None and run.seed is None


def _owner_folder(run: FoundRun) -> Path:
    folder = run.files[0].parent
    return folder.parent if folder.name in KEPT_IN else folder


# ---- what is added ------------------------------------------------------------------------------


def _config(
    folder: Path, run: FoundRun
) -> tuple[dict[str, Value], tuple[Path, ...], tuple[str, ...]]:
    """The configuration in a run's folder that isn't read yet, its files, and what is lost."""
    config: dict[str, Value] = {}
    files: list[Path] = []
    lost: list[str] = []
    there = set(_names_in(folder, lost))
    for file in (folder / name for name in CONFIGS if name in there):
        if file in run.files:
            continue
        try:
            found, problems = _of_json(file) if file.suffix == ".json" else config_at(file)
        except ReadError as error:
            lost.append(str(error))
            continue
        config = found | config
        files.append(file)
        lost += problems
    return config, tuple(files), tuple(lost)


def _of_json(file: Path) -> tuple[dict[str, Value], tuple[str, ...]]:
    try:
        tree = read_json(file, LARGEST)
    except SourceError as error:
        return {}, (str(error),)
    config = flat(tree) if isinstance(tree, Mapping) else {}
    if len(config) > MOST_VALUES:
        return {}, (f"{file}: {len(config):,} values; at most {MOST_VALUES:,} can be read",)
    return config, ()


def _with_config(
    run: FoundRun, config: Mapping[str, Value], files: tuple[Path, ...], lost: tuple[str, ...]
) -> FoundRun:
    """A run with a configuration, of which what it says itself wins."""
    if not files and not lost:
        return run
    return dataclasses.replace(
        run,
        config={**config, **run.config},
        files=tuple(dict.fromkeys((*run.files, *files))),
        lost=tuple(dict.fromkeys((*run.lost, *lost))),
    )


def _with_log(run: FoundRun, log: FoundRun) -> FoundRun:
    return dataclasses.replace(
        run,
        metrics={**log.metrics, **run.metrics},
        files=run.files + log.files,
        lost=run.lost + log.lost,
        notes=run.notes + log.notes,
    )


def _with_predictions(run: FoundRun, loose: Sequence[FoundRun]) -> FoundRun:
    """A run with its predictions; of several files the one that is called so, or none."""
    called = [one for one in loose if one.files[0].stem.lower() == "predictions"]
    (chosen, *more) = called or loose
    if more:
        names = ", ".join(one.files[0].name for one in loose)
        folder = loose[0].files[0].parent
        lost = f"{folder}: which of {names} has its predictions isn't clear; keep one"
        return dataclasses.replace(run, lost=(*run.lost, lost))
    return dataclasses.replace(
        run,
        predictions=chosen.predictions,
        files=tuple(dict.fromkeys((*run.files, *chosen.files))),
        lost=tuple(dict.fromkeys((*run.lost, *chosen.lost))),
    )
