"""TensorBoard's event files: a run is a folder of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from paribus.errors import SourceError
from paribus.io.reading import UnfitError, is_folder, names_in
from paribus.sources.files import is_hidden
from paribus.sources.run import FoundRun, Points, Reader, Value
from paribus.sources.tensorboard_events import EventFile, read_event_file

#: Folders of one run that have an event file each, as Keras makes them: their metrics get the
#: folder's name in front, for they are called alike in both.
PARTS = ("train", "training", "validation", "val", "valid", "eval", "test")

#: As deep and in so many folders are runs searched below one that has event files itself.
DEEPEST, MOST_FOLDERS = 8, 20_000

#: The names that torch's `add_hparams` gives folders: the time.
_TIME = re.compile(r"\d{9,}(\.\d+)?").fullmatch

_EVENTS = re.compile(r".*\.tfevents\..*", re.DOTALL)


@dataclass
class _Folder:
    """What the event files of one folder say together."""

    path: Path
    scalars: dict[str, npt.NDArray[np.float64]] = field(default_factory=dict)  # tag -> (n, 2)
    hparams: dict[str, Value] = field(default_factory=dict)
    files: list[Path] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def recognizes(path: Path) -> bool:
    """Whether a folder has event files, itself or in its parts; or a file is one, by its name."""
    if not is_folder(path):
        return bool(_EVENTS.fullmatch(path.name)) and path.is_file()
    names = names_in(path)
    return bool(_event_files(names)) or any(
        _event_files(names_in(path / part)) for part in PARTS if part in names
    )


def read(path: Path) -> list[FoundRun]:
    """The run of a folder, or of a file; and those of the folders below it.

    Raises:
        SourceError: no event file can be read.
        ReadError: something can't be read now.
    """
    if not is_folder(path):
        return [_run(_joined(path, [path]), [])]
    return list(_owners([_joined(place, files) for place, files in _below(path)], path))


def _event_files(names: Sequence[str]) -> list[str]:
    """The event files among names, in the order in which they were begun."""
    found = [name for name in names if _EVENTS.fullmatch(name)]
    return sorted(found, key=lambda name: [(len(n), n) for n in re.findall(r"\d+", name)])


def _below(top: Path) -> Iterator[tuple[Path, list[Path]]]:
    """Each folder with event files, parents first; links aren't followed."""
    waiting, seen = [(top, 0)], 0
    while waiting:
        place, depth = waiting.pop()
        seen += 1
        if seen > MOST_FOLDERS:
            raise SourceError(f"{top}: more than {MOST_FOLDERS:,} folders to search")
        names = names_in(place)
        files = [place / name for name in _event_files(names)]
        if files:
            yield place, files
        others = [name for name in reversed(names) if not _EVENTS.fullmatch(name)]
        below = [place / name for name in others if not is_hidden(name)]
        if depth < DEEPEST:
            waiting += [(p, depth + 1) for p in below if not p.is_symlink() and is_folder(p)]


def _joined(path: Path, files: Sequence[Path]) -> _Folder:
    """What all event files of a folder say; the later one counts where they overlap."""
    folder = _Folder(path)
    for place in files:
        try:
            file = read_event_file(place)
        except UnfitError as error:
            folder.lost.append(f"{place.name}: {error.strerror}")
            continue
        folder.files.append(place)
        folder.lost += file.lost
        folder.hparams |= file.hparams
        _add(folder, file)
    if not folder.files:
        raise SourceError(f"{path}: its event files can't be read ({folder.lost[0]})")
    return folder


def _add(folder: _Folder, file: EventFile) -> None:
    """A resumed run repeats the steps since its checkpoint: the file it began then counts.

    TensorBoard does so from the step on that the new file names, as torch's `purge_step` makes it
    do, or else, with files that say no version, from each tag's first step on
    (plugin_event_accumulator.py: _MaybePurgeOrphanedData). Most writers name no step and a
    version, and TensorBoard draws both; that can't be a curve, so here the second rule holds too.
    """
    void = 0
    for tag, earlier in folder.scalars.items():
        begins: list[float] = [file.restart] if file.restart is not None else []
        if tag in file.scalars:
            begins.append(min(file.scalars[tag].steps))
        if begins:
            kept = earlier[earlier[:, 0] < min(begins)]
            void += len(earlier) - len(kept)
            folder.scalars[tag] = kept
    for tag, scalars in file.scalars.items():
        later = np.column_stack([np.array(scalars.steps), np.array(scalars.values)])
        folder.scalars[tag] = np.concatenate([folder.scalars.get(tag, later[:0]), later])
    if void:
        values = f"{void:,} value{'s' * (void > 1)}"
        folder.notes.append(
            f"{file.path.name}: begins before earlier files end; {values} don't count"
        )


def _owners(folders: Sequence[_Folder], top: Path) -> Iterator[FoundRun]:
    """The run of each folder that isn't part of its parent's run, together with those that are."""
    own = {folder.path: folder for folder in folders}
    added: dict[Path, list[tuple[_Folder, dict[str, str]]]] = {}
    for folder in folders:
        parent = folder.path.parent
        beside = [other for other in folders if other.path.parent == parent]
        names = _names(folder, parent in own, beside) if folder.path != top else None
        if names is not None:
            added.setdefault(parent, []).append((folder, names))
            del own[folder.path]
    for path in sorted({*own, *added}):
        yield _run(own.get(path, _Folder(path)), added.get(path, []))


def _names(folder: _Folder, within: bool, beside: Sequence[_Folder]) -> dict[str, str] | None:
    """What a folder's tags are called in its parent's run; None if it is a run of its own."""
    if folder.path.name in PARTS:
        return {tag: f"{folder.path.name}/{tag}" for tag in folder.scalars}
    if not within:
        return None
    if folder.hparams:
        one = all(other.hparams in ({}, folder.hparams) for other in beside)
        return {tag: tag for tag in folder.scalars} if one and _TIME(folder.path.name) else None
    # torch's `add_scalars("loss", {"train": ...})` writes the tag "loss" in a folder loss_train.
    for tag in folder.scalars if len(folder.scalars) == 1 else ():
        begin = tag.replace("/", "_") + "_"
        if folder.path.name.startswith(begin):
            return {tag: f"{tag}/{folder.path.name.removeprefix(begin)}"}
    return None


def _run(own: _Folder, added: Sequence[tuple[_Folder, dict[str, str]]]) -> FoundRun:
    """A run of its folder and of those that are part of it; what its own says comes first."""
    config, metrics = dict(own.hparams), dict(own.scalars)
    for folder, names in added:
        config = folder.hparams | config
        metrics = {names[tag]: table for tag, table in folder.scalars.items()} | metrics
    parts = [own, *(folder for folder, _ in added)]
    return FoundRun(
        name=own.path.as_posix(),
        config=config,
        metrics={tag: Points.of(table) for tag, table in metrics.items() if len(table)},
        files=tuple(file for part in parts for file in part.files),
        lost=tuple(line for part in parts for line in part.lost),
        notes=tuple(line for part in parts for line in part.notes),
    )


READER = Reader("TensorBoard", recognizes, read)
