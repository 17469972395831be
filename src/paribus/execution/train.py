"""Training as a task: train a run, evaluate it, leave its record on disk."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch
from torch import nn

from paribus.data.batches import Batches
from paribus.data.dataset import Dataset, Drawn, open_dataset
from paribus.errors import DiskError, NonFiniteLossError
from paribus.events import CheckpointPassedOver, EpochDone, RunBegins, Watch
from paribus.execution.checkpoint import Writer, capture, last_checkpoint, restore
from paribus.execution.inputs import RunInputs, environment, same_bits
from paribus.execution.machine import peak_memory
from paribus.execution.place import Making, Outcome, is_final
from paribus.io.disk import remove
from paribus.network.build import build_and_describe
from paribus.network.own import located
from paribus.network.randomness import seed_generators
from paribus.records.bounds import LONGEST
from paribus.records.store import Arrays, checkpoint_folder, run_folder, write_record
from paribus.records.types import (
    DataFacts,
    Failure,
    Floats,
    NetworkFacts,
    Predictions,
    Record,
    RunFacts,
)
from paribus.study.plan import TrainedRun
from paribus.training.average import Average, Evaluated
from paribus.training.device import CPU, Device
from paribus.training.loop import replay_streams, train
from paribus.training.objective import objective
from paribus.training.optimizers import build_optimizer
from paribus.training.predict import log_probabilities, loss_and_accuracy, with_flips
from paribus.training.progress import Progress, State, begin
from paribus.training.steps import Steps, predict_by, steps_by


@dataclass(frozen=True)
class Training(Making):
    """A run to be trained, with all that a worker process needs to know."""

    run: TrainedRun
    study: str
    study_digest: str
    baseline: str
    dataset: Path
    data: DataFacts
    inputs: RunInputs
    out: Path
    drawn: Drawn | None = None  # the parts, where they are drawn anew for this seed
    retries: int = 0
    device: Device = CPU

    def perform(self, tell: Watch) -> Outcome:
        """Train the run and write its record, whether it reaches its last epoch or not."""
        began, attempt = time.perf_counter(), _Attempt(self, tell)
        predictions: Predictions | None = None
        weights: dict[str, Arrays] = {}
        failure: Failure | None = None
        try:
            with self.device.computing():
                predictions, weights = attempt.train()
        except NonFiniteLossError as error:
            failure = Failure(message=str(error), epoch=error.epoch, step=error.step)
        except (ConnectionError, DiskError):
            raise  # the parent process is gone, or nothing can be kept
        except torch.OutOfMemoryError:
            failure = Failure(message=self._out_of_memory)
        except Exception as error:  # a user's network may raise anything; the other runs go on
            failure = Failure(message=located(error)[:LONGEST])
        facts = attempt.facts(failure)
        write_record(self.out, Record(facts, attempt.progress.curves(), predictions), weights)
        if is_final(facts):
            remove(checkpoint_folder(self.out, *self.run.key))
        status, message = ("failed", failure.message) if failure else ("finished", "")
        return Outcome(self.run, status, time.perf_counter() - began, message)

    @property
    def _out_of_memory(self) -> str:
        size, share = self.run.setting.config.batch_size, self.device.share
        fewer = f", or fewer than {share} runs on it at once (--per-device)" if share > 1 else ""
        return (
            f"{self.device.name} is out of memory, although a step on {size:,} images fit before "
            f"training. Take a smaller batch_size, such as {max(1, size // 2):,}{fewer}"
        )

    def again(self) -> Training:
        """The same run, one retry later; it resumes from its last checkpoint."""
        return replace(self, retries=self.retries + 1)

    @property
    def follows_from(self) -> RunInputs:
        """Its configuration, its images, and what trains it."""
        return self.inputs

    @property
    def steps(self) -> int:
        """Its epochs."""
        return self.run.setting.config.epochs

    @property
    def identity(self) -> str:
        """The run and its digest."""
        return f"train {self.run.setting.name} {self.run.seed} {self.inputs.digest}"

    @property
    def reads(self) -> tuple[Path, ...]:
        """The folder of the prepared images."""
        return (self.dataset,)

    @property
    def keeps(self) -> tuple[Path, ...]:
        """Its checkpoints and its record."""
        return checkpoint_folder(self.out, *self.run.key), run_folder(self.out, *self.run.key)

    def moved(self, out: Path, reads: Mapping[Path, Path]) -> Training:
        """The same with other folders."""
        return replace(self, out=out, dataset=reads.get(self.dataset, self.dataset))


class _Attempt:
    """One attempt at a run: what has been built and measured so far."""

    def __init__(self, task: Training, tell: Watch) -> None:
        self.task, self.tell = task, tell
        self.dataset = open_dataset(task.dataset)
        if task.drawn is not None:
            self.dataset = task.drawn.of(self.dataset)
        self.network = NetworkFacts()
        self.progress = Progress({}, started=_now())
        self.metrics: dict[str, float] = {}

    def train(self) -> tuple[Predictions, dict[str, Arrays]]:
        """Train to the last epoch; predictions for the test images, and the weights."""
        task, config, dataset = self.task, self.task.run.setting.config, self.dataset
        network, self.network = build_and_describe(
            config.network, dataset.shape, len(dataset.classes), task.run.seed_of("init")
        )
        self.progress = begin(network)
        device = task.device
        device.place(network, config)
        optimizer = build_optimizer(config.optimizer, network, config.clip_gradients)
        batches = Batches(dataset, device.kind)
        average = Average(network, config.ema) if config.ema else None
        self._resume(network, average, optimizer)
        engine = task.inputs.engine
        labels = dataset.labels[dataset.splits.training]
        loss = objective(config, labels, len(dataset.classes), device.kind)
        steps = steps_by(engine, network, optimizer, dataset.shape, config.batch_size, loss, device)
        writer = Writer(
            checkpoint_folder(task.out, *task.run.key),
            lambda: capture(task.run, task.inputs, steps, average, self.progress),
        )

        def after_epoch(epoch: int) -> None:
            writer.after_epoch()
            self.tell(EpochDone(*task.run.key, epoch, config.epochs))

        evaluated = Evaluated(network, steps.predict)
        if average:
            predict = predict_by(engine, average.network, dataset.shape, device)
            evaluated = Evaluated(average.network, predict, average)
        train(steps, batches, dataset.splits, task.run, self.progress, after_epoch, evaluated)
        # A network may draw in evaluation mode too: from the same, if this run was resumed here.
        seed_generators(task.run.seed_of("order"), "evaluation")
        if average:
            self.metrics = _of_unaveraged(steps, batches, dataset, config.test_flips)
        return _evaluate(evaluated, self.progress.best_state, batches, dataset, config.test_flips)

    def _resume(
        self, network: nn.Module, average: Average | None, optimizer: torch.optim.Optimizer
    ) -> None:
        """Bring a run that was begun before to its last checkpoint."""
        run, progress = self.task.run, self.progress
        checkpoint = last_checkpoint(
            self.task.out,
            run,
            self.task.inputs,
            damaged=lambda path: self.tell(CheckpointPassedOver(*run.key, str(path))),
        )
        if checkpoint:
            restore(checkpoint, network, average, optimizer, progress)
            replay_streams(progress, run, self.dataset.splits.training, self.dataset.shape)
            progress.resumes += 1
            before = checkpoint.facts.environment
            if not same_bits(before, environment(self.task.inputs.engine, self.task.device)):
                progress.other_machines = (*progress.other_machines, before)
        self.tell(RunBegins(*run.key, progress.epoch, run.setting.config.epochs))

    def facts(self, failure: Failure | None) -> RunFacts:
        """What the record says of the run as it is now."""
        task, setting = self.task, self.task.run.setting
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
            data=task.data,
            network=self.network,
            streams=self.progress.streams(),
            environment=environment(task.inputs.engine, task.device),
            ended=_now(),
            metrics=self.metrics,
            code=task.inputs.code,
            study_digest=task.study_digest,
            retries=task.retries,
            peak_memory=peak_memory(),
            **dict(self.progress.facts()),
        )


def _of_unaveraged(
    steps: Steps, batches: Batches, dataset: Dataset, flips: bool
) -> dict[str, float]:
    """What the last weights themselves do on the test images, beside their average."""
    predict = with_flips(steps.predict) if flips else steps.predict
    loss, accuracy = loss_and_accuracy(predict, batches, dataset.splits.test)
    return {"unaveraged_test_loss": loss, "unaveraged_test_accuracy": accuracy}


def _evaluate(
    evaluated: Evaluated, best: State, batches: Batches, dataset: Dataset, flips: bool
) -> tuple[Predictions, dict[str, Arrays]]:
    """The test images at the last epoch and at the best one; the network's weights at both."""
    test = dataset.splits.test
    last = {name: value.detach().clone() for name, value in evaluated.network.state_dict().items()}
    answer = with_flips(evaluated.predict) if flips else evaluated.predict

    def predict(state: State) -> Floats:
        evaluated.network.load_state_dict(state)
        result: Floats = log_probabilities(answer, batches, test).numpy()
        return result

    predictions = Predictions(
        index=test.astype(np.int64),
        labels=dataset.labels[test].astype(np.int64),
        last=predict(last),
        best=predict(best),
        group=None if dataset.group is None else dataset.group[test],
    )
    return predictions, {"last": _arrays(last), "best": _arrays(best)}


def _arrays(state: State) -> Arrays:
    # NumPy has no bfloat16; as float32 its values are the same.
    exact = {n: v.float() if v.dtype == torch.bfloat16 else v for n, v in state.items()}
    return {name: np.ascontiguousarray(value.cpu().numpy()) for name, value in exact.items()}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
