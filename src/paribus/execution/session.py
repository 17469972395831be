"""A study under way: its data, engines, workers and records, in a folder held meanwhile."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np

from paribus import events
from paribus.data.dataset import Dataset, Drawn, as_declared, draw_parts, prepare
from paribus.data.images import Originals
from paribus.data.training_images import as_they_come
from paribus.events import Event, Watch
from paribus.execution.analyze import Analysis, is_current
from paribus.execution.checkpoint import refuse_other_devices, refuse_other_machines
from paribus.execution.engines import Choice, Images, choose
from paribus.execution.inputs import RunInputs, environment, run_inputs
from paribus.execution.place import Making, Outcome, Place
from paribus.execution.train import Training
from paribus.execution.under_way import UnderWay, declare_plan, prepare_folder
from paribus.execution.worker import THREADS
from paribus.execution.workers import Workers
from paribus.failures.cases import telling_images
from paribus.failures.outcomes import outcomes
from paribus.failures.study import read_explained
from paribus.io.disk import remove, remove_empty
from paribus.io.lock import held
from paribus.log import study_log
from paribus.narrative.images import images_ready
from paribus.records.file_names import keep_file_names
from paribus.records.images import (
    ORIGINAL_SIDE,
    Pixels,
    adopt_images,
    batch_name,
    keep_image,
    original_name,
    seen_name,
)
from paribus.records.store import (
    UNFINISHED,
    checkpoint_folder,
)
from paribus.study.data import Data
from paribus.study.plan import runs, settings
from paribus.study.read import (
    code_named,
    write_study_copy,
)
from paribus.study.spec import Study
from paribus.training.sheet import first_batch


@dataclass(frozen=True)
class Prepared:
    """The images of one setting: as its networks see them, and as they come."""

    dataset: Dataset
    originals: Originals
    data: Data
    parts: dict[int, Drawn] = field(default_factory=dict)  # by the seed that they are drawn from

    def drawn(self, seed: int) -> Drawn | None:
        """What is drawn from a seed; None where that is what lies in the dataset's folder."""
        if not seed:
            return self.dataset.drawn
        if seed not in self.parts:
            self.parts[seed] = draw_parts(self.data, self.dataset, self.originals, seed)
        return self.parts[seed]

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
    images: dict[str, tuple[Dataset, Originals]] = {}
    ready: dict[str, Prepared] = {}
    for data in (setting.config.data for setting in settings(study)):
        whole = as_they_come(data)
        if (key := whole.model_dump_json()) not in images:
            images[key] = prepare(whole, data_dir, lambda *seen: watch(events.DataRead(*seen)))
        if data.model_dump_json() not in ready:
            dataset, originals = images[key]
            declared = as_declared(data, dataset, originals)
            ready[data.model_dump_json()] = Prepared(declared, originals, data)
    return {one.name: ready[one.config.data.model_dump_json()] for one in settings(study)}


@dataclass
class Session(UnderWay):
    """A study that Paribus trains, under way."""

    study: Study
    data: Mapping[str, Prepared]
    choices: Mapping[str, Choice]  # the engine and the device of each setting
    # Resume even runs that were begun where the last bits differ.
    other_machine: bool = field(default=False, kw_only=True)

    def begin(self, tasks: Sequence[Making], done: set[tuple[str, int]]) -> None:
        """Remove what finished runs left, and refuse what was begun elsewhere.

        Raises:
            ResumeError: there are runs that were begun elsewhere, and `other_machine` isn't set.
        """
        for key in done:  # killed after its record was written, one left its checkpoints
            remove(checkpoint_folder(self.out, *key))
        begun = [(t.run, t.inputs) for t in tasks if isinstance(t, Training)]
        refuse_other_devices(self.out, begun)
        # Elsewhere, the processes that resume a run mark it themselves.
        if isinstance(self.place, Workers) and not self.other_machine:
            here = environment().model_copy(update={"threads": THREADS})
            gpus = {name: choice.gpu for name, choice in self.choices.items()}
            refuse_other_machines(self.out, begun, here, gpus)

    def finish(self) -> None:
        """Analyze the networks, and keep the images that the report shows."""
        self.analyze()
        self.keep_images()

    def analyze(self) -> list[Outcome]:
        """Find out what every finished run's network looks at, unless that is kept already."""
        planned = self._analyses()
        tasks = [task for task in planned if not is_current(task, self.on_disk.read[task.run.key])]
        self.watch(events.AnalysisBegins(len(planned), len(tasks), self.place.needed(tasks)))

        def ended(o: Outcome) -> None:
            self.watch(events.RunAnalyzed(*o.run.key, o.status, o.message))

        return self.place.perform(tasks, self.watch, ended)

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

        for result in self.results().settings:
            if name := batch_name([record.facts for record in result.tested]):
                keep_image(self.out, name, partial(self._first_batch, result.tested[0].key))

    def _first_batch(self, key: tuple[str, int]) -> Pixels:
        """Training images of a run as it saw them."""
        run = next(run for run in runs(self.study) if run.key == key)
        prepared = self.data[run.setting.name]
        drawn = prepared.drawn(run.seed_of("split"))
        dataset = drawn.of(prepared.dataset) if drawn else prepared.dataset
        return first_batch(run.setting.config, dataset, run.seed_of("order"))

    def _keep_seen(self, setting: str, index: int) -> None:
        dataset = self.data[setting].dataset
        name = seen_name(dataset.fingerprint, index)
        keep_image(self.out, name, lambda: np.moveaxis(dataset.images[index], 0, -1))

    def tasks(self, seeds: Mapping[str, int]) -> list[Training]:
        """What trains every run, `seeds` a setting."""
        study = self.study
        digest = hashlib.sha256(study.model_dump_json().encode()).hexdigest()
        trainings = []
        known: dict[str, RunInputs] = {}  # one per setting: weights files take long to hash
        for run in runs(study, seeds):
            name = run.setting.name
            dataset = self.data[name].dataset
            if name not in known:
                choice = self.choices[name]
                known[name] = run_inputs(run, dataset, choice.engine, choice.device.kind)
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
                    device=self.choices[name].device,
                )
            )
        return trainings

    def _analyses(self) -> list[Analysis]:
        records = self.results().records
        by_setting = outcomes(records)
        images = telling_images(by_setting, self.study.baseline)
        targets = {name: one.target[one.rows(images)] for name, one in by_setting.items()}
        tested = {record.key for record in records if record.predictions}
        return [
            Analysis(
                run,
                self.data[name].dataset.folder,
                self.out,
                images,
                targets[name],
                self.data[name].dataset.drawn,
                self.choices[name].device,
            )
            for run in runs(self.study)
            if run.key in tested and (name := run.setting.name) in targets
        ]


@contextmanager
def open_networks(
    study: Study,
    out: Path,
    place: Place,
    data: Mapping[str, Prepared],
    watch: Watch,
    *,
    other_machine: bool = False,
) -> Iterator[Session]:
    """Choose the engines, and hold the folder until the study is done in its place.

    Settings are tried on this machine, wherever they are trained.

    Raises:
        InUseError: another process holds the folder.
        SettingsError: a setting can't be trained.
        EngineError: a setting asks for the native engine, which can't train it.
    """
    with ExitStack() as opened:
        opened.enter_context(place)
        here = place
        if not isinstance(here, Workers):
            here = opened.enter_context(Workers(1, code=bool(code_named(study))))
        heard: list[Event] = []  # before there is a log
        seen = {name: one.seen for name, one in data.items()}
        choices = choose(study, seen, here, heard.append, place.gpu_share)
        place.hold = opened.enter_context(held(out))
        tell = opened.enter_context(study_log(out, study.name, watch))
        for event in (*images_ready({name: of.dataset for name, of in data.items()}), *heard):
            tell(event)
        on_disk = prepare_folder(out, study, tell)
        ledger = declare_plan(out, on_disk, tell)
        write_study_copy(out, study)
        _keep_file_names(out, data)
        session = Session(study, out, place, tell, on_disk, data, choices, ledger=ledger)
        session.other_machine = other_machine
        yield session


def _keep_file_names(out: Path, data: Mapping[str, Prepared]) -> None:
    """Keep which file each test image is; settings may see images otherwise, but the same ones."""
    first = next(iter(data.values()))
    if files := first.originals.files:
        fingerprints = {prepared.dataset.fingerprint for prepared in data.values()}
        tested = first.dataset.splits.test.tolist()
        keep_file_names(out, fingerprints, {number: files[number] for number in tested})
