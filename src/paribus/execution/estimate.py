"""How long a study will take: a few steps of every setting, measured here and now."""

import statistics
import timeit
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from paribus.claims.judge import require_testable
from paribus.data.dataset import Dataset, prepare
from paribus.data.sources import states
from paribus.data.stl10 import CLASSES
from paribus.events import Event, ImagesReady, NetworkNoticed, Watch
from paribus.execution.engines import Choice, Images, choose
from paribus.execution.workers import Workers, cores
from paribus.narrative.images import images_ready
from paribus.network.build import build_and_describe
from paribus.network.users import Shape
from paribus.study.config import Data, Stl10
from paribus.study.plan import Setting, runs, settings, surprises
from paribus.study.read import code_named
from paribus.study.spec import Study
from paribus.training.predict import BATCH, answers
from paribus.training.steps import build_optimizer, steps_by

#: Enough steps for a steady median on a busy machine, and still under a second for LeNet-5.
STEPS, VALIDATIONS = 12, 3


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
    """What training one setting means; `run_seconds` is for one run on one core."""

    name: str
    changes: dict[str, tuple[Any, Any]]
    layers: tuple[str, ...]
    parameters: int | None
    epochs: int
    engine: str  # "native" or "torch"
    why: str  # it is that one
    run_seconds: float


@dataclass(frozen=True)
class Outlook:
    """Every run of a study in order, and the time all of them will take in `jobs` processes."""

    study: str
    source: str
    sizes: Sizes
    images: tuple[ImagesReady, ...]
    settings: tuple[SettingOutlook, ...]
    runs: tuple[tuple[str, int], ...]
    jobs: int
    seconds: float
    notes: tuple[str, ...] = ()  # what of the study may surprise


def estimate(study: Study, data_dir: Path | None, jobs: int | None) -> Outlook:
    """Measure a few steps of every setting on this machine and multiply.

    Raises:
        DataError: if the user's images are missing or damaged. STL-10 that is not there yet
            is not downloaded for this: its sizes are known.
        SettingsError: if a setting can't be trained.
        EngineError: if a setting asks for the native engine, which can't train it.
        ComparisonError: if a claim can't be tested.
    """
    torch.set_num_threads(1)
    planned = runs(study)
    datasets = {s.name: _dataset(s.config.data, data_dir) for s in settings(study)}
    sizes = {s.name: _sizes(s.config.data, datasets[s.name]) for s in settings(study)}
    require_testable(study, sizes[study.baseline].class_names)
    seen = {name: Images(s.shape, s.classes, s.training) for name, s in sizes.items()}
    noticed: list[NetworkNoticed] = []
    with Workers(jobs, code=bool(code_named(study))) as workers:
        choices = choose(study, seen, workers, _kept_in(noticed))
    outlooks = {
        s.name: _setting_outlook(s, sizes[s.name], choices[s.name]) for s in settings(study)
    }
    processes = min(jobs or cores(), len(planned))
    total = sum(outlooks[run.setting.name].run_seconds for run in planned)
    return Outlook(
        study=study.name,
        source=study.data.source,
        sizes=sizes[study.baseline],
        images=tuple(images_ready({name: one for name, one in datasets.items() if one})),
        settings=tuple(outlooks.values()),
        runs=tuple((run.setting.name, run.seed) for run in planned),
        jobs=processes,
        seconds=total / processes,
        notes=(*surprises(study), *(f"{one.setting}: {one.message}" for one in noticed)),
    )


def _kept_in(noticed: list[NetworkNoticed]) -> Watch:
    """A watch that keeps what is noticed of networks."""

    def watch(event: Event) -> None:
        if isinstance(event, NetworkNoticed):
            noticed.append(event)

    return watch


def _dataset(data: Data, data_dir: Path | None) -> Dataset | None:
    """The images, or None for STL-10 that isn't there yet."""
    if isinstance(data, Stl10):
        (state,) = (source.state for source in states(data_dir) if source.name == "stl10")
        if state != "ready":
            return None
    return prepare(data, data_dir)[0]


def _sizes(data: Data, dataset: Dataset | None) -> Sizes:
    if dataset is None:
        a_class = data.validation if isinstance(data.validation, int) else 800 * data.validation
        validation = round(10 * a_class)
        shape = (3, data.size, data.size)
        return Sizes(5000, validation, 8000 - validation, shape, 10, CLASSES)
    splits = dataset.splits
    counts = len(splits.training), len(splits.validation), len(splits.test)
    return Sizes(*counts, dataset.shape, len(dataset.classes), dataset.classes)


def _setting_outlook(setting: Setting, sizes: Sizes, choice: Choice) -> SettingOutlook:
    config = setting.config
    network, facts = build_and_describe(config.network, sizes.shape, sizes.classes, seed=0)
    optimizer = build_optimizer(config.optimizer, network)
    images, labels = _noise(sizes, min(config.batch_size, sizes.training))
    validation, _ = _noise(sizes, min(BATCH, sizes.validation))
    steps = steps_by(choice.engine, network, optimizer, sizes.shape, len(images))

    def validate() -> None:
        with torch.no_grad():
            answers(steps.predict, validation)

    a_step = _median_seconds(lambda: steps.step(images.clone(), labels), STEPS)
    an_epoch = a_step * sizes.training / len(images)
    network.eval()
    an_epoch += _median_seconds(validate, VALIDATIONS) * sizes.validation / len(validation)
    return SettingOutlook(
        name=setting.name,
        changes=dict(setting.changes),
        layers=facts.layers,
        parameters=facts.parameters,
        epochs=config.epochs,
        engine=choice.name,
        why=choice.why,
        run_seconds=an_epoch * config.epochs,
    )


def _noise(sizes: Sizes, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.randn(count, *sizes.shape), torch.randint(sizes.classes, (count,))


def _median_seconds(action: Callable[[], object], times: int) -> float:
    action()  # the first call sets up memory
    return statistics.median(timeit.repeat(action, number=1, repeat=times))
