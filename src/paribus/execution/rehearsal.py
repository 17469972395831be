"""A setting trained and analyzed for a moment in a worker, on noise: how long the study takes.

All workers rehearse at once, as they will train, so what they take from each other counts; times
are wall times, so what else the machine does counts too.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from paribus.augmentation.batch import Epoch
from paribus.augmentation.draw import draw
from paribus.data.batches import Batches
from paribus.data.dataset import Dataset
from paribus.data.splits import Splits
from paribus.events import RunEvent, Watch
from paribus.execution.analyze import PART, SAMPLE, ready
from paribus.execution.place import Outcome, Task
from paribus.explain.attribution import integrated_gradients, occlusion
from paribus.explain.interventions import intervened
from paribus.explain.neighbors import last_hidden
from paribus.network.build import build_and_describe
from paribus.network.users import Shape
from paribus.records.types import DataFindings, EngineFacts
from paribus.study.plan import TrainedRun
from paribus.training.average import Average
from paribus.training.device import CPU, Device
from paribus.training.mixing import draw_mixes
from paribus.training.objective import objective
from paribus.training.optimizers import build_optimizer
from paribus.training.predict import BATCH, answers
from paribus.training.steps import steps_by

#: Seconds for which training steps are repeated; everything else has a third of that.
SECONDS = 0.6
#: Of all settings together, on each process.
MOST_SECONDS = 12.0
#: Steps at least, each slower than the whole time on a large network.
LEAST_STEPS = 3
#: Images whose maps are timed at most; fewer if a step on one takes longer than this, in seconds.
MAPS, A_MAP = 64, 0.0003


@dataclass(frozen=True)
class Amounts:
    """Images of a setting: of which shape, in how many classes, how many; `explained` get maps."""

    shape: Shape
    classes: int
    training: int
    validation: int
    test: int
    explained: int


@dataclass(frozen=True)
class Rehearsed(RunEvent):
    """What a rehearsal found: seconds that a run takes, on one core as busy as it is now.

    Attributes:
        run_seconds: of training and testing.
        analysis_seconds: of finding out what the network looks at.
        load: wall time over processor time, 1 or more.
        took: of the rehearsal itself.
    """

    layers: tuple[str, ...]
    parameters: int | None
    multiply_adds: int | None
    run_seconds: float
    analysis_seconds: float
    load: float
    took: float


@dataclass(frozen=True)
class Rehearsal(Task):
    """A setting to be timed, for about `seconds`, by the engine that will train it."""

    run: TrainedRun
    amounts: Amounts
    engine: EngineFacts | None
    seconds: float
    device: Device = CPU

    def perform(self, tell: Watch) -> Outcome:
        """Time it and tell."""
        torch.set_num_threads(1)
        with self.device.computing():
            return self._rehearse(tell)

    def _rehearse(self, tell: Watch) -> Outcome:
        began, began_cpu = time.perf_counter(), time.process_time()
        config, amounts = self.run.setting.config, self.amounts
        network, facts = build_and_describe(config.network, amounts.shape, amounts.classes, seed=0)
        self.device.place(network, config)
        step, train = self._training(network)
        try:
            analyze = self._analysis(network, step)
        except Exception:  # a user's network may raise anything; the study then goes without
            analyze = 0.0
        took, cpu = time.perf_counter() - began, time.process_time() - began_cpu
        load = max(1.0, took / max(cpu, 1e-6))
        tell(
            Rehearsed(
                *self.run.key,
                facts.layers,
                facts.parameters,
                facts.multiply_adds,
                *(train, analyze, load, took),
            )
        )
        return Outcome(self.run, "finished", took)

    def _training(self, network: nn.Module) -> tuple[float, float]:
        """Seconds of a step on one image, and of a run."""
        config, amounts = self.run.setting.config, self.amounts
        optimizer = build_optimizer(config.optimizer, network, config.clip_gradients)
        noise = _noise_images(amounts, min(config.batch_size, amounts.training))
        batches = Batches(noise, self.device.kind)
        order, parts = np.arange(len(batches)), [slice(0, len(batches))]
        draws = draw(config.augmentation, len(order), amounts.shape, 0, 1)
        mixes = draw_mixes(config, 1, 0, 1)
        tested = self._noise(min(BATCH, amounts.validation))
        loss = objective(config, noise.labels, amounts.classes, self.device.kind)
        average = Average(network, config.ema) if config.ema else None
        steps = steps_by(
            self.engine, network, optimizer, amounts.shape, len(order), loss, self.device
        )
        network.train()

        def take_step() -> None:
            for images, labels in Epoch(batches, order, parts, config.augmentation, draws):
                steps.step(*mixes.mix(0, images, labels, amounts.classes))
            if average:
                average.follow()

        step = self._timed(take_step, LEAST_STEPS)
        network.eval()
        with torch.no_grad():
            answer = self._timed(lambda: answers(steps.predict, tested), share=1 / 3)
        one, test_one = step / len(order), answer / len(tested)
        epoch = one * amounts.training + test_one * amounts.validation
        # Tested after the last epoch, and as it was at the best one.
        return one, epoch * config.epochs + 2 * test_one * amounts.test

    def _analysis(self, network: nn.Module, step: float) -> float:
        """Seconds of `execution.analyze` for one run; `step` is a training step's for one image."""
        amounts, config = self.amounts, self.run.setting.config
        network, predict = ready(network, config.network, amounts.shape, self.engine, self.device)
        maps = min(MAPS, max(1, int(MAPS * A_MAP / step)), amounts.test)
        few, part = self._noise(maps), self._noise(min(PART, 5 * maps))
        targets = torch.zeros(maps, dtype=torch.int64, device=few.device)
        numbers = torch.arange(len(part))
        center, spread = (0.0,) * amounts.shape[0], (1.0,) * amounts.shape[0]

        def intervene() -> None:
            with torch.no_grad():
                for _, changed in intervened(part, numbers, center, spread):
                    answers(predict, changed)

        def each(action: Callable[[], object], images: torch.Tensor) -> float:
            return self._timed(action, share=1 / 3) / len(images)

        a_path = each(lambda: integrated_gradients(network, few, targets), few)
        return (
            each(intervene, part) * amounts.test
            + a_path * (min(SAMPLE, amounts.test) + amounts.explained)
            + each(lambda: occlusion(predict, few, targets), few) * amounts.explained
            + each(lambda: last_hidden(network, part), part) * amounts.training
        )

    def _noise(self, count: int) -> torch.Tensor:
        return torch.randn(count, *self.amounts.shape).to(self.device.kind)

    def _timed(self, action: Callable[[], object], least: int = 1, share: float = 1.0) -> float:
        """Mean wall time of an action that is repeated for a share of the seconds.

        The first call sets up memory, and isn't counted.
        """

        def done() -> None:
            action()
            self.device.wait()

        done()
        start, times, elapsed = time.perf_counter(), 0, 0.0
        while times < least or elapsed < share * self.seconds:
            done()
            times, elapsed = times + 1, time.perf_counter() - start
        return elapsed / times


def _noise_images(amounts: Amounts, count: int) -> Dataset:
    """`count` images of noise, as bytes."""
    channels, generator = amounts.shape[0], np.random.default_rng(0)
    return Dataset(
        images=generator.integers(0, 256, (count, *amounts.shape), dtype=np.uint8),
        labels=generator.integers(amounts.classes, size=count),
        splits=Splits(*[np.arange(count)] * 3),
        classes=tuple(map(str, range(amounts.classes))),
        mean=(0.5,) * channels,
        std=(0.3,) * channels,
        source="noise",
        fingerprint="",
        folder=Path(),
        findings=DataFindings(),
    )
