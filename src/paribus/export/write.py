"""A study's runs written for another tool: into one folder, which the next export replaces."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from paribus.errors import ChoiceError, ExportError, FolderError, ParibusError, first_line
from paribus.events import RunExported, Watch, quiet
from paribus.export import csv_table, mlflow, tensorboard, wandb
from paribus.export.runs import ExportedRun, exported_runs, left_out
from paribus.export.target import Target, fitted
from paribus.io.disk import building, replace_folder, write_file
from paribus.io.reading import UnfitError, leads_out, names_in, read_whole
from paribus.names import printable
from paribus.results import Results
from paribus.study.faults import nearest

To = Literal["mlflow", "wandb", "tensorboard", "csv"]

TARGETS: Mapping[str, Target] = {
    "mlflow": mlflow.TARGET,
    "wandb": wandb.TARGET,
    "tensorboard": tensorboard.TARGET,
    "csv": csv_table.TARGET,
}

#: The file that says that a folder is an export, and how it begins.
ABOUT, BEGINS = "about-this-export.txt", "Written by `paribus export`"
#: Bytes of it.
_LARGEST = 1 << 20


@dataclass(frozen=True)
class Exported:
    """What was written.

    Attributes:
        folder: where it lies.
        finished, failed: numbers of runs.
        left_out: a sentence for each run that has no record.
        notes: sentences on what the tool couldn't take as it is.
        look: the command that shows it; "" for none.
    """

    to: str
    folder: Path
    finished: int
    failed: int
    left_out: tuple[str, ...]
    notes: tuple[str, ...]
    look: str


def export_runs(
    results: Results, to: To, into: Path | str | None = None, *, watch: Watch = quiet
) -> Exported:
    """Write the runs of a study for another tool, by that tool's own library.

    Args:
        into: the folder to write, by default `export/<to>` in the folder of the results. What an
            earlier export left there is replaced as a whole.

    Raises:
        ChoiceError: there is no such tool.
        ExportError: its library isn't installed, or refuses something.
        FolderError: the folder holds something that no export wrote.
        DiskError: nothing can be written there.
    """
    if to not in TARGETS:
        raise ChoiceError(f"runs can't be exported to {to!r}{nearest(to, TARGETS)}")
    target, folder = TARGETS[to], _folder(results.out, to, into)
    _require_library(target)
    _require_own(folder)
    runs, notes = fitted(exported_runs(results), target)
    missing = left_out(results)
    with building(folder) as fresh:
        _write(target, results.study.name, runs, fresh, watch)
        about = _about(results.study.name, target, len(runs), [*missing, *notes])
        write_file(fresh / ABOUT, about.encode())
        replace_folder(fresh, folder)
    failed = sum(run.status == "failed" for run in runs)
    look = target.look.format(folder=shlex.quote(str(folder)))
    return Exported(to, folder, len(runs) - failed, failed, missing, notes, look)


def _folder(out: Path, to: str, into: Path | str | None) -> Path:
    """The absolute path of the folder to write, links followed: the libraries get no others."""
    if into is not None:
        return Path(into).resolve()
    folder = out / "export" / to
    if leads_out(folder, out):
        raise FolderError(f"{folder}: expected a folder, got a link that leads out of {out}")
    return folder.resolve()


def _require_library(target: Target) -> None:
    if target.library:
        found = find_spec(target.library)
        if found is None or found.origin is None:  # a folder of runs is called as its library is
            what = f"writing for {target.tool} needs {target.library}"
            raise ExportError(f"{what}: pip install 'paribus[trackers]'")


def _require_own(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise FolderError(f"{folder}: expected a folder to write runs into, got a file")
    if folder.exists() and names_in(folder) and not _is_export(folder):
        what = "expected a new or empty folder or an earlier export, got one with other files"
        raise FolderError(f"{folder}: {what}. Choose another with --into.")


def _is_export(folder: Path) -> bool:
    try:
        return read_whole(folder / ABOUT, _LARGEST).startswith(BEGINS.encode())
    except UnfitError:
        return False


def _write(
    target: Target, study: str, runs: Sequence[ExportedRun], folder: Path, watch: Watch
) -> None:
    """Call the tool's library; what it refuses is told as the tool's."""

    def counted() -> Iterator[ExportedRun]:
        watch(RunExported(0, len(runs)))
        for done, run in enumerate(runs, 1):
            yield run
            watch(RunExported(done, len(runs)))

    try:
        target.write(study, counted(), folder)
    except ParibusError:
        raise
    except Exception as error:
        raise ExportError(f"{target.tool}'s library failed: {first_line(error)}") from error


def _about(study: str, target: Target, runs: int, notes: Sequence[str]) -> str:
    lines = [
        f"{BEGINS} for {target.tool}: {runs:,} run{'s' * (runs != 1)} of the study {study!r}.",
        "The next export into this folder replaces all of it.",
        *map(printable, notes),
    ]
    return "\n".join(lines) + "\n"
