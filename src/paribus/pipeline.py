"""The whole story: a study becomes runs, runs become records, records become a report.

Runs that are there already become records without being trained.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from paribus.claims.judge import require_testable
from paribus.comparison.sequential import seeds_wanted
from paribus.data.folder import require_apart
from paribus.events import ReportBegins, Watch, quiet
from paribus.found.collect import collected, look, require_same_runs
from paribus.io.lock import require_free, writing_report
from paribus.report.write import write_report
from paribus.results import Results, read_results
from paribus.sources.run import FoundRun
from paribus.study.folder import require_kind, require_own
from paribus.study.found import Declared
from paribus.study.ledger import holds_anytime, note_look
from paribus.study.plan import settings
from paribus.study.read import read_study_copy
from paribus.study.scripted import ScriptedStudy
from paribus.study.spec import Study

if TYPE_CHECKING:
    from paribus.execution.place import Place
    from paribus.execution.under_way import UnderWay


def run(
    study: Study | ScriptedStudy,
    out: Path | str,
    *,
    data_dir: Path | None = None,
    jobs: int | None = None,
    on: str | None = None,
    per_device: int = 1,
    other_machine: bool = False,
    into: bool = False,
    function: Callable[..., object] | None = None,
    watch: Watch = quiet,
) -> Results:
    """Make every run that has no record yet, and write the report.

    Runs that were interrupted go on from their last checkpoint.

    Args:
        out: where results go; what an earlier call left there is used.
        data_dir: where STL-10's official files lie, if not in Paribus's cache.
        jobs: worker processes; one per core by default, or `per_device` on each GPU.
        on: where the runs are made: "local", "slurm", "ray" or "ray://ADDRESS"; by default where
            the user's `paribus.toml` says, else on this machine.
        per_device: runs at once on each GPU of this machine, which share its memory.
        other_machine: resume even runs that were begun under another torch, engine, processor
            type or number of threads, where the last bits differ; the report says so.
        into: write even into a folder that holds other files.
        function: what makes the runs of a study whose trainer is a function that Python is given.

    Raises:
        FolderError: `out` is a file, or holds other files, and `into` isn't set.
        InUseError: another process is at work in `out`.
        DiskError: nothing can be written there.
        ResumeError: a run was begun elsewhere, and `other_machine` isn't set.
        DataError: the images are missing, damaged or too few.
        SettingsError: a setting can't be trained; nothing was.
        DeviceError: a setting asks for a device that isn't there.
        EngineError: a setting asks for the native engine, which can't train it.
        FunctionError: the function can't be sent to other processes.
        PlaceError: there is no such place, or it can't be reached.
        ComparisonError: a claim can't be tested.
    """
    out = Path(out)
    require_free(out)
    if not into:
        require_own(out)
    require_kind(out, run_here=True)
    # Training needs torch; nothing else does, and `rebuild_report` must not import it.
    from paribus.places.choose import place_of

    place = place_of(on, out, study, jobs, per_device)
    with _opened(study, out, place, data_dir, other_machine, function, watch) as session:
        wanted: dict[str, int] = {}
        anytime = holds_anytime(study, session.ledger)
        while wanted != (wanted := seeds_wanted(study, session.records(), anytime)):
            session.train(wanted)
        session.finish()
        results = session.results()
        session.watch(ReportBegins())
        with writing_report(out, watch):
            write_report(results, watch=session.watch)
        note_look(out, len(results.records), "run")
    return results


def _opened(
    study: Study | ScriptedStudy,
    out: Path,
    place: Place,
    data_dir: Path | None,
    other_machine: bool,
    function: Callable[..., object] | None,
    watch: Watch,
) -> AbstractContextManager[UnderWay]:
    """The study under way, in the place where its runs are made."""
    if isinstance(study, ScriptedStudy):
        from paribus.scripts.session import open_scripts

        require_testable(study, None)
        return open_scripts(study, out, place, function, watch)
    from paribus.execution.session import open_networks, prepare_data

    for setting in settings(study):
        require_apart(setting.config.data, out)
    data = prepare_data(study, data_dir, watch)
    require_testable(study, data[study.baseline].dataset.classes)
    return open_networks(study, out, place, data, watch, other_machine=other_machine)


def compare(
    declared: Declared,
    out: Path | str,
    *,
    runs: Sequence[FoundRun] | None = None,
    into: bool = False,
    watch: Watch = quiet,
) -> Results:
    """Compare runs that something else trained, and write the report.

    Args:
        out: where results go; what an earlier call left there is replaced.
        runs: to be compared; by default those at the declared paths.
        into: write even into a folder that holds other files.

    Raises:
        SourceError: there are no runs at a path.
        UnsettledError: settings, seeds or the metric can't be known as they are declared.
        StudyError: a claim names what there isn't.
        FolderError, InUseError, DiskError: as `run`.
    """
    out = Path(out)
    require_free(out)
    if not into:
        require_own(out)
    require_kind(out, run_here=False)
    found = look(declared, runs)
    require_same_runs(found, out)
    with collected(found, out, watch):
        results = read_results(out, by="run")
        with writing_report(out, watch):
            write_report(results, watch=watch)
    return results


def rebuild_report(
    out: Path | str,
    *,
    images: bool = True,
    formats: Collection[str] = (),
    watch: Watch = quiet,
) -> Results:
    """Write the report again from the records alone; `images=False` leaves out failed cases'.

    Args:
        formats: "md" and "latex" also write tables and figures for a paper, into `paper/`;
            "handin" writes pages to print, `handin.html`.

    Raises:
        RecordError: `out` isn't a folder of results, or no run has a record.
        InUseError: another process has been writing the report for minutes.
        DiskError: nothing can be written there.
    """
    out = Path(out)
    read_study_copy(out)  # first: it refuses a folder that isn't one of results
    with writing_report(out, watch):
        results = read_results(out, by="report")
        write_report(results, images=images, formats=formats, watch=watch)
    return results
