"""Paribus as it is measured: its training loop alone, and whole runs in worker processes."""

from __future__ import annotations

import os
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from torch import nn

from images import SMALL, Counts, write_images, write_tensors
from paribus.data.batches import Batches
from paribus.data.dataset import Dataset
from paribus.engine.library import library
from paribus.events import EpochDone, Event, quiet
from paribus.execution.session import open_networks, prepare_data
from paribus.execution.workers import Workers
from paribus.records.store import read_record, run_folder
from paribus.records.types import EngineFacts
from paribus.study.config import Engine
from paribus.study.plan import runs
from paribus.study.spec import Study
from paribus.training.loop import train
from paribus.training.optimizers import build_optimizer
from paribus.training.progress import begin
from paribus.training.steps import steps_by
from peers import BATCH, Training


@dataclass(frozen=True)
class Data:
    """Synthetic images, ready for all contenders.

    Attributes:
        folder: images/ holds PNG files, beside normalized floats as arrays.
        seconds: how long decoding and resizing took.
    """

    folder: Path
    dataset: Dataset
    seconds: float


@contextmanager
def synthetic(counts: Counts) -> Iterator[Data]:
    """Draw images and prepare them, in a cache that is removed with them."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        os.environ["PARIBUS_CACHE"] = str(folder / "cache")
        write_images(folder / "images", counts)
        began = time.perf_counter()
        dataset = prepare(folder / "images")
        seconds = time.perf_counter() - began
        write_tensors(folder, dataset)
        yield Data(folder, dataset, seconds)


def study(
    images: Path, *, epochs: int, seeds: int, engine: Engine = "auto", batch: int = BATCH
) -> Study:
    """LeNet-5 on a folder of images, trained with Adam."""
    return Study.model_validate(
        {
            "name": "benchmark",
            "data": {"source": "folder", "path": str(images), "size": SMALL},
            "network": "lenet5",
            "epochs": epochs,
            "seeds": seeds,
            "batch_size": batch,
            "engine": engine,
        }
    )


def prepare(images: Path) -> Dataset:
    """Decode and resize the images, or find them in the cache."""
    prepared = prepare_data(study(images, epochs=1, seeds=1), None, quiet)
    return prepared["baseline"].dataset


def native() -> EngineFacts:
    """Paribus's own engine, as records name it.

    Raises:
        NoLibrary: if there is none.
    """
    return EngineFacts(build=library().build, digest=library().digest)


def epoch_rate(
    network: nn.Module, dataset: Dataset, engine: EngineFacts | None, batch: int = BATCH
) -> float:
    """Images per second of one epoch of Paribus's loop, in this process; None is PyTorch.

    Everything that the loop does is timed: hashing what was drawn, recording every loss, keeping
    the best network. Only validation is cut to ten images, because a bare loop has none.
    """
    (run,) = runs(study(dataset.folder, epochs=1, seeds=1, batch=batch))
    splits = replace(dataset.splits, validation=dataset.splits.validation[:10])
    batches, course = Batches(dataset), begin(network)
    optimizer = build_optimizer(run.setting.config.optimizer, network)
    steps = steps_by(engine, network, optimizer, dataset.shape, batch)
    began = time.perf_counter()
    train(steps, batches, splits, run, course, lambda epoch: None)
    return len(splits.training) / (time.perf_counter() - began)


@dataclass(frozen=True)
class Trained:
    """A study, trained.

    Attributes:
        trainings: one per worker.
        peak_memory: of the worker that used most, in bytes.
    """

    trainings: list[Training]
    peak_memory: int


def train_study(data: Path, epochs: int, workers: int, engine: Engine) -> Trained:
    """Train a study of one run per worker, as `paribus run` does, validating every epoch."""
    laps: dict[int, list[float]] = defaultdict(list)

    def watch(event: Event) -> None:
        if isinstance(event, EpochDone):
            laps[event.seed].append(time.perf_counter())

    wanted = study(data / "images", epochs=epochs, seeds=workers, engine=engine)
    prepared = prepare_data(wanted, None, quiet)
    with tempfile.TemporaryDirectory() as place:
        out = Path(place)
        with open_networks(wanted, out, Workers(workers), prepared, watch) as session:
            session.train({"baseline": workers})
        records = [read_record(run_folder(out, "baseline", run.seed)) for run in runs(wanted)]
    return Trained(
        [Training(laps[r.facts.seed], float(r.curves.values("train_loss")[-1])) for r in records],
        max(record.facts.peak_memory or 0 for record in records),
    )
