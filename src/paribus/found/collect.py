"""Runs from their sources into a folder of results: read, found, kept as records."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from paribus import events
from paribus.errors import FolderError, RecordError
from paribus.events import Watch
from paribus.found.find import Finding, find
from paribus.found.images import images_of, keep_images
from paribus.found.predictions import attached, split, with_predictions
from paribus.found.records import records_of, study_of
from paribus.found.sums import sources_of
from paribus.found.told import told
from paribus.found.unsettled import UnsettledError
from paribus.io.disk import remove, sweep
from paribus.io.lock import held, writing_report
from paribus.io.reading import ways_out
from paribus.log import study_log
from paribus.narrative.planned import on_changes
from paribus.records.sources import SOURCES, Sources, changes_since, read_sources, write_sources
from paribus.records.store import read_record, recorded_runs, run_folder, write_record
from paribus.records.types import Record
from paribus.sources.find import read_runs
from paribus.sources.predictions import read_predictions
from paribus.sources.run import FoundRun
from paribus.study.folder import OWN
from paribus.study.found import Declared, FoundStudy
from paribus.study.ledger import declare, read_ledger
from paribus.study.read import read_study_copy, write_study_copy


@dataclass(frozen=True)
class Looked:
    """What was found in runs, as a study and its records; nothing is written yet."""

    finding: Finding
    study: FoundStudy
    records: tuple[Record, ...]
    sources: Sources
    names: Mapping[int, str]
    images: Mapping[int, tuple[Path, str]]


def look(declared: Declared, runs: Sequence[FoundRun] | None) -> Looked:
    """Read runs, and find what they are; raises as `pipeline.compare`."""
    unread: tuple[str, ...] = ()
    if runs is None:
        at_paths = read_runs([Path(path) for path in declared.compare.runs])
        runs, unread = at_paths.runs, at_paths.unread
    counted, bare = split(runs)
    predict = partial(
        attached, bare=bare, pattern=declared.compare.predictions, read=read_predictions
    )
    try:
        finding = find(counted, declared, predict)
    except UnsettledError as error:
        error.found = (*error.found, *unread)
        raise
    study = study_of(finding, declared, _title(declared))
    own = {key: placed.run for key, placed in finding.runs.items()}
    tested = with_predictions(records_of(finding, study), own)
    sources = sources_of(finding, tested.records, (*tested.notes, *unread))
    images = images_of(tested, own, declared.compare.images)
    return Looked(finding, study, tested.records, sources, tested.names, images)


def _title(declared: Declared) -> str:
    """What a comparison without a name is called."""
    names = [Path(path).resolve().name for path in declared.compare.runs]
    if not names:
        return "Runs in a table in memory"
    return f"Runs in {', '.join(names[:3])}{', ...' if len(names) > 3 else ''}"


@contextmanager
def collected(found: Looked, out: Path, watch: Watch) -> Iterator[None]:
    """Keep a study and its records in a folder, which is held meanwhile; then the report follows.

    Raises:
        InUseError: another process holds the folder.
        RecordError: a link leads out of it.
        DiskError: it can't be written.
    """
    with held(out), study_log(out, found.study.name, watch) as tell:
        tell(told(found.finding, found.study, found.sources))
        for link in ways_out(out):
            raise RecordError(f"{link}: expected a folder, got a link that leads out of {out}")
        with writing_report(out, tell):
            sweep(out, OWN)
        _keep(found, out, tell)
        yield


def require_same_runs(found: Looked, out: Path) -> None:
    """Refuse a folder with the results of other runs; writes nothing.

    Raises:
        FolderError: these would be replaced.
    """
    before = read_sources(out)
    if before is None and recorded_runs(out):
        what = f"results whose {SOURCES} can't be read, so it isn't known of which runs"
    elif before is not None and not _same_runs(before, found.sources):
        what = f"results of other runs, from {before.files[0].path}"
    else:
        return
    raise FolderError(
        f"{out}: {what}. Choose another folder with --out (in Python, out=...), or remove this one."
    )


def _keep(found: Looked, out: Path, watch: Watch) -> None:
    before = read_sources(out)
    if before is not None and (changes := changes_since(before, found.sources)):
        watch(events.PlanChanged(" ".join(["Since this was last compared:", *changes])))
    _declare(found, out, watch)
    # First what says whose results these are: after a kill the same command goes on.
    write_sources(out, found.sources)
    write_study_copy(out, found.study)
    _write_records(found.records, out)
    keep_images(out, found.study.baseline, found.records, found.names, found.images)


def _same_runs(before: Sources, now: Sources) -> bool:
    """Whether any file or value was there before; of tables in memory it isn't known."""
    files = [{file.path for file in of.files} for of in (before, now)]
    values = [{run.digest for run in of.runs} for of in (before, now)]
    return not all(files) or bool(files[0] & files[1] or values[0] & values[1])


def _declare(found: Looked, out: Path, watch: Watch) -> None:
    """Write down what is declared, and say what of it was changed after results were seen."""
    ended, ledger = len(recorded_runs(out)), read_ledger(out)
    begun = read_study_copy(out) if ended and not ledger.plan else None
    runs = max(ended, len(found.records))  # they ended before anything was declared
    now = declare(out, found.study, runs, begun, counting=len(found.records))
    if said := on_changes(now, len(ledger.changes), found.study):
        watch(events.PlanChanged(said))


def _write_records(records: Sequence[Record], out: Path) -> None:
    """Write what is new or otherwise, and remove what no longer counts."""
    there, wanted = set(recorded_runs(out)), {record.key for record in records}
    for key in there - wanted:
        remove(run_folder(out, *key))
    for record in records:
        if record.key not in there or not _is_kept(record, out):
            write_record(out, record, {})


def _is_kept(record: Record, out: Path) -> bool:
    try:
        return read_record(run_folder(out, *record.key)).facts == record.facts
    except RecordError:
        return False
