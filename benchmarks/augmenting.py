"""What augmentation costs: `python benchmarks/augmenting.py [ROUNDS]`.

First beside a training step of LeNet-5 by the native engine, as a share of it; then against
torchvision's transforms of the same kind, image by image, as a loader applies them. Times are
processor seconds of one thread, so that other work on the machine counts less.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import torch

from measure import interleave, ratio
from page import at_least, at_most, table
from paribus.augmentation.batch import augmented
from paribus.augmentation.draw import draw
from paribus.data.batches import Batches
from paribus.data.dataset import Dataset
from paribus.data.splits import Splits
from paribus.network.lenet import lenet5
from paribus.records.types import DataFindings
from paribus.study.augmentation import Augmentation
from paribus.study.optimizers import Adam
from paribus.training.optimizers import build_optimizer
from paribus.training.steps import NativeSteps

COUNT, SHAPE, BATCH, SIDE, PADDING = 5120, (3, 32, 32), 128, 8, 4
MOVES = Augmentation(flip=True, crop=PADDING, cutout=SIDE)
#: Crop, flip and cutout may cost this share of a step.
MOST = 0.1
MEAN, DEVIATION = 0.45, 0.25


def section(rounds: int) -> str:
    """Measure and describe."""
    return (
        f"### Augmentation\n\n{COUNT:,} color images of 32x32, batches of {BATCH}, one thread, "
        f"processor time, {rounds} rounds.\n\n{_beside_a_step(rounds)}\n"
        f"{_against_torchvision(rounds)}"
    )


def _beside_a_step(rounds: int) -> str:
    batches = Batches(_images())
    network = lenet5(*SHAPE, 10, batch_norm=False, dropout=0.0)
    steps = NativeSteps(network, build_optimizer(Adam(), network), SHAPE, BATCH)
    network.train()

    def seconds(of: Augmentation) -> Callable[[], float]:
        return lambda: _seconds(lambda images, labels: steps.step(images, labels), batches, of)

    measured = interleave(
        {
            "no augmentation": seconds(Augmentation()),
            "flip": seconds(Augmentation(flip=True)),
            "crop": seconds(Augmentation(crop=PADDING)),
            "cutout": seconds(Augmentation(cutout=SIDE)),
            "crop, flip and cutout": seconds(MOVES),
            "TrivialAugment": seconds(Augmentation(trivialaugment=True)),
        },
        rounds,
    )
    rows = []
    for name in measured:
        taken = ratio(measured, name, "no augmentation")
        target = (
            at_most(taken.median, 1 + MOST, "times") if "cutout" in name and "," in name else ""
        )
        rows.append((name, str(taken), target))
    return table(("LeNet-5, native engine", "time of an epoch / without", "target"), rows)


def _against_torchvision(rounds: int) -> str:
    images = _images()
    batches, pipelines = Batches(images), _torchvision()
    ours = {"crop, flip and cutout": MOVES, "TrivialAugment": Augmentation(trivialaugment=True)}
    rows = []
    for name, of in ours.items():
        measured = interleave(
            {
                "Paribus": lambda of=of: COUNT / _seconds(lambda images, labels: None, batches, of),
                "torchvision": lambda name=name: COUNT / _loaded(pipelines[name], images.images),
            },
            rounds,
        )
        gained = ratio(measured, "Paribus", "torchvision")
        rows.append((name, str(gained), at_least(gained.median, 1)))
    return table(("augmented and normalized", "images a second / torchvision's", "target"), rows)


def _seconds(use: Callable[[Any, Any], object], batches: Batches, of: Augmentation) -> float:
    """Processor seconds of an epoch."""
    began = time.process_time()
    draws = draw(of, COUNT, SHAPE, seed=0, epoch=1)
    buffer = batches.buffer(BATCH)
    for start in range(0, COUNT, BATCH):
        part = slice(start, start + BATCH)
        index = torch.arange(start, start + BATCH)
        use(augmented(batches, index, of, draws.part(part), buffer), batches.labels(index))
    return time.process_time() - began


def _loaded(transform: Callable[[torch.Tensor], torch.Tensor], images: Any) -> float:
    """Processor seconds of an epoch of a loader's work: each image changed, then a batch."""
    began = time.process_time()
    tensors = torch.from_numpy(images)
    for start in range(0, COUNT, BATCH):
        torch.stack([transform(tensors[n]) for n in range(start, start + BATCH)])
    return time.process_time() - began


def _torchvision() -> dict[str, Callable[[torch.Tensor], torch.Tensor]]:
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    from augmentation.torchvision_oracle import torchvision_transforms

    v2 = torchvision_transforms().v2
    floats = [v2.ToDtype(torch.float32, scale=True), v2.Normalize([MEAN] * 3, [DEVIATION] * 3)]
    share = (SIDE / SHAPE[1]) ** 2
    cut = v2.RandomErasing(p=1.0, scale=(share, share), ratio=(1.0, 1.0))
    moves = [v2.RandomCrop(SHAPE[1], padding=PADDING), v2.RandomHorizontalFlip()]
    return {
        "crop, flip and cutout": v2.Compose([*moves, *floats, cut]),
        "TrivialAugment": v2.Compose([v2.TrivialAugmentWide(), *floats]),
    }


def _images() -> Dataset:
    generator = np.random.default_rng(0)
    return Dataset(
        images=generator.integers(0, 256, (COUNT, *SHAPE), dtype=np.uint8),
        labels=np.fromiter(cycle(range(10)), np.int64, COUNT),
        splits=Splits(*[np.arange(COUNT)] * 3),
        classes=tuple("abcdefghij"),
        mean=(MEAN,) * 3,
        std=(DEVIATION,) * 3,
        source="noise",
        fingerprint="",
        folder=Path(),
        findings=DataFindings(),
    )


if __name__ == "__main__":
    torch.set_num_threads(1)
    print(section(int(sys.argv[1]) if sys.argv[1:] else 9))
