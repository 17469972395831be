"""Training as a task: train a run, evaluate it, leave its record on disk."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch
from torch import nn

from paribus.data.batches import Batches
from paribus.data.dataset import Dataset, open_dataset
from paribus.errors import DiskError, NonFiniteLossError
from paribus.events import CheckpointPassedOver, EpochDone, RunBegins, Watch
from paribus.execution.checkpoint import Checkpoint, Writer, capture, restore
from paribus.execution.environment import environment, peak_memory
from paribus.execution.inputs import RunInputs
from paribus.execution.resume import History, last_checkpoint, resumed
from paribus.execution.task import Outcome
from paribus.io.disk import remove
from paribus.network.build import build, describe
from paribus.records.store import Arrays, checkpoint_folder, write_record
from paribus.records.types import (
    CheckpointFacts,
    DataFacts,
    Failure,
    Floats,
    NetworkFacts,
    Predictions,
    Record,
    RunFacts,
)
from paribus.study.plan import Run
from paribus.training.loop import Progress, State, begin, replay_streams, train
from paribus.training.predict import log_probabilities
from paribus.training.steps import Steps, build_optimizer, steps_by


@dataclass(frozen=True)
class Training:
    """A run to be trained, with all that a worker process needs to know."""

    study: str
    study_digest: str
    baseline: str
    run: Run
    dataset: Path
    inputs: RunInputs
    out: Path
    retries: int = 0

    def perform(self, tell: Watch) -> Outcome:
        """Train the run and write its record; `tell` hears of every epoch."""
        return train_and_record(self, tell)

    def again(self) -> Training:
        """The same run, one retry later; it goes on from its last checkpoint."""
        return replace(self, retries=self.retries + 1)


def train_and_record(task: Training, tell: Watch) -> Outcome:
    """Train a run and write its record, whether it reaches its last epoch or not."""
    began, history = time.perf_counter(), History(_now())
    progress, network_facts = Progress({}), NetworkFacts(layers=(), parameters=0)
    predictions: Predictions | None = None
    weights: dict[str, Arrays] = {}
    failure: Failure | None = None
    dataset = open_dataset(task.dataset)
    try:
        config = task.run.setting.config
        network = build(config.network, dataset.shape, len(dataset.classes), task.run.seed)
        network_facts, progress = describe(network), begin(network)
        optimizer = build_optimizer(config.optimizer, network)
        batches = Batches(dataset)
        history = _go_on(task, network, optimizer, progress, dataset, history, tell)
        engine = task.inputs.engine
        steps = steps_by(engine, network, optimizer, dataset.shape, config.batch_size)
        after_epoch = _keeping(task, steps, progress, history, tell)
        train(steps, batches, dataset.splits, task.run, progress, after_epoch)
        predictions, weights = _evaluate(steps, progress.best_state, batches, dataset)
    except NonFiniteLossError as error:
        failure = Failure(message=str(error), epoch=error.epoch, step=error.step)
    except (ConnectionError, DiskError):
        raise  # the parent process is gone, or nothing can be kept: there is nothing to train for
    except Exception as error:  # a user's network may raise anything; the other runs go on
        failure = Failure(message=f"{type(error).__name__}: {error}")
    facts = _facts(task, dataset, network_facts, progress, history, failure)
    write_record(task.out, Record(facts, progress.curves(), predictions), weights)
    if is_final(facts):
        remove(checkpoint_folder(task.out, *task.run.key))
    status, message = ("failed", failure.message) if failure else ("finished", "")
    return Outcome(task.run, status, time.perf_counter() - began, message)


def is_final(facts: RunFacts) -> bool:
    """Whether training the run again would come to the same.

    A loss that left the numbers would do so again; any other failure deserves another try.
    """
    return facts.failure is None or facts.failure.epoch is not None


def _go_on(
    task: Training,
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    progress: Progress,
    dataset: Dataset,
    history: History,
    tell: Watch,
) -> History:
    """Bring a run that was begun before to its last checkpoint."""
    name, seed = task.run.key
    checkpoint = last_checkpoint(
        task.out,
        task.run,
        task.inputs,
        lambda path: tell(CheckpointPassedOver(name, seed, str(path))),
    )
    if checkpoint:
        restore(checkpoint, network, optimizer, progress)
        replay_streams(progress, task.run, dataset.splits.training)
        history = resumed(checkpoint.facts, environment(task.inputs.engine))
    tell(RunBegins(name, seed, progress.epoch, task.run.setting.config.epochs))
    return history


def _keeping(
    task: Training,
    steps: Steps,
    progress: Progress,
    history: History,
    tell: Watch,
) -> Callable[[int], None]:
    """What happens after every epoch: perhaps a checkpoint, and the news of it."""
    name, seed = task.run.key

    def take() -> Checkpoint:
        facts = CheckpointFacts(
            setting=name,
            seed=seed,
            inputs=task.inputs.digest_anywhere,
            environment=environment(task.inputs.engine),
            started=history.started,
            best_epoch=progress.best_epoch,
            train_seconds=progress.train_seconds,
            train_cpu_seconds=progress.train_cpu_seconds,
            resumes=history.resumes,
            other_machines=history.other_machines,
        )
        return capture(facts, steps.network, steps.optimizer, progress)

    writer = Writer(checkpoint_folder(task.out, name, seed), take)

    def after_epoch(epoch: int) -> None:
        writer.after_epoch()
        tell(EpochDone(name, seed, epoch, task.run.setting.config.epochs))

    return after_epoch


def _facts(
    task: Training,
    dataset: Dataset,
    network: NetworkFacts,
    progress: Progress,
    history: History,
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
        config=task.inputs.config,
        digest=task.inputs.digest,
        data=_data_facts(dataset),
        network=network,
        streams=progress.streams(),
        environment=environment(task.inputs.engine),
        started=history.started,
        ended=_now(),
        best_epoch=progress.best_epoch,
        train_seconds=progress.train_seconds,
        train_cpu_seconds=progress.train_cpu_seconds,
        code=task.inputs.code,
        study_digest=task.study_digest,
        retries=task.retries,
        resumes=history.resumes,
        other_machines=history.other_machines,
        peak_memory=peak_memory(),
    )


def _evaluate(
    steps: Steps, best: State, batches: Batches, dataset: Dataset
) -> tuple[Predictions, dict[str, Arrays]]:
    """The test images at the last epoch and at the best one; the network's weights at both."""
    test = dataset.splits.test
    last = {name: value.detach().clone() for name, value in steps.network.state_dict().items()}

    def predict(state: State) -> Floats:
        steps.network.load_state_dict(state)
        result: Floats = log_probabilities(steps.predict, batches, test).numpy()
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
