"""A study under way: its data, engines, workers and records, in a folder held meanwhile."""

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np

from paribus import events
from paribus.data.dataset import Dataset, Drawn, draw_parts, prepare
from paribus.data.images import Originals
from paribus.errors import DiskError, RecordError
from paribus.events import Event, Watch
from paribus.execution.analyze import Analysis, is_current
from paribus.execution.checkpoint import refuse_other_machines
from paribus.execution.engines import Images, choose
from paribus.execution.inputs import RunInputs, environment, run_inputs
from paribus.execution.train import Training, is_final
from paribus.execution.worker import THREADS
from paribus.execution.workers import Outcome, Workers
from paribus.failures.cases import telling_images
from paribus.failures.outcomes import outcomes
from paribus.failures.study import read_explained
from paribus.io.disk import remove, remove_empty, sweep
from paribus.io.lock import held, writing_report
from paribus.io.reading import ways_out
from paribus.log import logged
from paribus.narrative.images import images_ready
from paribus.narrative.planned import on_changes
from paribus.records.images import (
    ORIGINAL_SIDE,
    adopt_images,
    keep_image,
    original_name,
    seen_name,
)
from paribus.records.store import (
    UNFINISHED,
    checkpoint_folder,
    recorded_runs,
    run_folder,
    set_aside,
)
from paribus.records.types import EngineFacts, Record
from paribus.results import Results, collect
from paribus.study.config import Data
from paribus.study.folder import OWN
from paribus.study.ledger import NO_LEDGER, Ledger, declare, read_ledger
from paribus.study.plan import runs, settings
from paribus.study.read import (
    StudyRecords,
    code_named,
    read_records,
    read_study_copy,
    write_study_copy,
)
from paribus.study.spec import Study


@dataclass(frozen=True)
class Prepared:
    """The images of one setting: as its networks see them, and as they come."""

    dataset: Dataset
    originals: Originals
    data: Data
    parts: dict[int, Drawn] = field(default_factory=dict)  # by the seed that they are drawn from

    def drawn(self, seed: int) -> Drawn | None:
        """The parts drawn from a seed; None for seed 0, whose parts the dataset has."""
        if seed and seed not in self.parts:
            self.parts[seed] = draw_parts(self.data, self.dataset, self.originals, seed)
        return self.parts.get(seed)

    @property
    def seen(self) -> Images:
        """What its networks are built for."""
        data = self.dataset
        return Images(data.shape, len(data.classes), len(data.splits.training))


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
            data = setting.config.data
            ready[key] = Prepared(
                *prepare(data, data_dir, lambda *seen: watch(events.DataRead(*seen))), data
            )
        result[setting.name] = ready[key]
    return result


@dataclass
class Session:
    """A study under way."""

    study: Study
    out: Path
    data: Mapping[str, Prepared]
    engines: Mapping[str, EngineFacts | None]  # of each setting; None for PyTorch
    workers: Workers
    watch: Watch
    on_disk: StudyRecords
    ledger: Ledger = NO_LEDGER
    other_machine: bool = False  # resume even runs that were begun where the last bits differ
    tried: set[tuple[str, int]] = field(default_factory=set)  # runs, which are tried once each

    def records(self) -> tuple[Record, ...]:
        """The records that count, as they are now."""
        return tuple(self.on_disk.sorted()[0].values())

    def results(self) -> Results:
        """What the study has come to, from the records as they are now."""
        return collect(self.on_disk)

    def train(self, seeds: Mapping[str, int]) -> list[Outcome]:
        """Train every run, `seeds` a setting, that has no good record of this configuration.

        Raises:
            ResumeError: there are runs that were begun elsewhere, and `other_machine` isn't set.
        """
        planned = self._trainings(seeds)
        self._set_unreadable_aside(planned)
        done = {task.run.key for task in planned if self._is_done(task)}
        for key in done:  # killed after its record was written, one left its checkpoints
            remove(checkpoint_folder(self.out, *key))
        tasks = [task for task in planned if task.run.key not in done | self.tried]
        self.tried |= {task.run.key for task in tasks}
        if not self.other_machine:
            here = environment().model_copy(update={"threads": THREADS})
            refuse_other_machines(self.out, [(task.run, task.inputs) for task in tasks], here)
        self._tell_changes(tasks, len(planned))
        epochs = sum(task.run.setting.config.epochs for task in tasks)
        jobs = self.workers.needed(tasks)
        self.watch(events.TrainingBegins(len(planned), len(tasks), epochs, jobs))

        def ended(o: Outcome) -> None:
            self.on_disk.look(o.run)
            self.watch(events.RunEnded(*o.run.key, o.status, o.seconds, o.message))

        return self.workers.perform(tasks, self.watch, ended)

    def analyze(self) -> list[Outcome]:
        """Find out what every finished run's network looks at, unless that is kept already."""
        planned = self._analyses()
        tasks = [task for task in planned if not is_current(task, self.on_disk.read[task.run.key])]
        self.watch(events.AnalysisBegins(len(planned), len(tasks), self.workers.needed(tasks)))

        def ended(o: Outcome) -> None:
            self.watch(events.RunAnalyzed(*o.run.key, o.status, o.message))

        return self.workers.perform(tasks, self.watch, ended)

    def keep_images(self) -> None:
        """Keep the images that the report shows: what they were and what the networks saw.

        Those are the telling test images, and the training images that lie near them.
        """
        remove_empty(self.out / UNFINISHED)
        adopt_images(self.out)
        records = self.results().records
        by_setting = outcomes(records)
        telling = telling_images(by_setting, self.study.baseline).tolist()
        for setting, index in product(by_setting, telling):
            read = partial(self.data[setting].originals.read, index)
            keep_image(self.out, original_name(index), read, ORIGINAL_SIDE)
            self._keep_seen(setting, index)
        for setting, explained in read_explained(self.out, records).items():
            for index in {near.index for row in explained.neighbors for near in row}:
                self._keep_seen(setting, index)

    def _keep_seen(self, setting: str, index: int) -> None:
        dataset = self.data[setting].dataset
        name = seen_name(dataset.fingerprint, index)
        keep_image(self.out, name, lambda: np.moveaxis(dataset.images[index], 0, -1))

    def _trainings(self, seeds: Mapping[str, int]) -> list[Training]:
        study = self.study
        digest = hashlib.sha256(study.model_dump_json().encode()).hexdigest()
        trainings = []
        known: dict[str, RunInputs] = {}  # one per setting: weights files take long to hash
        for run in runs(study, seeds):
            name = run.setting.name
            dataset = self.data[name].dataset
            if name not in known:
                known[name] = run_inputs(run, dataset, self.engines[name])
            if drawn := self.data[name].drawn(run.seed_of("split")):
                dataset = drawn.of(dataset)
            inputs = replace(known[name], seed=run.seed, data=dataset.fingerprint)
            trainings.append(
                Training(
                    run,
                    study.name,
                    digest,
                    study.baseline,
                    dataset.folder,
                    dataset.facts,
                    inputs,
                    self.out,
                    drawn,
                )
            )
        return trainings

    def _analyses(self) -> list[Analysis]:
        records = self.results().records
        by_setting = outcomes(records)
        images = telling_images(by_setting, self.study.baseline)
        targets = {name: one.target[one.rows(images)] for name, one in by_setting.items()}
        folders = {name: prepared.dataset.folder for name, prepared in self.data.items()}
        tested = {record.key for record in records if record.predictions}
        return [
            Analysis(run, folders[name], self.out, images, targets[name])
            for run in runs(self.study)
            if run.key in tested and (name := run.setting.name) in targets
        ]

    def _set_unreadable_aside(self, planned: Sequence[Training]) -> None:
        for task in planned:
            if why := self.on_disk.unreadable.get(task.run.key):
                where = set_aside(self.out, run_folder(self.out, *task.run.key))
                self.watch(events.RecordSetAside(*task.run.key, str(where), why))
                self.on_disk.look(task.run)

    def _is_done(self, task: Training) -> bool:
        record = self.on_disk.read.get(task.run.key)
        if record is None or record.facts.digest != task.inputs.digest:
            return False
        return is_final(record.facts)

    def _tell_changes(self, tasks: Sequence[Training], planned: int) -> None:
        """Say what has changed since the records that are there, if anything has."""
        changes = {
            task.run.key: task.inputs.changes_since(record.facts)
            for task in tasks
            if (record := self.on_disk.read.get(task.run.key))
        }
        lines = dict.fromkeys(f"{name}: {c}" for (name, _), cs in changes.items() for c in cs)
        if lines:
            again = sum(map(bool, changes.values()))
            self.watch(events.StudyChanged(tuple(lines), again, planned - len(tasks)))


@contextmanager
def open_session(
    study: Study, out: Path, data: Mapping[str, Prepared], jobs: int | None, watch: Watch
) -> Iterator[Session]:
    """Start workers, choose the engines, and hold the folder until the study is done.

    Raises:
        InUseError: another process holds the folder.
        SettingsError: a setting can't be trained.
        EngineError: a setting asks for the native engine, which can't train it.
    """
    with Workers(jobs, code=bool(code_named(study))) as workers:
        heard: list[Event] = []  # before there is a log
        seen = {name: one.seen for name, one in data.items()}
        choices = choose(study, seen, workers, heard.append)
        engines = {name: choice.engine for name, choice in choices.items()}
        with held(out) as workers.hold:
            watch = logged(out, watch)
            watch(events.StudyBegins(study.name, os.getpid()))
            for ready in images_ready({name: one.dataset for name, one in data.items()}):
                watch(ready)
            for event in heard:
                watch(event)
            try:
                on_disk = _prepare_folder(out, study, watch)
                ledger = _declare(out, on_disk, watch)
                write_study_copy(out, study)
                yield Session(study, out, data, engines, workers, watch, on_disk, ledger)
            except BaseException as error:
                with suppress(DiskError):
                    watch(events.StudyEnded(f"stopped: {error or type(error).__name__}"))
                raise
            watch(events.StudyEnded("the report is written"))


def _prepare_folder(out: Path, study: Study, watch: Watch) -> StudyRecords:
    """Refuse what must not be there, sweep what a kill left, and read what is there."""
    for link in ways_out(out):
        raise RecordError(f"{link}: expected a folder, got a link that leads out of {out}")
    with writing_report(out, watch):
        sweep(out, OWN)
    return read_records(out, study)


def _declare(out: Path, on_disk: StudyRecords, watch: Watch) -> Ledger:
    """Write down what the study plans, and say what of it is changed after results were seen."""
    study, ended, before = on_disk.study, len(recorded_runs(out)), read_ledger(out)
    begun = read_study_copy(out) if ended and not before.plan else None
    ledger = declare(out, study, ended, begun, counting=len(on_disk.sorted()[0]))
    if said := on_changes(ledger, len(before.changes), study):
        watch(events.PlanChanged(said))
    return ledger
