"""`paribus.run`: a study from a script or a notebook, with its progress shown."""

from pathlib import Path

from paribus import pipeline
from paribus.cli.screen import Screen
from paribus.errors import RunsFailedError
from paribus.events import Watch
from paribus.results import Results
from paribus.study.spec import Study


def run(
    study: Study,
    out: Path | str,
    *,
    data_dir: Path | str | None = None,
    jobs: int | None = None,
    other_machine: bool = False,
    into: bool = False,
    watch: Watch | None = None,
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
        watch: is told each event, instead of the screen that shows progress by default, on
            standard error or in the notebook.

    Raises:
        RunsFailedError: no run finished; the report is written all the same.
        ParibusError: as `paribus.pipeline.run` lists them.
    """
    if watch is None:
        with Screen() as screen:
            return run(
                study, out, data_dir=data_dir, jobs=jobs, other_machine=other_machine, into=into,
                watch=screen.show,
            )  # fmt: skip
    results = pipeline.run(
        study,
        out,
        data_dir=Path(data_dir) if data_dir else None,
        jobs=jobs,
        other_machine=other_machine,
        into=into,
        watch=watch,
    )
    if not any(record.finished for record in results.records):
        raise RunsFailedError(study.name, results.unfinished, str(results.report))
    return results
