"""The whole story: a study becomes runs, runs become records, records become a report."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from paribus.claims.judge import require_testable
from paribus.comparison.sequential import refuse_changed_looks, seeds_wanted
from paribus.errors import DiskError, RecordError
from paribus.events import StudyBegins, StudyEnded, Watch, quiet
from paribus.io.disk import remove_empty, sweep
from paribus.io.lock import held, require_free, writing_report
from paribus.io.reading import leads_out, ways_out
from paribus.log import logged
from paribus.records.store import read_record, run_folder, unfinished_folder
from paribus.records.types import EngineFacts, Record
from paribus.report.write import write_report
from paribus.results import Results
from paribus.study.read import read_study_copy, write_study_copy
from paribus.study.plan import Run, runs
from paribus.study.spec import Study

if TYPE_CHECKING:
    from paribus.execution.conduct import Prepared
    from paribus.execution.workers import Workers


def run(
    study: Study,
    out: Path | str,
    *,
    data_dir: Path | None = None,
    jobs: int | None = None,
    other_machine: bool = False,
    watch: Watch = quiet,
) -> Results:
    """Train every run that has no record yet, evaluate it, and write the report.

    Runs that were begun go on from their last checkpoint.

    Args:
        out: where results go; what an earlier call left there is used.
        data_dir: where STL-10's official files lie, if not in Paribus's cache.
        jobs: worker processes; one a core by default.
        other_machine: go on even with runs that were begun under another torch, engine, processor
            type or number of threads, where the last bits differ; the report says so.

    Raises:
        InUseError: if another process is at work in `out`.
        DiskError: if nothing can be written there.
        ResumeError: if a run was begun elsewhere, and `other_machine` isn't said.
        DataError: if the images are missing, damaged or too few.
        EngineError: if a setting asks for the native engine, which can't train it.
        ComparisonError: if the rule for adding seeds was another when these runs were begun,
            or a claim can't be tested.
    """
    out = Path(out)
    require_free(out)
    # Training needs torch, and nothing right of the disk does: `rebuild_report` must not import it.
    from paribus.execution import conduct
    from paribus.execution.workers import Workers

    data = conduct.prepare_data(study, data_dir, watch)
    require_testable(study, data[study.baseline].dataset.classes)
    with Workers(jobs) as workers:
        engines = conduct.choose_engines(study, data, workers, watch)
        with held(out):
            watch = logged(out, watch)
            watch(StudyBegins(study.name, os.getpid()))
            try:
                results = _run(study, data, engines, out, workers, other_machine, watch)
            except BaseException as error:
                with suppress(DiskError):
                    watch(StudyEnded(f"stopped: {error or type(error).__name__}"))
                raise
            watch(StudyEnded("the report is written"))
            return results


def _run(
    study: Study,
    data: Mapping[str, Prepared],
    engines: Mapping[str, EngineFacts | None],
    out: Path,
    workers: Workers,
    other_machine: bool,
    watch: Watch,
) -> Results:
    """What is done while the folder is held."""
    from paribus.execution import conduct

    _refuse_links_out(out)
    _refuse_looks_after_the_fact(out, study)
    with writing_report(out):
        sweep(out)
    write_study_copy(out, study)
    wanted: dict[str, int] = {}
    while wanted != (wanted := seeds_wanted(study, read_records(out, study)[0])):
        conduct.train_missing(
            study, wanted, data, engines, out, workers, watch, other_machine=other_machine
        )
    records, _ = read_records(out, study)
    conduct.analyze_missing(study, records, data, out, workers, watch)
    remove_empty(unfinished_folder(out))
    conduct.keep_images(records, study.baseline, data, out)
    return rebuild_report(out)


def rebuild_report(out: Path | str, *, images: bool = True) -> Results:
    """Write the report again from the records alone.

    Args:
        images: False leaves out the failed cases' images, and the report says so.
    """
    out = Path(out)
    read_study_copy(out)  # first: it refuses a folder that isn't one of results
    with writing_report(out):
        results = read_results(out)
        write_report(results, images=images)
    return results


def read_results(out: Path | str) -> Results:
    """What lies in the folder of a study's results.

    Raises:
        RecordError: there is no study, or none of its runs has a record.
    """
    out = Path(out)
    study = read_study_copy(out)
    records, absent = read_records(out, study)
    if not records:
        reasons = "; ".join(sorted({why for _, why in absent}))
        raise RecordError(f"{out}: no run of {study.name!r} has a record ({reasons})")
    return Results(out, study, records, absent)


def read_records(out: Path, study: Study) -> tuple[tuple[Record, ...], tuple[tuple[Run, str], ...]]:
    """The records of a study's runs, and the runs that have none with the reason.

    Of a study that adds seeds until it is decided, seeds beyond the decision don't count.
    """
    found: dict[tuple[str, int], Record] = {}
    reasons: dict[tuple[str, int], str] = {}
    for planned in runs(study):
        try:
            record = _read_planned(out, planned)
            _require_same_test(record, found.values())
            found[planned.key] = record
        except RecordError as error:
            reasons[planned.key] = str(error)
    wanted = runs(study, seeds_wanted(study, tuple(found.values())))
    records = tuple(found[run.key] for run in wanted if run.key in found)
    return records, tuple((run, reasons[run.key]) for run in wanted if run.key in reasons)


def _read_planned(out: Path, planned: Run) -> Record:
    folder = run_folder(out, planned.setting.name, planned.seed)
    if not folder.is_dir():
        raise RecordError("not trained yet")
    if leads_out(folder, out):
        raise RecordError(f"{folder}: a link that leads out of {out}")
    record = read_record(folder)
    if (record.facts.setting, record.facts.seed) != planned.key:
        raise RecordError(f"{folder}: the record of another run")
    if record.facts.config != planned.setting.config.recorded():
        raise RecordError("its record is of an earlier version of the study; run the study again")
    return record


def _require_same_test(record: Record, others: Iterable[Record]) -> None:
    """Refuse a record whose classes or test images aren't those of the first one."""
    first = next(iter(others), None)
    if first is None:
        return
    ours, theirs = record.facts.data, first.facts.data
    if (ours.classes, ours.test) != (theirs.classes, theirs.test):
        raise RecordError("it was tested on other classes or images; run the study again")


def _refuse_links_out(out: Path) -> None:
    for link in ways_out(out):
        raise RecordError(f"{link}: a link that leads out of {out}; a folder is expected")


def _refuse_looks_after_the_fact(out: Path, study: Study) -> None:
    if any((out / "runs").glob("*/seed-*")):
        refuse_changed_looks(read_study_copy(out), study)
