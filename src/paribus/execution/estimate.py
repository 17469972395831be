"""How long a study will take: a few steps of every setting, measured here and now."""

import statistics
import timeit
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from paribus.data.dataset import prepare
from paribus.data.sources import states
from paribus.events import quiet
from paribus.execution.engines import Choice, choose
from paribus.execution.workers import Workers, cores
from paribus.network.build import Shape, build, describe
from paribus.study.config import Data, Stl10
from paribus.study.plan import Setting, runs, settings, surprises
from paribus.study.read import code_named
from paribus.study.spec import Study
from paribus.training.predict import BATCH
from paribus.training.steps import build_optimizer, steps_by

#: Enough steps for a steady median on a busy machine, and still under a second for LeNet-5.
STEPS, VALIDATIONS = 12, 3


@dataclass(frozen=True)
class Sizes:
    """How many images, of which shape (channels, height, width), in how many classes."""

    training: int
    validation: int
    test: int
    shape: Shape
    classes: int


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
        EngineError: if a setting asks for the native engine, which can't train it.
    """
    torch.set_num_threads(1)
    planned = runs(study)
    sizes = {s.name: _sizes(s.config.data, data_dir) for s in settings(study)}
    seen = {name: (size.shape, size.classes) for name, size in sizes.items()}
    with Workers(jobs, code=bool(code_named(study))) as workers:
        choices = choose(study, seen, workers, quiet)
    outlooks = {
        s.name: _setting_outlook(s, sizes[s.name], choices[s.name]) for s in settings(study)
    }
    processes = min(jobs or cores(), len(planned))
    total = sum(outlooks[run.setting.name].run_seconds for run in planned)
    return Outlook(
        study=study.name,
        source=study.data.source,
        sizes=sizes[study.baseline],
        settings=tuple(outlooks.values()),
        runs=tuple((run.setting.name, run.seed) for run in planned),
        jobs=processes,
        seconds=total / processes,
        notes=surprises(study),
    )


def _sizes(data: Data, data_dir: Path | None) -> Sizes:
    if isinstance(data, Stl10):
        (state,) = (source.state for source in states(data_dir) if source.name == "stl10")
        if state != "ready":
            a_class = data.validation if isinstance(data.validation, int) else 800 * data.validation
            validation = round(10 * a_class)
            return Sizes(5000, validation, 8000 - validation, (3, data.size, data.size), 10)
    dataset, _ = prepare(data, data_dir)
    splits = dataset.splits
    counts = len(splits.training), len(splits.validation), len(splits.test)
    return Sizes(*counts, dataset.shape, len(dataset.classes))


def _setting_outlook(setting: Setting, sizes: Sizes, choice: Choice) -> SettingOutlook:
    config = setting.config
    network = build(config.network, sizes.shape, sizes.classes, seed=0)
    optimizer = build_optimizer(config.optimizer, network)
    images, labels = _noise(sizes, min(config.batch_size, sizes.training))
    validation, _ = _noise(sizes, min(BATCH, sizes.validation))
    steps = steps_by(choice.engine, network, optimizer, sizes.shape, len(images))

    def validate() -> None:
        with torch.inference_mode():
            steps.predict(validation)

    a_step = _median_seconds(lambda: steps.step(images, labels), STEPS)
    an_epoch = a_step * sizes.training / len(images)
    network.eval()
    an_epoch += _median_seconds(validate, VALIDATIONS) * sizes.validation / len(validation)
    facts = describe(network)
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
