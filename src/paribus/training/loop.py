"""Train one network from one seed: the loop, and what it draws."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import torch
from torch import Tensor

from paribus.augmentation.batch import Epoch
from paribus.augmentation.draw import Draws, draw
from paribus.data.batches import Batches
from paribus.data.splits import Splits
from paribus.errors import NonFiniteLossError
from paribus.network.randomness import drawn, seed_generators
from paribus.network.users import Shape
from paribus.records.types import Integers
from paribus.stream import stream
from paribus.study.config import Config
from paribus.study.plan import TrainedRun
from paribus.training.average import Evaluated
from paribus.training.mixing import Mixes, draw_mixes
from paribus.training.optimizers import set_learning_rate
from paribus.training.predict import loss_and_accuracy
from paribus.training.progress import Progress
from paribus.training.schedules import learning_rate
from paribus.training.steps import Steps


def train(
    steps: Steps,
    batches: Batches,
    splits: Splits,
    run: TrainedRun,
    progress: Progress,
    after_epoch: Callable[[int], None],
    evaluated: Evaluated | None = None,
) -> None:
    """Train a network to its last epoch, writing into `progress` as it goes.

    Args:
        steps: in their state after the epochs that `progress` has.
        evaluated: what is validated; by default the network.

    Raises:
        NonFiniteLossError: as soon as a loss is infinite or NaN; `progress` keeps everything
            before.
    """
    config = run.setting.config
    evaluated = evaluated or Evaluated(steps.network, steps.predict)
    steps.network.train()
    while not _is_over(config, progress):
        start, start_cpu = time.perf_counter(), time.process_time()
        progress.train_loss.append(
            _epoch(steps, evaluated, batches, splits.training, run, progress)
        )
        progress.train_seconds += time.perf_counter() - start
        if not steps.device.is_apart:  # else the processor's time says little of training
            progress.train_cpu_seconds += time.process_time() - start_cpu
        _validate(steps, evaluated, batches, splits.validation, run, progress)
        after_epoch(progress.epoch)


def _is_over(config: Config, progress: Progress) -> bool:
    """Whether the last epoch is done, or the rule to stop early holds."""
    best = progress.best_epoch or 0
    if config.stop_early and progress.epoch - best >= config.stop_early.patience:
        return True
    return progress.epoch >= config.epochs


def _validate(
    steps: Steps,
    evaluated: Evaluated,
    batches: Batches,
    validation: Integers,
    run: TrainedRun,
    progress: Progress,
) -> None:
    """Complete an epoch by what is evaluated, beside it by the network where that is another."""
    if evaluated.average:
        loss, accuracy = loss_and_accuracy(steps.predict, batches, validation)
        progress.unaveraged_val_loss.append(loss)
        progress.unaveraged_val_accuracy.append(accuracy)
    loss, accuracy = loss_and_accuracy(evaluated.predict, batches, validation)
    _require_finite("validation", loss, run, progress)
    progress.add_validation(evaluated.network, loss, accuracy)


def replay_streams(progress: Progress, run: TrainedRun, training: Integers, shape: Shape) -> None:
    """Restore the streams' hashes as of the last complete epoch.

    A hash in progress can't be stored. But streams depend on their names alone, so they are drawn
    again, and the global generators are hashed by their stored states.
    """
    for epoch, state in enumerate(progress.generator_states, start=1):
        _draw(progress, run, training, shape, epoch)
        progress.dropout.update(state.numpy().tobytes())
        _draw_mixes(progress, run, epoch, len(_parts(len(training), run.setting.config.batch_size)))


def _draw_mixes(progress: Progress, run: TrainedRun, epoch: int, batches: int) -> Mixes:
    """How each batch of an epoch is mixed."""
    mixes = draw_mixes(run.setting.config, batches, run.seed_of("order"), epoch)
    progress.note(mixes.by_name)
    return mixes


def _draw(
    progress: Progress, run: TrainedRun, training: Integers, shape: Shape, epoch: int
) -> tuple[Integers, Draws]:
    """The training images in an epoch's order, and what changes each."""
    order = stream(run.seed_of("order"), "order", epoch).permutation(training)
    progress.order.update(order.tobytes())
    augmentation = run.setting.config.augmentation
    draws = draw(augmentation, len(order), shape, run.seed_of("order"), epoch)
    progress.augmentation.update(draws.moves.tobytes())
    progress.note(draws.by_name(augmentation))
    return order, draws


def _epoch(
    steps: Steps,
    evaluated: Evaluated,
    batches: Batches,
    training: Integers,
    run: TrainedRun,
    progress: Progress,
) -> float:
    """Train on every image once; returns the mean loss over images, not over batches."""
    epoch, augmentation = progress.epoch + 1, run.setting.config.augmentation
    order, draws = _draw(progress, run, training, batches.shape, epoch)
    # nn.Dropout and users' modules draw from the global generators.
    seed_generators(run.seed_of("order"), "dropout", epoch)
    parts = _parts(len(order), run.setting.config.batch_size)
    rates = _rates(run.setting.config, epoch, len(parts))
    progress.learning_rate.append(rates[0])
    mixes = _draw_mixes(progress, run, epoch, len(parts))
    losses = _Losses(run, progress)
    changed = Epoch(batches, order, parts, augmentation, draws)
    for batch, ((images, labels), rate) in enumerate(zip(changed, rates, strict=True)):
        set_learning_rate(steps.optimizer, rate)
        loss = steps.step(*mixes.mix(batch, images, labels, batches.classes))
        if evaluated.average:
            evaluated.average.follow()
        losses.add(loss, len(images))
    mean = losses.mean()
    state = drawn(run.seed_of("order"), "dropout", epoch, on_device=steps.device.drawn())
    progress.generator_states.append(state)
    progress.dropout.update(state.numpy().tobytes())
    return mean


class _Losses:
    """The losses of an epoch's steps: each at once, or all at its end where a GPU computes them."""

    def __init__(self, run: TrainedRun, progress: Progress) -> None:
        self._run, self._progress = run, progress
        self._waiting: list[tuple[Tensor, int]] = []
        self._total, self._images = 0.0, 0

    def add(self, loss: float | Tensor, images: int) -> None:
        """That of a step on so many images.

        Raises:
            NonFiniteLossError: it is known, and infinite or NaN.
        """
        if isinstance(loss, Tensor):
            self._waiting.append((loss, images))
        else:
            self._note(loss, images)

    def mean(self) -> float:
        """The mean over images, once all steps are done.

        Raises:
            NonFiniteLossError: one is infinite or NaN.
        """
        if self._waiting:
            losses, images = zip(*self._waiting, strict=True)
            for loss, count in zip(torch.stack(losses).tolist(), images, strict=True):
                self._note(loss, count)
        return self._total / self._images

    def _note(self, loss: float, images: int) -> None:
        self._progress.step_loss.append(loss)
        _require_finite("training", loss, self._run, self._progress)
        self._total += loss * images
        self._images += images


def _rates(config: Config, epoch: int, steps: int) -> list[float]:
    """The learning rate before each step of an epoch."""
    schedule, most = config.schedule, config.optimizer.lr
    return [
        learning_rate(schedule, most, epoch, config.epochs, step, steps) for step in range(steps)
    ]


def _parts(count: int, batch_size: int) -> list[slice]:
    """Slices of `batch_size`, the last one shorter.

    A single last image joins the batch before it: batch normalization can't normalize one.
    """
    starts = list(range(0, count, batch_size))
    if len(starts) > 1 and count - starts[-1] == 1:
        starts.pop()
    return [slice(a, b) for a, b in zip(starts, [*starts[1:], count], strict=True)]


def _require_finite(kind: str, loss: float, run: TrainedRun, progress: Progress) -> None:
    if not math.isfinite(loss):
        epoch, step = progress.epoch + 1, len(progress.step_loss)
        raise NonFiniteLossError(kind, run.setting.name, run.seed, epoch, step, loss)
