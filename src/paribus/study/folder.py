"""A folder of results: the names in it that are Paribus's own, and which folders may become one."""

from pathlib import Path

from paribus.errors import FolderError, RecordError
from paribus.io.disk import half_written
from paribus.io.lock import LOCK, REPORT_LOCK
from paribus.io.reading import names_in
from paribus.log import BEFORE, LOG
from paribus.records.file_names import FILE_NAMES
from paribus.records.store import UNFINISHED
from paribus.study.ledger import LEDGER
from paribus.study.read import STUDY, read_study_copy

#: What a study begins with, before anything says that the folder is one of results.
_FIRST = {LOCK, REPORT_LOCK, LOG, BEFORE, LEDGER}

#: The folder in which each run of a script has one of its own.
WORK = "work"

#: The folder in which a cluster's jobs tell what they do.
JOBS = "jobs"

#: All that Paribus writes directly into a folder of results.
OWN = _FIRST | {STUDY, "results.json", "report.md", "report.html", "handin.html"}
OWN |= {"runs", UNFINISHED, "analysis", "set-aside", "images", FILE_NAMES, "tables", "figures"}
OWN |= {"sources.json"}  # what `paribus compare` read
OWN |= {WORK, JOBS}
OWN |= {"paper"}  # for which `paribus report --format` writes
OWN |= {"export"}  # into which `paribus export` writes

#: Of what lies in a folder so many names are shown.
MOST_NAMED = 3


def require_own(out: Path) -> None:
    """Refuse a folder that holds something, but not a study's results; makes nothing.

    Raises:
        FolderError: says what lies there, and how to insist.
        ReadError: it can't be read now.
    """
    if not out.exists() or not (why := _why_no_results(out)):
        return
    if not out.is_dir():
        raise FolderError(f"{out}: expected a folder for results, got a file")
    if names := [name for name in names_in(out) if not _is_first(name)]:
        more = len(names) - MOST_NAMED
        shown = ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
        raise FolderError(
            f"{out}: expected a new or empty folder or one of results, got one with {shown} "
            f"({why}). Choose another with --out; or write into this one with --into (in Python, "
            "into=True), which replaces files of the same names."
        )


def require_kind(out: Path, *, run_here: bool) -> None:
    """Refuse a folder with results of the other kind: made by `paribus run`, or found.

    Raises:
        FolderError: its runs would be replaced.
    """
    if not (out / STUDY).exists():
        return
    try:
        there = read_study_copy(out).is_run_here
    except RecordError:
        return
    if there != run_here:
        what = "runs that `paribus run` made" if there else "runs that something else trained"
        raise FolderError(
            f"{out}: results of {what}, which would be replaced. Choose another folder with --out "
            "(in Python, out=...)."
        )


def is_ours(folder: Path) -> bool:
    """Whether Paribus works or has worked in a folder; its files are no user's images."""
    return any((folder / name).exists() for name in (STUDY, LOG, LOCK))


def _why_no_results(out: Path) -> str:
    """What is missing for a folder of results; "" if nothing is."""
    try:
        read_study_copy(out)
    except RecordError as error:
        return str(error) if (out / STUDY).exists() else f"no {STUDY}"
    begun = (out / "runs").is_dir() or (out / LOG).exists()
    return "" if begun else "a study, but no runs"  # one that somebody wrote by hand


def _is_first(name: str) -> bool:
    return name in _FIRST or half_written(name) == STUDY
