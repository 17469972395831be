"""Which reader reads what lies at a path: the path itself, or else what lies below it."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from paribus.errors import ReadError, SourceError
from paribus.io.reading import is_folder, names_in, opened
from paribus.sources import (
    dvclive,
    huggingface,
    hydra,
    jsons,
    keras,
    lightning,
    mlflow,
    mlflow_files,
    predictions,
    sacred,
    tables,
    tensorboard,
    timm,
    trackio,
    unreadable,
    wandb,
    wandb_csv,
)
from paribus.sources.beside import is_configuration, joined, with_files_within
from paribus.sources.files import is_file, is_hidden
from paribus.sources.naming import named
from paribus.sources.run import FoundRun, Reader

#: All readers, those of the most telling layouts first: the first that recognizes a path reads it.
READERS: tuple[Reader, ...] = (
    # What can't be read.
    *unreadable.READERS,
    # Predictions, which no reader of tables may take for runs.
    predictions.READER,
    # Trackers.
    wandb.READER,
    wandb_csv.READER,
    mlflow_files.READER,
    mlflow.READER,
    trackio.READER,
    # Folders of a run.
    hydra.READER,
    dvclive.READER,
    huggingface.READER,
    lightning.READER,
    sacred.READER,
    timm.READER,
    tensorboard.READER,
    # Files.
    jsons.READER,
    keras.READER,
    tables.READER,
)

#: Folders are searched so deep, and so many of them, so that a whole disk ends the search.
DEEPEST, MOST_FOLDERS = 8, 20_000

#: Of what can't be read, and of files that hold something else, so many are named.
MOST_NAMED, MOST_STRAYS = 50, 10


@dataclass(frozen=True)
class Found:
    """What was found.

    Attributes:
        runs: in the order of the paths, and of the names below each; no two have one name.
        unread: sentences on files and folders that can't be read or aren't taken for runs.
    """

    runs: tuple[FoundRun, ...]
    unread: tuple[str, ...] = ()


def read_runs(paths: Sequence[Path], readers: Sequence[Reader] = READERS) -> Found:
    """All runs at or below the paths, each with the predictions and configurations beside it.

    Raises SourceError if there are none.
    """
    # Names below "." wouldn't begin with it.
    places = [path if path.name or path.is_absolute() else path.resolve() for path in paths]
    found = search(places, readers)
    if not found.runs:
        raise SourceError("\n".join(found.unread))
    return Found(tuple(named(joined(found.runs), places)), found.unread)


def search(paths: Sequence[Path], readers: Sequence[Reader]) -> Found:
    """All runs at or below the paths, as readers give them."""
    finding = _Finding(readers)
    for path in paths:
        finding.below(path)
    return Found(tuple(finding.runs), finding.sentences())


class _Finding:
    """A search under way, which goes on where something can't be read."""

    def __init__(self, readers: Sequence[Reader]) -> None:
        self._readers = readers
        self._places: set[str] = set()
        self.runs: list[FoundRun] = []
        self.unread: list[str] = []
        self.strays: list[Path] = []

    def sentences(self) -> tuple[str, ...]:
        """What can't be read first, then what isn't taken for runs."""
        named, strays = self.unread[:MOST_NAMED], self.strays[:MOST_STRAYS]
        more, others = len(self.unread) - len(named), len(self.strays) - len(strays)
        return (
            *named,
            *((f"and {more:,} more that can't be read",) * (more > 0)),
            *(f"{path}: not taken for runs; name it itself if it has some" for path in strays),
            *((f"and {others:,} more files not taken for runs",) * (others > 0)),
        )

    def below(self, path: Path) -> None:
        """Read all that a reader recognizes at or below a path."""
        before, tools = (len(self.runs), len(self.unread), len(self.strays)), []
        for reader, place in self._found(path):
            if (real := os.path.realpath(place)) not in self._places:
                self._places.add(real)
                tools.append(reader.tool)
                self._read(reader, place, doubtful=place != path)
        if before == (len(self.runs), len(self.unread), len(self.strays)):
            self.unread.append(f"{path}: {_nothing(tools, self._readers)}")

    def _read(self, reader: Reader, place: Path, doubtful: bool) -> None:
        tells = reader.tells_of_runs if doubtful else None
        try:
            runs = reader.read(place) if tells is None or tells(place) else ()
            if tells is not None and all(run.config and not run.metrics for run in runs):
                self.strays.append(place)  # rows of words, if any
            elif is_folder(place):
                self.runs += with_files_within(place, runs, self.unread)
            else:
                self.runs += runs
        except (SourceError, ReadError) as error:
            self.unread.append(str(error))

    def _found(self, path: Path) -> Iterator[tuple[Reader, Path]]:
        """Each file or folder that a reader recognizes, and that reader; nothing below it.

        But below one that has a configuration alone, as a run that crashed leaves, others may be.
        """
        waiting, seen = [(path, 0)], 0
        while waiting:
            place, depth = waiting.pop()
            seen += 1
            if seen > MOST_FOLDERS:
                most = f"more than {MOST_FOLDERS:,} files and folders to search"
                self.unread.append(f"{path}: {most}; the others are left out")
                return
            try:
                reader = _reader_of(place, depth, self._readers)
                count = len(self.runs)
                if reader is not None:
                    yield reader, place
                new = self.runs[count:]
                if reader is None or (new and is_configuration(new[0])):
                    read = {file for run in new for file in run.files}
                    within = self._within(place, depth, reader)
                    waiting += [(below, depth + 1) for below in within if below not in read]
            except ReadError as error:
                self.unread.append(str(error))

    def _within(self, place: Path, depth: int, reader: Reader | None) -> list[Path]:
        """What is searched next, the first of it last; says so if `place` can't be read."""
        hidden = is_hidden(place.name) or place.is_symlink()
        if is_folder(place):
            if depth == DEEPEST or (depth and hidden):
                return []
            names = names_in(place)
            if "pyvenv.cfg" in names and depth:  # Python's own packages
                return []
            if {*names} >= RESULTS:
                self.unread.append(f"{place}: results of Paribus; their runs are left out")
                return []
            return [place / name for name in reversed(names)]
        if not depth and not place.exists():
            self.unread.append(f"{place}: there is nothing")
        elif not hidden and reader is None and (why := _unreadable(place)):
            self.unread.append(f"{place}: can't be read ({why})")
        return []


#: What lies in a folder of Paribus's own results.
RESULTS = {"study.json", "log.jsonl"}


def _reader_of(place: Path, depth: int, readers: Sequence[Reader]) -> Reader | None:
    """The first reader that recognizes a place."""
    # A link to a folder of runs, as W&B's to the latest one, makes no second run of it.
    if depth and place.is_symlink() and is_folder(place):
        return None
    if depth and is_hidden(place.name):
        readers = [reader for reader in readers if reader in unreadable.READERS]
    for reader in readers:
        try:
            if reader.recognizes(place):
                return reader
        except ReadError:  # something in it: what else is there may be read
            continue
    return None


def _unreadable(place: Path) -> str:
    """Why a file can't be read; "" where it can, or is no file."""
    try:
        if is_file(place):
            with opened(place):
                pass
    except OSError as error:
        return error.strerror or str(error)
    return ""


def _nothing(tools: Sequence[str], readers: Sequence[Reader]) -> str:
    if tools:
        return f"no runs, or deleted ones alone ({', '.join(dict.fromkeys(tools))})"
    known = ", ".join(dict.fromkeys(reader.tool for reader in readers))
    return f"no runs of any kind that is known ({known})"
