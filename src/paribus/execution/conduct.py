"""The half of a study that needs torch: its images, its missing runs, its failed cases."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from paribus.data.dataset import Dataset, prepare
from paribus.data.images import Originals
from paribus.errors import RecordError
from paribus.events import (
    AnalysisBegins,
    DataRead,
    FilesLeftOut,
    RecordSetAside,
    RunAnalyzed,
    RunEnded,
    StudyChanged,
    TrainingBegins,
    Watch,
)
from paribus.execution.analyze import Analysis, is_current
from paribus.execution.engines import choose
from paribus.execution.environment import environment
from paribus.execution.inputs import inputs
from paribus.execution.resume import refuse_other_machines
from paribus.execution.task import Outcome
from paribus.execution.train import Training, is_final
from paribus.execution.workers import THREADS, Workers
from paribus.explain.kept_images import keep_original, keep_seen
from paribus.failures.explained import read_explained
from paribus.failures.outcomes import outcomes
from paribus.failures.telling import telling_images
from paribus.io.disk import remove
from paribus.records.store import checkpoint_folder, read_record, run_folder, set_aside
from paribus.records.types import EngineFacts, Record, RunFacts
from paribus.study.plan import runs, settings
from paribus.study.spec import Study


@dataclass(frozen=True)
class Prepared:
    """The images of one setting: as its networks see them, and as they come."""

    dataset: Dataset
    originals: Originals


def prepare_data(study: Study, data_dir: Path | None, watch: Watch) -> dict[str, Prepared]:
    """The images of every setting, by its name; settings that see the same share them.

    Raises:
        DataError: if images are missing, damaged or too few.
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


def choose_engines(
    study: Study, data: Mapping[str, Prepared], workers: Workers, watch: Watch
) -> dict[str, EngineFacts | None]:
    """What trains each setting, None being PyTorch.

    Raises:
        EngineError: if a setting asks for Paribus's own engine and can't have it.
    """
    seen = {name: (its.dataset.shape, len(its.dataset.classes)) for name, its in data.items()}
    return {name: its.engine for name, its in choose(study, seen, workers, watch).items()}


def train_missing(
    study: Study,
    seeds: Mapping[str, int],
    data: Mapping[str, Prepared],
    engines: Mapping[str, EngineFacts | None],
    out: Path,
    workers: Workers,
    watch: Watch,
    *,
    other_machine: bool = False,
) -> list[Outcome]:
    """Train every run that has no good record of just this configuration.

    Runs that were begun before go on from their last checkpoint.

    Args:
        seeds: how many each setting shall have.
        engines: what trains each, None being PyTorch.
        other_machine: go on even with runs that were begun where the last bits differ.

    Raises:
        ResumeError: if there are such runs, and `other_machine` isn't said.
        DiskError: if nothing can be written.
    """
    planned = _tasks(study, seeds, data, engines, out)
    found = {task.run.key: _record(task, watch) for task in planned}
    done = {task.run.key for task in planned if _is_done(task, found[task.run.key])}
    for key in done:  # killed after its record was written, a run leaves its checkpoints behind
        remove(checkpoint_folder(out, *key))
    tasks = [task for task in planned if task.run.key not in done]
    if not other_machine:
        here = environment().model_copy(update={"threads": THREADS})
        refuse_other_machines(out, [(task.run, task.inputs) for task in tasks], here)
    _tell_changes(tasks, found, watch)
    epochs = sum(task.run.setting.config.epochs for task in tasks)
    watch(TrainingBegins(len(planned), len(tasks), epochs, workers.needed(tasks)))

    def on_outcome(outcome: Outcome) -> None:
        name, seed = outcome.run.key
        watch(RunEnded(name, seed, outcome.status, outcome.seconds, outcome.message))

    return workers.perform(tasks, watch, on_outcome)


def analyze_missing(
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
        watch(RunAnalyzed(name, seed, outcome.status, outcome.message))

    return workers.perform(tasks, watch, on_outcome)


def keep_images(
    records: Sequence[Record], baseline: str, data: Mapping[str, Prepared], out: Path
) -> None:
    """Keep the images that the report shows: what they were and what the networks saw.

    Those are the telling test images, and the training images that lie near them.
    """
    found = outcomes(records)
    for setting, index in product(found, telling_images(found, baseline).tolist()):
        keep_original(out, index, data[setting].originals)
        keep_seen(out, index, data[setting].dataset)
    for setting, its in read_explained(out, records).items():
        for index in {near.index for row in its.neighbors for near in row}:
            keep_seen(out, index, data[setting].dataset)


def _tasks(
    study: Study,
    seeds: Mapping[str, int],
    data: Mapping[str, Prepared],
    engines: Mapping[str, EngineFacts | None],
    out: Path,
) -> list[Training]:
    study_digest = hashlib.sha256(study.model_dump_json().encode()).hexdigest()
    return [
        Training(
            study=study.name,
            study_digest=study_digest,
            baseline=study.baseline,
            run=run,
            dataset=data[run.setting.name].dataset.folder,
            inputs=inputs(run, data[run.setting.name].dataset, engines[run.setting.name]),
            out=out,
        )
        for run in runs(study, seeds)
    ]


def _analyses(
    study: Study, records: Sequence[Record], data: Mapping[str, Prepared], out: Path
) -> list[Analysis]:
    found = outcomes(records)
    telling = telling_images(found, study.baseline)
    targets = {name: its.target[its.rows(telling)] for name, its in found.items()}
    finished = {(r.facts.setting, r.facts.seed) for r in records if r.predictions}
    return [
        Analysis(
            run=run,
            dataset=data[run.setting.name].dataset.folder,
            out=out,
            images=telling,
            targets=targets[run.setting.name],
        )
        for run in runs(study)
        if run.key in finished and run.setting.name in targets
    ]


def _record(task: Training, watch: Watch) -> RunFacts | None:
    """What is known of the run on disk; a record that can't be read is set aside."""
    folder = run_folder(task.out, *task.run.key)
    if not folder.is_dir():
        return None
    try:
        return read_record(folder).facts
    except RecordError as error:
        where = set_aside(task.out, folder)
        watch(RecordSetAside(*task.run.key, str(where), str(error)))
        return None


def _is_done(task: Training, facts: RunFacts | None) -> bool:
    return facts is not None and facts.digest == task.inputs.digest and is_final(facts)


def _tell_changes(
    tasks: Sequence[Training], found: Mapping[tuple[str, int], RunFacts | None], watch: Watch
) -> None:
    """Say what has changed since the records that are there, if anything has."""
    changes = {
        task.run.key: task.inputs.changes_since(facts)
        for task in tasks
        if (facts := found[task.run.key])
    }
    again = {key: what for key, what in changes.items() if what}
    if again:
        said = dict.fromkeys(
            f"{name}: {change}" for (name, _), what in again.items() for change in what
        )
        kept = sum(facts is not None for facts in found.values()) - len(changes)
        watch(StudyChanged(tuple(said), len(again), kept))
