"""Analysis as a task: what a trained network looks at, found out once and kept."""

from __future__ import annotations

import copy
import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from paribus.data.batches import Batches
from paribus.data.dataset import Dataset, Drawn, open_dataset
from paribus.engine.native import Forward
from paribus.errors import DiskError
from paribus.events import Watch
from paribus.execution.place import Outcome, Task
from paribus.explain.attribution import integrated_gradients, occlusion, outside, pooled
from paribus.explain.interventions import intervened
from paribus.explain.neighbors import nearest
from paribus.io.strict_json import dumps
from paribus.metrics.interventions import interventions
from paribus.network.build import build
from paribus.network.own import located
from paribus.network.randomness import seed_generators
from paribus.network.users import Shape, uncompiled
from paribus.records.analyses import (
    analysis_folder,
    read_explanations,
    read_interventions,
    write_explanations,
    write_interventions,
)
from paribus.records.store import read_record, read_weights, run_folder
from paribus.records.types import EngineFacts, Explanations, Integers, Interventions, Record
from paribus.study.networks import AnyNetwork, BuiltIn
from paribus.study.plan import TrainedRun
from paribus.training.device import CPU, Device
from paribus.training.predict import Predict, answers, with_flips
from paribus.training.steps import predict_by

#: Of so many test images it is measured how much of the attribution lies outside the center.
SAMPLE = 200
#: Images at a time; with more, what lies between two layers leaves the processor's cache.
PART = 250


@dataclass(frozen=True)
class Analysis(Task):
    """A run whose network is to be analyzed."""

    run: TrainedRun
    dataset: Path  # the folder of its prepared images
    out: Path
    images: Integers  # (m,) numbers of the test images to be explained
    targets: Integers  # (m,) the class that each explanation is about
    drawn: Drawn | None = None  # what the study declares of the training images
    device: Device = CPU

    def perform(self, tell: Watch) -> Outcome:
        """Find out what isn't kept yet: the effect of interventions, and explanations."""
        began = time.perf_counter()
        try:
            with self.device.computing():
                self._find_out()
        except DiskError:
            raise
        except Exception as error:  # a user's network may raise anything; the study stays good
            message = located(error)
            return Outcome(self.run, "failed", time.perf_counter() - began, message)
        return Outcome(self.run, "finished", time.perf_counter() - began)

    def _find_out(self) -> None:
        """Find out what isn't kept yet, and keep it."""
        record = read_record(run_folder(self.out, *self.run.key))
        dataset = open_dataset(self.dataset)
        if self.drawn is not None:
            dataset = self.drawn.of(dataset)
        batches = Batches(dataset, self.device.kind)
        network, predict = _trained(self, record, dataset)
        # A network that draws in evaluation mode draws the same, whatever is kept already.
        seed_generators(self.run.seed, "interventions")
        if not _has_interventions(self, record):
            kept = _intervene(network, predict, batches, dataset)
            write_interventions(self.out, record, kept)
        seed_generators(self.run.seed, "explanations")
        if not _has_explanations(self, record):
            explanations = _explain(self, network, predict, batches, dataset)
            write_explanations(self.out, record, explanations)

    @property
    def identity(self) -> str:
        """The run, its configuration, and the images that are explained."""
        parts = [dict(self.run.setting.recorded), self.images.tolist(), self.targets.tolist()]
        digest = hashlib.sha256(dumps(parts, sort_keys=True).encode()).hexdigest()
        return f"analyze {self.run.setting.name} {self.run.seed} {digest}"

    @property
    def reads(self) -> tuple[Path, ...]:
        """The folder of the prepared images."""
        return (self.dataset,)

    @property
    def keeps(self) -> tuple[Path, ...]:
        """The record that has the network, and what is found out of it."""
        kept = analysis_folder(self.out, *self.run.key)
        return run_folder(self.out, *self.run.key), kept

    def moved(self, out: Path, reads: Mapping[Path, Path]) -> Analysis:
        """The same with other folders."""
        return replace(self, out=out, dataset=reads.get(self.dataset, self.dataset))


def is_current(task: Analysis, record: Record) -> bool:
    """Whether all that the task would find out is kept already."""
    return _has_interventions(task, record) and _has_explanations(task, record)


def _has_interventions(task: Analysis, record: Record) -> bool:
    kept = read_interventions(task.out, record)
    if kept is None:
        return False
    shape = record.facts.data.shape
    wanted = {change.name for change in interventions(shape[0] if shape else 1)}
    return wanted <= kept.predicted.keys()


def _has_explanations(task: Analysis, record: Record) -> bool:
    kept = read_explanations(task.out, record)
    return (
        kept is not None
        and np.array_equal(kept.images, task.images)
        and np.array_equal(kept.targets, task.targets)
    )


def _trained(task: Analysis, record: Record, dataset: Dataset) -> tuple[nn.Module, Predict]:
    """A network after its last epoch, and its predictions by the engine that trained it."""
    config, seed = task.run.setting.config.network, task.run.seed_of("init")
    network = build(config, dataset.shape, len(dataset.classes), seed)
    weights = read_weights(run_folder(task.out, *task.run.key), "last")
    network.load_state_dict({name: torch.from_numpy(array) for name, array in weights.items()})
    engine = record.facts.environment.engine
    network, predict = ready(network, config, dataset.shape, engine, task.device)
    return network, with_flips(predict) if task.run.setting.config.test_flips else predict


def ready(
    network: nn.Module,
    config: AnyNetwork,
    shape: Shape,
    engine: EngineFacts | None,
    device: Device = CPU,
) -> tuple[nn.Module, Predict]:
    """A network to look into, and its predictions by the engine and device that trained it."""
    # A copy, for the engine wants its weights laid out as they are.
    native = Forward(copy.deepcopy(network), shape) if engine else None
    if isinstance(config, BuiltIn):
        # Half as fast again, and so is what follows. Another network may rely on the usual one.
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stub
    network = uncompiled(network).eval().to(device.kind)  # a compiled one hides its layers
    return network, native or predict_by(None, network, shape, device)


def _intervene(
    network: nn.Module, predict: Predict, batches: Batches, dataset: Dataset
) -> Interventions:
    test = dataset.splits.test
    names = [change.name for change in interventions(dataset.shape[0])]
    predicted = {name: np.empty(len(test), np.int64) for name in names}
    with torch.no_grad():
        for start in range(0, len(test), PART):
            part = slice(start, start + PART)
            index = torch.from_numpy(test[part])
            changed = intervened(batches.images(index), index, dataset.mean, dataset.std)
            for name, images in changed:
                predicted[name][part] = answers(predict, images).argmax(dim=1).cpu().numpy()
    sample = batches.images(torch.from_numpy(test[:: max(1, len(test) // SAMPLE)][:SAMPLE]))
    with torch.no_grad():
        targets = answers(predict, sample).argmax(dim=1)
    maps = integrated_gradients(network, sample, targets)
    return Interventions(predicted, outside(maps).cpu().numpy())


def _explain(
    task: Analysis, network: nn.Module, predict: Predict, batches: Batches, dataset: Dataset
) -> Explanations:
    images = batches.images(torch.from_numpy(task.images))
    targets = torch.from_numpy(task.targets).to(task.device.kind)
    near, labels = nearest(network, batches, task.images, dataset.splits.training)
    return Explanations(
        images=task.images,
        targets=task.targets,
        gradients=pooled(integrated_gradients(network, images, targets)).cpu().numpy(),
        occlusion=pooled(occlusion(predict, images, targets)).cpu().numpy(),
        nearest=near,
        nearest_labels=labels,
    )
