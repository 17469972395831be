"""The half of a study that needs torch: its pictures, its missing runs, its failed cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from paribus.data.dataset import Dataset, prepare
from paribus.data.pictures import Pictures
from paribus.errors import RecordError
from paribus.evaluation.failures import shown_cases
from paribus.evaluation.pictures import keep_case
from paribus.events import DataRead, EpochDone, FilesLeftOut, RunEnded, TrainingBegins, Watch
from paribus.execution.local import cores, execute
from paribus.execution.worker import Outcome, Task, digest
from paribus.records import Record
from paribus.store import read_record, run_folder
from paribus.study.plan import runs, settings
from paribus.study.spec import Study


@dataclass(frozen=True)
class Prepared:
    """The pictures of one setting: as its networks see them, and as they come."""

    dataset: Dataset
    pictures: Pictures


def prepare_data(study: Study, data_dir: Path | None, watch: Watch) -> dict[str, Prepared]:
    """The pictures of every setting, by its name; settings that see the same share them.

    Raises:
        DataError: if pictures are missing, damaged or too few.
    """
    ready: dict[str, Prepared] = {}
    result = {}
    for setting in settings(study):
        key = setting.config.data.model_dump_json()
        if key not in ready:
            ready[key] = Prepared(
                *prepare(setting.config.data, data_dir, lambda *seen: watch(DataRead(*seen)))
            )
        result[setting.name] = ready[key]
    if left_out := result[study.baseline].dataset.unreadable:
        watch(FilesLeftOut(left_out))
    return result


def train_missing(
    study: Study,
    seeds: Mapping[str, int],
    data: Mapping[str, Prepared],
    out: Path,
    jobs: int | None,
    watch: Watch,
) -> list[Outcome]:
    """Train every run that has no good record of just this configuration.

    Args:
        seeds: how many each setting shall have.
    """
    planned = _tasks(study, seeds, data, out)
    tasks = [task for task in planned if not _is_done(task)]
    workers = min(jobs or cores(), max(len(tasks), 1))
    epochs = sum(task.run.setting.config.epochs for task in tasks)
    watch(TrainingBegins(len(planned), len(tasks), epochs, workers))

    def on_epoch(task: Task, epoch: int) -> None:
        setting = task.run.setting
        watch(EpochDone(setting.name, task.run.seed, epoch, setting.config.epochs))

    def on_outcome(outcome: Outcome) -> None:
        name, seed = outcome.task.run.setting.name, outcome.task.run.seed
        watch(RunEnded(name, seed, outcome.status, outcome.seconds, outcome.message))

    return execute(tasks, workers, on_epoch, on_outcome)


def keep_pictures(records: Sequence[Record], data: Mapping[str, Prepared], out: Path) -> None:
    """Keep the failed cases that the report shows: what they were and what the network saw."""
    for case in shown_cases(records):
        prepared = data[case.setting]
        keep_case(out, case, prepared.dataset, prepared.pictures)


def _tasks(
    study: Study, seeds: Mapping[str, int], data: Mapping[str, Prepared], out: Path
) -> list[Task]:
    return [
        Task(
            study=study.name,
            baseline=study.baseline,
            run=run,
            dataset=data[run.setting.name].dataset.folder,
            digest=digest(run, data[run.setting.name].dataset),
            out=out,
        )
        for run in runs(study, seeds)
    ]


def _is_done(task: Task) -> bool:
    folder = run_folder(task.out, task.run.setting.name, task.run.seed)
    if not folder.is_dir():
        return False
    try:
        facts = read_record(folder).facts
    except RecordError:
        return False  # damaged or of an older format: trained again
    # A loss that left the numbers would do so again; any other failure deserves another try.
    diverged = facts.failure is not None and facts.failure.epoch is not None
    return facts.digest == task.digest and (facts.status == "finished" or diverged)
