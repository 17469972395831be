"""Training as a task: train a run, evaluate it, leave its record on disk."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch
from torch import nn

from paribus.data.batches import Batches
from paribus.data.dataset import Dataset, open_dataset
from paribus.errors import NonFiniteLossError
from paribus.evaluation.predict import log_probabilities
from paribus.execution.environment import environment
from paribus.execution.task import Outcome
from paribus.network.build import build, source_digest
from paribus.network.describe import describe
from paribus.records import (
    RECORD_FORMAT,
    DataFacts,
    Failure,
    Floats,
    NetworkFacts,
    Predictions,
    Record,
    RunFacts,
)
from paribus.store import Arrays, write_record
from paribus.study.plan import Run
from paribus.training.loop import Course, State, begin, train


@dataclass(frozen=True)
class Training:
    """A run to be trained, with all that a worker process needs to know."""

    study: str
    baseline: str
    run: Run
    dataset: Path
    digest: str
    out: Path

    def perform(self, tell: Callable[[int], None]) -> Outcome:
        """Train the run and write its record; `tell` hears of every epoch."""
        return train_and_record(self, tell)


def digest(run: Run, dataset: Dataset) -> str:
    """SHA-256 over all that decides a run's result; a record is reused while it stays equal."""
    parts = {
        "format": RECORD_FORMAT,
        "config": run.setting.config.model_dump(mode="json"),
        "seed": run.seed,
        "data": dataset.fingerprint,
        "torch": torch.__version__,
        "code": source_digest(run.setting.config.network),
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def train_and_record(task: Training, after_epoch: Callable[[int], None]) -> Outcome:
    """Train a run and write its record, whether it reaches its last epoch or not."""
    began, started = time.perf_counter(), _now()
    course, network_facts = Course({}), NetworkFacts(layers=(), parameters=0)
    predictions: Predictions | None = None
    weights: dict[str, Arrays] = {}
    failure: Failure | None = None
    dataset = open_dataset(task.dataset)
    try:
        config = task.run.setting.config
        network = build(config.network, dataset.shape, len(dataset.classes), task.run.seed)
        network_facts, course = describe(network), begin(network)
        batches = Batches(dataset)
        train(network, batches, dataset.splits, task.run, course, after_epoch)
        predictions, weights = _evaluate(network, course.best_state, batches, dataset)
    except NonFiniteLossError as error:
        failure = Failure(message=str(error), epoch=error.epoch, step=error.step)
    except ConnectionError:
        raise  # the parent process is gone; there is nobody to train for
    except Exception as error:  # a user's network may raise anything; the other runs go on
        failure = Failure(message=f"{type(error).__name__}: {error}")
    facts = _facts(task, dataset, network_facts, course, started, failure)
    write_record(task.out, Record(facts, course.curves(), predictions), weights)
    status, message = ("failed", failure.message) if failure else ("finished", "")
    return Outcome(task.run, status, time.perf_counter() - began, message)


def _facts(
    task: Training,
    dataset: Dataset,
    network: NetworkFacts,
    course: Course,
    started: str,
    failure: Failure | None,
) -> RunFacts:
    setting = task.run.setting
    return RunFacts(
        study=task.study,
        setting=setting.name,
        baseline=task.baseline,
        seed=task.run.seed,
        status="failed" if failure else "finished",
        failure=failure,
        changes={path: after for path, (_, after) in setting.changes.items()},
        config=setting.config.model_dump(mode="json"),
        digest=task.digest,
        data=_data_facts(dataset),
        network=network,
        streams=course.streams(),
        environment=environment(),
        started=started,
        ended=_now(),
        best_epoch=course.best_epoch,
        train_seconds=course.train_seconds,
        train_cpu_seconds=course.train_cpu_seconds,
    )


def _evaluate(
    network: nn.Module, best: State, batches: Batches, dataset: Dataset
) -> tuple[Predictions, dict[str, Arrays]]:
    """The test pictures at the last epoch and at the best one; the network's weights at both."""
    test = dataset.splits.test
    last = {name: value.detach().clone() for name, value in network.state_dict().items()}

    def predict(state: State) -> Floats:
        network.load_state_dict(state)
        result: Floats = log_probabilities(network, batches, test).numpy()
        return result

    predictions = Predictions(
        index=test.astype(np.int64),
        labels=dataset.labels[test].astype(np.int64),
        last=predict(last),
        best=predict(best),
    )
    return predictions, {"last": _arrays(last), "best": _arrays(best)}


def _arrays(state: State) -> Arrays:
    return {name: np.ascontiguousarray(value.numpy()) for name, value in state.items()}


def _data_facts(dataset: Dataset) -> DataFacts:
    return DataFacts(
        source=dataset.source,
        fingerprint=dataset.fingerprint,
        classes=dataset.classes,
        training=len(dataset.splits.training),
        validation=len(dataset.splits.validation),
        test=len(dataset.splits.test),
        shape=dataset.shape,
        mean=dataset.mean,
        std=dataset.std,
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
