"""The whole story: a study becomes runs, runs become records, records become a report."""

from pathlib import Path

from paribus.claims.judge import require_testable
from paribus.comparison.sequential import seeds_wanted
from paribus.data.folder import require_apart
from paribus.events import Watch, quiet
from paribus.io.lock import require_free, writing_report
from paribus.report.write import write_report
from paribus.results import Results, read_results
from paribus.study.folder import require_own
from paribus.study.ledger import holds_anytime, note_look
from paribus.study.plan import settings
from paribus.study.read import read_study_copy
from paribus.study.spec import Study


def run(
    study: Study,
    out: Path | str,
    *,
    data_dir: Path | None = None,
    jobs: int | None = None,
    other_machine: bool = False,
    into: bool = False,
    watch: Watch = quiet,
) -> Results:
    """Train every run that has no record yet, evaluate it, and write the report.

    Runs that were interrupted resume from their last checkpoint.

    Args:
        out: where results go; what an earlier call left there is used.
        data_dir: where STL-10's official files lie, if not in Paribus's cache.
        jobs: worker processes; one per core by default.
        other_machine: resume even runs that were begun under another torch, engine, processor
            type or number of threads, where the last bits differ; the report says so.
        into: write even into a folder that holds other files.

    Raises:
        FolderError: `out` is a file, or holds other files, and `into` isn't set.
        InUseError: another process is at work in `out`.
        DiskError: nothing can be written there.
        ResumeError: a run was begun elsewhere, and `other_machine` isn't set.
        DataError: the images are missing, damaged or too few.
        SettingsError: a setting can't be trained; nothing was.
        EngineError: a setting asks for the native engine, which can't train it.
        ComparisonError: a claim can't be tested.
    """
    out = Path(out)
    require_free(out)
    if not into:
        require_own(out)
    for setting in settings(study):
        require_apart(setting.config.data, out)
    # Training needs torch; nothing else does, and `rebuild_report` must not import it.
    from paribus.execution.session import open_session, prepare_data

    data = prepare_data(study, data_dir, watch)
    require_testable(study, data[study.baseline].dataset.classes)
    with open_session(study, out, data, jobs, watch) as session:
        session.other_machine = other_machine
        wanted: dict[str, int] = {}
        anytime = holds_anytime(study, session.ledger)
        while wanted != (wanted := seeds_wanted(study, session.records(), anytime)):
            session.train(wanted)
        session.analyze()
        session.keep_images()
        results = session.results()
        with writing_report(out, watch):
            write_report(results, watch=session.watch)
        note_look(out, len(results.records), "run")
    return results


def rebuild_report(out: Path | str, *, images: bool = True, watch: Watch = quiet) -> Results:
    """Write the report again from the records alone; `images=False` leaves out failed cases'.

    Raises:
        RecordError: `out` isn't a folder of results, or no run has a record.
        InUseError: another process has been writing the report for minutes.
        DiskError: nothing can be written there.
    """
    out = Path(out)
    read_study_copy(out)  # first: it refuses a folder that isn't one of results
    with writing_report(out, watch):
        results = read_results(out, by="report")
        write_report(results, images=images, watch=watch)
    return results
