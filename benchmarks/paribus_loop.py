"""Paribus as it is measured: its training loop alone, and whole runs in worker processes."""

from __future__ import annotations

import tempfile
import time
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

from paribus.data.batches import Batches
from paribus.data.dataset import Dataset
from paribus.events import EpochDone, Event, quiet
from paribus.execution.conduct import choose_engines, prepare_data, train_missing
from paribus.execution.local import Workers
from paribus.network.build import build
from paribus.store import read_record, run_folder
from paribus.study.plan import runs
from paribus.study.spec import Study
from paribus.training.loop import begin, train
from paribus.training.optimise import optimizer
from paribus.training.steps import TorchSteps
from peers import Training
from pictures import SMALL


def study(pictures: Path, *, epochs: int, seeds: int, batch_norm: bool = False) -> Study:
    """LeNet-5 on a folder of pictures, trained with Adam in batches of 128."""
    return Study.model_validate(
        {
            "name": "benchmark",
            "data": {"source": "folder", "path": str(pictures), "size": SMALL},
            "network": {"kind": "lenet5", "batch_norm": batch_norm},
            "epochs": epochs,
            "seeds": seeds,
        }
    )


def prepare(pictures: Path) -> Dataset:
    """Decode and resize the pictures, or find them in the cache."""
    prepared = prepare_data(study(pictures, epochs=1, seeds=1), None, quiet)
    return prepared["baseline"].dataset


def epoch_rate(pictures: Path, dataset: Dataset, *, batch_norm: bool) -> float:
    """Images a second of one epoch of Paribus's loop, in this process.

    All that the loop does is timed: hashing what was drawn, recording every loss, keeping the
    best network. Only the validation part is cut to ten pictures, as a bare loop has none.
    """
    (run,) = runs(study(pictures, epochs=1, seeds=1, batch_norm=batch_norm))
    network = build(run.setting.config.network, dataset.shape, len(dataset.classes), run.seed)
    splits = replace(dataset.splits, validation=dataset.splits.validation[:10])
    batches, course = Batches(dataset), begin(network)
    steps = TorchSteps(network, optimizer(run.setting.config.optimizer, network))
    began = time.perf_counter()
    train(steps, batches, splits, run, course, lambda epoch: None)
    return len(splits.training) / (time.perf_counter() - began)


def train_study(data: Path, epochs: int, workers: int) -> list[Training]:
    """Train a study of one run a worker, as `paribus run` does, with a validation every epoch."""
    laps: dict[int, list[float]] = defaultdict(list)

    def watch(event: Event) -> None:
        if isinstance(event, EpochDone):
            laps[event.seed].append(time.perf_counter())

    wanted = study(data / "pictures", epochs=epochs, seeds=workers)
    prepared = prepare_data(wanted, None, quiet)
    with tempfile.TemporaryDirectory() as place:
        out = Path(place)
        with Workers(workers) as processes:
            engines = choose_engines(wanted, prepared, processes, quiet)
            train_missing(wanted, {"baseline": workers}, prepared, engines, out, processes, watch)
        return [Training(laps[run.seed], _last_loss(out, run.seed)) for run in runs(wanted)]


def _last_loss(out: Path, seed: int) -> float:
    return float(read_record(run_folder(out, "baseline", seed)).curves.train_loss[-1])
