"""The half of a study that needs torch: its pictures, its missing runs, its failed cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from paribus.analyses import read_explained
from paribus.data.dataset import Dataset, prepare
from paribus.data.pictures import Pictures
from paribus.errors import RecordError
from paribus.evaluation.outcomes import outcomes
from paribus.evaluation.pictures import keep_original, keep_seen
from paribus.evaluation.telling import telling_pictures
from paribus.events import (
    AnalysisBegins,
    DataRead,
    EpochDone,
    FilesLeftOut,
    RunAnalysed,
    RunEnded,
    TrainingBegins,
    Watch,
)
from paribus.execution.analyse import Analysis, is_current
from paribus.execution.local import Workers
from paribus.execution.task import Outcome, Task
from paribus.execution.train import Training, digest
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
    workers: Workers,
    watch: Watch,
) -> list[Outcome]:
    """Train every run that has no good record of just this configuration.

    Args:
        seeds: how many each setting shall have.
    """
    planned = _tasks(study, seeds, data, out)
    tasks = [task for task in planned if not _is_done(task)]
    epochs = sum(task.run.setting.config.epochs for task in tasks)
    watch(TrainingBegins(len(planned), len(tasks), epochs, workers.needed(tasks)))

    def on_epoch(task: Task, epoch: int) -> None:
        setting = task.run.setting
        watch(EpochDone(setting.name, task.run.seed, epoch, setting.config.epochs))

    def on_outcome(outcome: Outcome) -> None:
        name, seed = outcome.run.setting.name, outcome.run.seed
        watch(RunEnded(name, seed, outcome.status, outcome.seconds, outcome.message))

    return workers.perform(tasks, on_epoch, on_outcome)


def analyse_missing(
    study: Study,
    records: Sequence[Record],
    data: Mapping[str, Prepared],
    out: Path,
    workers: Workers,
    watch: Watch,
) -> list[Outcome]:
    """Find out of every finished run what its network looks at, unless that is kept already."""
    planned = _analyses(study, records, data, out)
    tasks = [task for task in planned if not is_current(task)]
    watch(AnalysisBegins(len(planned), len(tasks), workers.needed(tasks)))

    def on_outcome(outcome: Outcome) -> None:
        name, seed = outcome.run.key
        watch(RunAnalysed(name, seed, outcome.status, outcome.message))

    return workers.perform(tasks, lambda task, news: None, on_outcome)


def keep_pictures(
    records: Sequence[Record], baseline: str, data: Mapping[str, Prepared], out: Path
) -> None:
    """Keep the pictures that the report shows: what they were and what the networks saw.

    Those are the telling test pictures, and the training pictures that lie near them.
    """
    found = outcomes(records)
    for setting, index in product(found, telling_pictures(found, baseline).tolist()):
        keep_original(out, index, data[setting].pictures)
        keep_seen(out, index, data[setting].dataset)
    for setting, its in read_explained(out, records).items():
        for index in {near.index for row in its.neighbours for near in row}:
            keep_seen(out, index, data[setting].dataset)


def _tasks(
    study: Study, seeds: Mapping[str, int], data: Mapping[str, Prepared], out: Path
) -> list[Training]:
    return [
        Training(
            study=study.name,
            baseline=study.baseline,
            run=run,
            dataset=data[run.setting.name].dataset.folder,
            digest=digest(run, data[run.setting.name].dataset),
            out=out,
        )
        for run in runs(study, seeds)
    ]


def _analyses(
    study: Study, records: Sequence[Record], data: Mapping[str, Prepared], out: Path
) -> list[Analysis]:
    found = outcomes(records)
    pictures = telling_pictures(found, study.baseline)
    targets = {name: its.target[its.rows(pictures)] for name, its in found.items()}
    finished = {(r.facts.setting, r.facts.seed) for r in records if r.predictions}
    return [
        Analysis(
            run=run,
            dataset=data[run.setting.name].dataset.folder,
            out=out,
            pictures=pictures,
            targets=targets[run.setting.name],
        )
        for run in runs(study)
        if run.key in finished and run.setting.name in targets
    ]


def _is_done(task: Training) -> bool:
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
