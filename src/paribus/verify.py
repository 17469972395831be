"""Whether a folder of results is as it was written, file by file; needs no torch, changes nothing.

Records have their sums; checkpoints, analyses, the test images' names and the lines of the ledger
carry their own; kept images decode. That lines at the end of the ledger are missing can't be seen.
The report has none: it follows from the records, and `paribus report` writes it again. What was
set aside is known to be damaged.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from paribus.errors import RecordError
from paribus.io.lock import require_free
from paribus.io.reading import UnfitError, file_sha256, leads_out, names_in, patiently, read_inside
from paribus.records.analyses import (
    EXPLANATIONS,
    INTERVENTIONS,
    analysis_file,
    read_explanations,
    read_interventions,
)
from paribus.records.file_names import FILE_NAMES, file_names_are_whole
from paribus.records.sources import SOURCES, read_sources
from paribus.records.store import (
    FACTS,
    LARGEST,
    UNFINISHED,
    checkpoints,
    faults_of_files,
    read_record,
    recorded_runs,
    run_folder,
    sum_of,
)
from paribus.records.types import Record
from paribus.report.images import is_whole_png
from paribus.study.ledger import LEDGER, read_ledger
from paribus.study.read import STUDY, read_study_copy

_AGAIN = "rerun the study's `paribus run`"
_READ = {INTERVENTIONS: read_interventions, EXPLANATIONS: read_explanations}


@dataclass(frozen=True)
class Checked:
    """One file of a folder of results.

    Attributes:
        file: its path inside the folder.
        size: in bytes; 0 where there is none.
        fault: what is wrong with it; "" if nothing is.
        remedy: what to do then.
    """

    file: str
    size: int
    fault: str = ""
    remedy: str = ""


def verify(out: Path) -> tuple[Checked, ...]:
    """Check every file that results in `out` rest on.

    Raises:
        RecordError: no study's results lie there.
        InUseError: a process is at work there.
        ReadError: a file can't be read now.
    """
    require_free(out)
    parts = (
        _study(out), _ledger(out), _sources(out), _runs(out), _checkpoints(out), _images(out),
        _names(out),
    )  # fmt: skip
    return tuple(checked for part in parts for checked in part)


def _checked(out: Path, path: Path, fault: str, remedy: str) -> Checked:
    try:
        size = patiently(path, path.stat).st_size
    except UnfitError:
        size = 0
    return Checked(path.relative_to(out).as_posix(), size, fault, remedy if fault else "")


def _study(out: Path) -> Iterator[Checked]:
    fault = ""
    try:
        read_study_copy(out)
    except RecordError as error:
        if not (out / STUDY).exists():
            raise
        fault = str(error).removeprefix(f"{out / STUDY}: ")
    yield _checked(out, out / STUDY, fault, f"{_AGAIN}: it is written again")


def _ledger(out: Path) -> Iterator[Checked]:
    """The ledger, whose lines carry their sums; one that a kill cut short is no fault."""
    if LEDGER not in names_in(out):
        return
    damaged = read_ledger(out).damaged
    fault = f"it isn't as it was written, from line {damaged} on" if damaged else ""
    remedy = "put back a copy; without one the report says that it isn't known what was planned"
    yield _checked(out, out / LEDGER, fault, remedy)


def _sources(out: Path) -> Iterator[Checked]:
    """What runs were read from, where something else trained them."""
    if SOURCES in names_in(out):
        fault = "" if read_sources(out) else "it isn't as `paribus compare` writes it"
        yield _checked(out, out / SOURCES, fault, "compare the runs again: it is written anew")


def _runs(out: Path) -> Iterator[Checked]:
    """The files of each record, then its analyses, which only the record can vouch for."""
    for key in recorded_runs(out):
        folder, record = run_folder(out, *key), None
        outside = leads_out(folder, out)
        faults = {"": f"a link that leads out of {out}"} if outside else faults_of_files(folder)
        if not any(faults.values()):
            try:
                record = read_record(folder)
            except RecordError as error:
                faults[FACTS] = str(error).removeprefix(f"{folder}: ")
        remedy = f"delete {folder} and {_AGAIN}: it trains this run again"
        for name, fault in faults.items():
            yield _checked(out, folder / name, fault, remedy)
        yield from _analyses(out, key, record)


def _analyses(out: Path, key: tuple[str, int], record: Record | None) -> Iterator[Checked]:
    for kind, read in _READ.items():
        path = analysis_file(out, *key, kind)
        if path.name in names_in(path.parent):
            fault = "" if record and read(out, record) else "damaged, or its run's record is"
            yield _checked(out, path, fault, f"delete it and {_AGAIN}: it is made again")


def _checkpoints(out: Path) -> Iterator[Checked]:
    for setting in names_in(out / UNFINISHED):
        for seed in names_in(out / UNFINISHED / setting):
            for path in checkpoints(out / UNFINISHED / setting / seed):
                whole = not leads_out(path, out) and file_sha256(path) == sum_of(path)
                fault = "" if whole else "damaged, its SHA-256 differs from the one in its name"
                remedy = f"delete it and {_AGAIN}: it resumes from the checkpoint before, if any"
                yield _checked(out, path, fault, remedy)


def _images(out: Path) -> Iterator[Checked]:
    for name in names_in(out / "images"):
        path = out / "images" / name
        try:
            whole = is_whole_png(read_inside(path, out, LARGEST[FACTS]))
        except UnfitError:
            whole = False
        fault = "" if whole else "damaged, it can't be decoded"
        yield _checked(out, path, fault, f"delete it and {_AGAIN}: it is kept again")


def _names(out: Path) -> Iterator[Checked]:
    if FILE_NAMES in names_in(out):
        fault = "" if file_names_are_whole(out) else "damaged, it isn't as it was written"
        yield _checked(out, out / FILE_NAMES, fault, f"{_AGAIN}: it is written again")
