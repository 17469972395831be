"""What a study will take: the images, every run, the time, and what its seeds can show."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from statistics import fmean
from time import perf_counter
from typing import Any

import numpy as np
import torch

from paribus.claims.judge import require_testable
from paribus.comparison.expected import Expected, expected
from paribus.data.dataset import Dataset, as_declared, prepare
from paribus.data.images import Originals, target_of
from paribus.data.published import SETS
from paribus.data.sources import states
from paribus.data.stl10 import CLASSES, DOWNLOAD
from paribus.data.training_images import as_they_come, kept_of_each
from paribus.errors import SettingsError
from paribus.events import Event, ImagesReady, NetworkNoticed, Watch
from paribus.execution.engines import Choice, Images, choose
from paribus.execution.gpus import unused, workers_for
from paribus.execution.place import Outcome
from paribus.execution.rehearsal import MOST_SECONDS, SECONDS, Amounts, Rehearsal, Rehearsed
from paribus.execution.workers import Workers
from paribus.failures.cases import FEWEST, MOST, MOST_EXPLANATIONS
from paribus.narrative.expected import advice, expectations
from paribus.narrative.images import images_ready
from paribus.narrative.training import training
from paribus.narrative.words import readable
from paribus.network.users import Shape
from paribus.study.data import Data, Published, Stl10
from paribus.study.plan import TrainedRun, TrainedSetting, runs, settings, surprises
from paribus.study.spec import Study

#: Processor seconds of what isn't rehearsed, measured on studies of handwritten digits: the start
#: of the command; writing and reading the record of a run, and its analysis; the report and the
#: images that are kept, at all and for each setting and run.
A_START, A_RECORD, AN_ANALYSIS = 3.0, 0.3, 0.2
A_REPORT, A_SETTING, A_RUN = 3.0, 1.2, 0.05
#: At most this share of the test images is explained: those that fail most clearly.
EXPLAINED = 1 / 6


@dataclass(frozen=True)
class Sizes:
    """How many images, of which shape (channels, height, width), in which classes."""

    training: int
    validation: int
    test: int
    shape: Shape
    classes: int
    class_names: tuple[str, ...]


@dataclass(frozen=True)
class SettingOutlook:
    """What training one setting means; times are for one run on one core, as busy as it is now."""

    name: str
    changes: dict[str, tuple[Any, Any]]
    layers: tuple[str, ...]
    parameters: int | None
    multiply_adds: int | None  # for one image
    epochs: int
    training: dict[str, str]  # how it is trained, in words by title
    engine: str  # "native" or "torch"
    why: str  # it is that one
    device: str  # "CPU", or the name of a GPU
    run_seconds: float
    analysis_seconds: float


@dataclass(frozen=True)
class Times:
    """Seconds of wall time that each part of a study takes."""

    start: float
    training: float
    analysis: float
    report: float

    @property
    def total(self) -> float:
        """From the command to the report."""
        return self.start + self.training + self.analysis + self.report


@dataclass(frozen=True)
class Outlook:
    """Every run of a study in order, what it can show, and the time it takes in `jobs` processes.

    Attributes:
        download: million bytes that `paribus run` will download first; 0 if the images are there.
        missing: what `paribus run` would refuse, a sentence; "" if it wouldn't.
        until_decided: seeds are added until all is decided, so `runs` and times are the most.
        seconds, idle_seconds: with the machine as busy as it is now, and if nothing else ran on it.
        expectations: what these seeds can show, a sentence each.
        advice: what should be declared otherwise, a sentence each.
        notes: what of the study may surprise.
    """

    study: str
    source: str
    sizes: Sizes
    download: int
    missing: str
    images: tuple[ImagesReady, ...]
    settings: tuple[SettingOutlook, ...]
    runs: tuple[tuple[str, int], ...]
    until_decided: bool
    jobs: int
    seconds: float
    idle_seconds: float
    times: Times
    expected: Expected
    expectations: tuple[str, ...]
    advice: tuple[str, ...]
    notes: tuple[str, ...] = ()


def estimate(study: Study, data_dir: Path | None, jobs: int | None, per_device: int = 1) -> Outlook:
    """Time every setting for a moment on this machine, in as many processes as will train.

    Raises:
        DataError: if the user's images are missing or damaged. Official files that are not
            there yet are not downloaded for this: their sizes are known.
        SettingsError: if a setting can't be trained, not even for a moment.
        EngineError: if a setting asks for the native engine, which can't train it.
        ComparisonError: if a claim can't be tested.
    """
    torch.set_num_threads(1)
    planned, every = runs(study), settings(study)
    datasets = _datasets(every, data_dir)
    sizes = {s.name: _sizes(s.config.data, datasets[s.name]) for s in every}
    require_testable(study, sizes[study.baseline].class_names)
    noticed: list[NetworkNoticed] = []
    with workers_for(study, jobs, per_device) as workers:
        processes = min(workers.most, len(planned))
        seen = {name: Images(s.shape, s.classes, s.training) for name, s in sizes.items()}
        choices = choose(study, seen, workers, _kept_in(noticed), workers.gpu_share)
        rehearsed, starting = _rehearse(every, sizes, choices, workers, processes)
    outlooks = {s.name: _outlook(s, choices[s.name], rehearsed[s.name]) for s in every}
    load = fmean(one.load for of in rehearsed.values() for one in of)
    times = _times(planned, outlooks, processes, load, starting)
    can_show = expected(study, sizes[study.baseline].test)
    lacking = None in datasets.values()
    return Outlook(
        study=study.name,
        source=study.data.source,
        sizes=sizes[study.baseline],
        download=_megabytes(study.data) if lacking and data_dir is None else 0,
        missing=_missing(study.data, data_dir) if lacking and data_dir else "",
        images=tuple(images_ready({name: one for name, one in datasets.items() if one})),
        settings=tuple(outlooks.values()),
        runs=tuple(run.key for run in planned),
        until_decided=not isinstance(study.seeds, int) and bool(study.variations),
        jobs=processes,
        seconds=times.total,
        idle_seconds=times.total / load,
        times=times,
        expected=can_show,
        expectations=tuple(expectations(can_show)),
        advice=tuple(advice(can_show)),
        notes=(
            *surprises(study),
            *filter(None, [unused(study)]),
            *(f"{one.setting}: {one.message}" for one in noticed),
        ),
    )


def _kept_in(noticed: list[NetworkNoticed]) -> Watch:
    """A watch that keeps what is noticed of networks."""

    def watch(event: Event) -> None:
        if isinstance(event, NetworkNoticed):
            noticed.append(event)

    return watch


def _datasets(every: Sequence[TrainedSetting], data_dir: Path | None) -> dict[str, Dataset | None]:
    """The images of each setting, or None for official files that aren't there yet."""
    images: dict[str, tuple[Dataset, Originals]] = {}
    datasets: dict[str, Dataset | None] = {}
    for name, data in ((setting.name, setting.config.data) for setting in every):
        if _is_there(data, data_dir):
            whole = as_they_come(data)
            if (key := whole.model_dump_json()) not in images:
                images[key] = prepare(whole, data_dir)
            datasets[name] = as_declared(data, *images[key])
        else:
            datasets[name] = None
    return datasets


def _is_there(data: Data, data_dir: Path | None) -> bool:
    if not isinstance(data, Stl10 | Published):
        return True
    (state,) = (one.state for one in states(data_dir) if one.name == data.source)
    return state == "ready"


def _megabytes(data: Data) -> int:
    return SETS[data.source].megabytes if isinstance(data, Published) else DOWNLOAD


def _missing(data: Data, data_dir: Path | None) -> str:
    fetch = f"paribus data fetch {data.source} --data-dir {data_dir}"
    return (
        f"{readable(data.source)} isn't complete in {data_dir}; `{fetch}` downloads about "
        f"{_megabytes(data)} MB"
    )


def _size(data: Data) -> tuple[int, int]:
    target = target_of(data)
    return target.height, target.width


def _kept(data: Data, training: int, classes: int) -> int:
    """The training images that are left of so many, as many of each class."""
    if as_they_come(data) == data:
        return training
    return int(kept_of_each(data, np.full(classes, training // classes)).sum())


def _published_sizes(data: Published) -> Sizes:
    whole = SETS[data.source]
    per_class, classes = data.validation, len(whole.classes)
    validation = round(
        classes * per_class if isinstance(per_class, int) else whole.training * per_class
    )
    shape = (whole.shape[0], *_size(data))
    return Sizes(
        _kept(data, whole.training - validation, classes),
        validation,
        whole.test,
        shape,
        classes,
        whole.classes,
    )


def _sizes(data: Data, dataset: Dataset | None) -> Sizes:
    if dataset is None and isinstance(data, Published):
        return _published_sizes(data)
    if dataset is None:
        a_class = data.validation if isinstance(data.validation, int) else 800 * data.validation
        validation = round(10 * a_class)
        shape = (3, *_size(data))
        return Sizes(_kept(data, 5000, 10), validation, 8000 - validation, shape, 10, CLASSES)
    splits = dataset.splits
    counts = len(splits.training), len(splits.validation), len(splits.test)
    return Sizes(*counts, dataset.shape, len(dataset.classes), dataset.classes)


def _rehearse(
    every: Sequence[TrainedSetting],
    sizes: Mapping[str, Sizes],
    choices: Mapping[str, Choice],
    workers: Workers,
    processes: int,
) -> tuple[dict[str, list[Rehearsed]], float]:
    """What rehearsals of each setting found, and the seconds until the first process was there."""
    rounds = math.ceil(len(every) / processes)
    seconds = min(SECONDS, MOST_SECONDS / rounds)
    # No process is ever idle, or another would be faster than it will be.
    tasks = [
        Rehearsal(
            TrainedRun(setting, number),
            _amounts(sizes[setting.name], len(every)),
            choices[setting.name].engine,
            seconds,
            choices[setting.name].device,
        )
        for number, setting in enumerate(islice(cycle(every), rounds * processes))
    ]
    found: dict[str, list[Rehearsed]] = {setting.name: [] for setting in every}
    waited: list[float] = []
    began = perf_counter()

    def heard(event: Event) -> None:
        if isinstance(event, Rehearsed):
            found[event.setting].append(event)
            waited.append(perf_counter() - began - event.took)

    wrong: dict[str, str] = {}

    def ended(outcome: Outcome) -> None:
        if outcome.status != "finished":
            wrong[outcome.run.setting.name] = outcome.message

    workers.perform(tasks, heard, ended)
    if without := {name: wrong.get(name, "") for name, times in found.items() if not times}:
        raise SettingsError(without, len(every))
    return found, max(0.0, min(waited))


def _amounts(sizes: Sizes, settings: int) -> Amounts:
    most = min(MOST, max(FEWEST, MOST_EXPLANATIONS // settings))
    explained = min(most, math.ceil(EXPLAINED * sizes.test))
    counts = sizes.training, sizes.validation, sizes.test
    return Amounts(sizes.shape, sizes.classes, *counts, explained)


def _outlook(setting: TrainedSetting, choice: Choice, found: Sequence[Rehearsed]) -> SettingOutlook:
    one = found[0]
    return SettingOutlook(
        name=setting.name,
        changes=dict(setting.changes),
        layers=one.layers,
        parameters=one.parameters,
        multiply_adds=one.multiply_adds,
        epochs=setting.config.epochs,
        training=training(setting.config),
        engine=choice.name,
        why=choice.why,
        device=choice.gpu.name if choice.gpu else "CPU",
        run_seconds=fmean(of.run_seconds + A_RECORD * of.load for of in found),
        analysis_seconds=fmean(of.analysis_seconds + AN_ANALYSIS * of.load for of in found),
    )


def _times(
    planned: Sequence[TrainedRun],
    of: Mapping[str, SettingOutlook],
    processes: int,
    load: float,
    starting: float,
) -> Times:
    return Times(
        start=A_START * load + starting,
        training=sum(of[run.setting.name].run_seconds for run in planned) / processes,
        analysis=sum(of[run.setting.name].analysis_seconds for run in planned) / processes,
        report=(A_REPORT + A_SETTING * len(of) + A_RUN * len(planned)) * load,
    )
