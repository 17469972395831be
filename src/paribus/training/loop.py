"""Train one network from one seed: the loop, its curves and what it drew from each stream."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from paribus.data.batches import Batches
from paribus.data.splits import Splits
from paribus.errors import NonFiniteLossError
from paribus.evaluation.predict import loss_and_accuracy
from paribus.records import Curves, Integers, StreamHashes
from paribus.streams import stream, torch_seed
from paribus.study.plan import Run
from paribus.training import augment
from paribus.training.optimise import learning_rate, set_learning_rate
from paribus.training.steps import Steps

State = dict[str, Tensor]


@dataclass
class Course:
    """A training under way: what has been measured so far, and the best network yet.

    Attributes:
        generator_states: torch's generator after each epoch; all that dropout drew is in it.
    """

    initial_values: dict[str, str]
    step_loss: list[float] = field(default_factory=list)
    train_loss: list[float] = field(default_factory=list)
    val_loss: list[float] = field(default_factory=list)
    val_accuracy: list[float] = field(default_factory=list)
    learning_rate: list[float] = field(default_factory=list)
    best_epoch: int | None = None
    best_state: State = field(default_factory=dict)
    train_seconds: float = 0.0
    train_cpu_seconds: float = 0.0
    generator_states: list[Tensor] = field(default_factory=list)
    order: hashlib._Hash = field(default_factory=hashlib.sha256)
    augmentation: hashlib._Hash = field(default_factory=hashlib.sha256)
    dropout: hashlib._Hash = field(default_factory=hashlib.sha256)

    @property
    def epoch(self) -> int:
        """The last epoch that is complete; 0 before the first."""
        return len(self.val_loss)

    def curves(self) -> Curves:
        """What has been measured so far, as arrays."""
        return Curves(
            *(
                np.asarray(values, dtype=np.float32)
                for values in (
                    self.step_loss,
                    self.train_loss,
                    self.val_loss,
                    self.val_accuracy,
                    self.learning_rate,
                )
            )
        )

    def streams(self) -> StreamHashes:
        """Hashes of all that has been drawn so far."""
        return StreamHashes(
            initial_values=self.initial_values,
            order=self.order.hexdigest(),
            augmentation=self.augmentation.hexdigest(),
            dropout=self.dropout.hexdigest(),
        )


def begin(network: nn.Module) -> Course:
    """A course before its first step; hashes the network's initial values."""
    return Course({name: _hash(value.detach()) for name, value in network.named_parameters()})


def train(
    steps: Steps,
    batches: Batches,
    splits: Splits,
    run: Run,
    course: Course,
    after_epoch: Callable[[int], None],
) -> None:
    """Train a network to its last epoch, writing into `course` as it goes.

    Args:
        steps: fresh ones, or as they were after the epochs that lie behind `course`.

    Raises:
        NonFiniteLossError: as soon as a loss is infinite or NaN; `course` keeps all that was
            measured before.
    """
    config = run.setting.config
    steps.network.train()
    for epoch in range(course.epoch + 1, config.epochs + 1):
        rate = learning_rate(config.schedule, config.optimizer.lr, epoch, config.epochs)
        set_learning_rate(steps.optimiser, rate)
        course.learning_rate.append(rate)
        began, began_cpu = time.perf_counter(), time.process_time()
        course.train_loss.append(_epoch(steps, batches, splits.training, run, epoch, course))
        course.train_seconds += time.perf_counter() - began
        course.train_cpu_seconds += time.process_time() - began_cpu
        _validate(steps, batches, splits.validation, run, epoch, course)
        after_epoch(epoch)


def draw_again(course: Course, run: Run, training: Integers) -> None:
    """Bring the streams' hashes to where they were after the course's last complete epoch.

    A hash under way can't be stored. But what was drawn depends on the streams' names alone,
    and what torch's generator gave is known by the state in which it was left.
    """
    for epoch, state in enumerate(course.generator_states, start=1):
        _draw(course, run, training, epoch)
        course.dropout.update(state.numpy().tobytes())


def _draw(course: Course, run: Run, training: Integers, epoch: int) -> tuple[Integers, Integers]:
    """The training pictures in an epoch's order, and how each is moved."""
    order = stream(run.seed, "order", epoch).permutation(training)
    course.order.update(order.tobytes())
    augmentation = stream(run.seed, "augmentation", epoch)
    moves = augment.draw(run.setting.config.augmentation, len(order), augmentation)
    course.augmentation.update(moves.tobytes())
    return order, moves


def _epoch(
    steps: Steps,
    batches: Batches,
    training: Integers,
    run: Run,
    epoch: int,
    course: Course,
) -> float:
    """Every training picture once; the mean loss over pictures, not over batches."""
    config = run.setting.config
    order, moves = _draw(course, run, training, epoch)
    # nn.Dropout draws from torch's own generator, and so does a user's module.
    torch.manual_seed(torch_seed(run.seed, "dropout", epoch))
    total = 0.0
    parts = _parts(len(order), config.batch_size)
    room = batches.room(max(part.stop - part.start for part in parts))
    for part in parts:
        index = torch.from_numpy(order[part])
        images, labels = batches.images(index, room), batches.labels(index)
        if moves[part].any():
            images = augment.apply(images, moves[part])
        value = steps.step(images, labels)
        course.step_loss.append(value)
        _demand_finite("training", value, run, epoch, course)
        total += value * len(index)
    course.generator_states.append(torch.get_rng_state())
    course.dropout.update(course.generator_states[-1].numpy().tobytes())
    return total / len(order)


def _parts(pictures: int, batch_size: int) -> list[slice]:
    """Slices of `batch_size`, the last one shorter.

    A last picture left alone joins the batch before: batch normalisation can't normalise one.
    """
    starts = list(range(0, pictures, batch_size))
    if len(starts) > 1 and pictures - starts[-1] == 1:
        starts.pop()
    return [slice(a, b) for a, b in zip(starts, [*starts[1:], pictures], strict=True)]


def _validate(
    steps: Steps,
    batches: Batches,
    validation: Integers,
    run: Run,
    epoch: int,
    course: Course,
) -> None:
    loss, accuracy = loss_and_accuracy(steps.answers, batches, validation)
    _demand_finite("validation", loss, run, epoch, course)
    # Strictly lower: where several epochs tie, the first is the best.
    if not course.val_loss or loss < min(course.val_loss):
        course.best_epoch = epoch
        state = steps.network.state_dict()
        course.best_state = {name: value.detach().clone() for name, value in state.items()}
    course.val_loss.append(loss)
    course.val_accuracy.append(accuracy)


def _demand_finite(kind: str, loss: float, run: Run, epoch: int, course: Course) -> None:
    if not math.isfinite(loss):
        step = len(course.step_loss)
        raise NonFiniteLossError(kind, run.setting.name, run.seed, epoch, step, loss)


def _hash(tensor: Tensor) -> str:
    return hashlib.sha256(tensor.contiguous().numpy().tobytes()).hexdigest()
