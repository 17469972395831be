"""Check training on a GPU, and measure it, in under eight minutes: `make device-check`.

Prints Markdown for docs/benchmarks.md, and ends with 1 if something that must hold doesn't.
`--device cpu --quick` takes the same way on the processor; its figures mean nothing.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import chdir, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

import paribus
from measure import Spread, interleave, ratio
from page import table
from paribus.augmentation.batch import Epoch
from paribus.augmentation.draw import draw
from paribus.data.batches import Batches
from paribus.data.dataset import Dataset
from paribus.events import EpochDone, Event, RunBegins, RunEnded, quiet
from paribus.execution.gpus import devices
from paribus.execution.inputs import described, environment, run_inputs
from paribus.execution.session import prepare_data
from paribus.execution.train import Training
from paribus.network.build import build
from paribus.records.store import read_record, read_weights, run_folder
from paribus.study.plan import TrainedRun, runs
from paribus.study.spec import Study
from paribus.training.device import Device
from paribus.training.loop import train
from paribus.training.optimizers import build_optimizer
from paribus.training.predict import log_probabilities
from paribus.training.progress import begin
from paribus.training.steps import TorchSteps

#: Paribus's rate over that of a bare tuned loop, at least.
TARGET = 0.95
#: As CIFAR-10's images are augmented.
AUGMENTATION = {"crop": 4, "flip": True}
#: For the losses of the epoch, validation, both tests and the weights, each a few times.
AT_MOST = 100
#: How far the first losses may be from the CPU's, relative: sums in another order.
ROUNDING = 1e-3


@dataclass(frozen=True)
class Effort:
    """How much is done.

    Attributes:
        rounds: of the comparison with a bare loop, in each precision.
        epochs: of LeNet-5.
        network: that is compared, in batches of `batch`.
    """

    images: int
    rounds: Mapping[str, int]
    epochs: int
    network: str
    batch: int


FULL = Effort(50_000, {"bfloat16": 5, "float32": 1}, epochs=20, network="resnet18", batch=512)
QUICK = Effort(600, {"float32": 1}, epochs=2, network="lenet5", batch=128)


class Stopped(BaseException):
    """Ends a run as a kill would."""


def study_of(device: str, **keys: Any) -> Study:
    """A study of the drawn images in the current folder, trained by PyTorch."""
    return Study.model_validate(
        {
            "name": "device check",
            "data": {"source": "npz", "path": "images.npz"},
            "network": "lenet5",
            "optimizer": {"kind": "sgd", "lr": 0.02, "momentum": 0.9},
            "augmentation": AUGMENTATION,
            "epochs": 2,
            "seeds": 1,
            "engine": "torch",
            "device": device,
            **keys,
        }
    )


def write_images(count: int) -> None:
    """Noise of CIFAR-10's size over a tint for each of ten classes."""
    generator = np.random.default_rng(0)
    labels = np.arange(count) % 10
    tints = generator.integers(60, 196, (10, 1, 1, 3))
    noise = generator.integers(-60, 60, (count, 32, 32, 3))
    images = np.clip(tints[labels] + noise, 0, 255).astype(np.uint8)
    np.savez("images.npz", images=images, labels=labels)


def task(study: Study, out: str) -> Training:
    """The first run of a study."""
    run, dataset = runs(study)[0], prepare_data(study, None, quiet)["baseline"].dataset
    device = devices(study, 1)["baseline"]
    inputs = run_inputs(run, dataset, None, device.kind)
    return Training(
        run, study.name, "", "baseline", dataset.folder, dataset.facts, inputs, Path(out),
        device=device,
    )  # fmt: skip


# ---- what must hold --------------------------------------------------------------------------


def same_batches(device: str) -> bool:
    """Whether augmentation on the device gives the bits that it gives on the processor."""
    study = study_of(device, augmentation={**AUGMENTATION, "cutout": 8})
    config = study_of(device, augmentation={**AUGMENTATION, "cutout": 8}).augmentation
    dataset = prepare_data(study, None, quiet)["baseline"].dataset
    order = dataset.splits.training[:512]
    draws = draw(config, len(order), dataset.shape, 0, 1)
    parts = [slice(0, 200), slice(200, len(order))]
    sides = [Batches(dataset), Batches(dataset, device)]
    sides[1].is_apart = True
    pairs = zip(*(Epoch(side, order, parts, config, draws) for side in sides), strict=True)
    return all(torch.equal(ours[0], theirs[0].cpu()) for ours, theirs in pairs)


def near_the_cpu(device: str) -> float:
    """The largest relative difference of the first ten losses from the CPU's."""
    losses = []
    for name in ("cpu", device):
        out = f"near-{name}"
        task(study_of(name, epochs=1), out).perform(quiet)
        record = read_record(run_folder(Path(out), "baseline", 0))
        losses.append(record.curves.values("step_loss")[:10])
    return float(np.max(np.abs(losses[0] - losses[1]) / losses[0]))


def waits(device: str) -> int:
    """How often a run of one epoch of 200 steps waits for the GPU, by PyTorch's own count."""
    if device != "cuda":
        return 0
    with np.load("images.npz", allow_pickle=False) as images:
        study = study_of(device, epochs=1, batch_size=len(images["labels"]) // 200)
    torch.cuda.set_sync_debug_mode("warn")
    try:
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            task(study, "waits").perform(quiet)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    return sum("synchroniz" in str(each.message) for each in heard)


def resumes(device: str, **keys: Any) -> bool:
    """Whether a run that was killed after its first epoch ends with the same bits."""
    study = study_of(device, epochs=3, network={"kind": "lenet5", "dropout": 0.3}, **keys)
    task(study, "whole").perform(quiet)

    def kill(event: Event) -> None:
        if isinstance(event, EpochDone) and event.epoch == 1:
            raise Stopped

    try:
        task(study, "killed").perform(kill)
    except Stopped:
        task(study, "killed").perform(quiet)
    outs = Path("whole"), Path("killed")
    one, two = (read_weights(run_folder(out, "baseline", 0), "last") for out in outs)
    for out in outs:
        shutil.rmtree(out)
    return all(np.array_equal(one[name], two[name]) for name in one)


# ---- how fast it is --------------------------------------------------------------------------


@dataclass(frozen=True)
class Large:
    """A large network on images of CIFAR-10's size, by Paribus's loop and by a bare one."""

    run: TrainedRun
    dataset: Dataset
    device: Device

    def ours(self, deterministic: bool) -> float:
        """Images a second of an epoch of Paribus's loop, all that it keeps included."""
        device = replace(self.device, deterministic=deterministic)
        config = self.run.setting.config
        splits = replace(self.dataset.splits, validation=self.dataset.splits.validation[:500])
        with device.computing():
            network = build(config.network, self.dataset.shape, 10, seed=0)
            progress = begin(network)
            device.place(network, config)
            optimizer = build_optimizer(config.optimizer, network)
            steps = TorchSteps(network, optimizer, device=device)
            batches = Batches(self.dataset, device.kind)
            log_probabilities(steps.predict, batches, splits.validation)
            device.wait()
            laps = [time.perf_counter()]
            train(
                steps, batches, splits, self.run, progress,
                lambda epoch: laps.append(time.perf_counter()),
            )  # fmt: skip
        return len(splits.training) / (laps[-1] - laps[-2])

    def bare(self) -> float:
        """Images a second of an epoch of a bare loop, with all that makes one fast."""
        config, device = self.run.setting.config, self.device
        cudnn, torch.backends.cudnn.benchmark = torch.backends.cudnn.benchmark, True
        network = build(config.network, self.dataset.shape, 10, seed=0).to(device.kind)
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stub
        optimizer = torch.optim.SGD(network.parameters(), lr=0.02, momentum=0.9, fused=True)
        images = torch.from_numpy(self.dataset.images[self.dataset.splits.training]).to(device.kind)
        labels = torch.from_numpy(self.dataset.labels[self.dataset.splits.training]).to(device.kind)
        seconds = 0.0
        for _ in range(self.run.setting.config.epochs):
            device.wait()
            began = time.perf_counter()
            self._bare_epoch(network, optimizer, images, labels)
            device.wait()
            seconds = time.perf_counter() - began
        torch.backends.cudnn.benchmark = cudnn
        return len(images) / seconds

    def _bare_epoch(
        self, network: nn.Module, optimizer: torch.optim.Optimizer, images: Tensor, labels: Tensor
    ) -> None:
        network.train()
        total = torch.zeros((), device=self.device.kind)
        order = torch.randperm(len(images), device=self.device.kind)
        for index in order.split(self.run.setting.config.batch_size):
            batch = _augmented(images[index])
            with self.device.autocast():
                output = network(batch.contiguous(memory_format=torch.channels_last))
            loss = nn.functional.cross_entropy(output.float(), labels[index])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
            optimizer.step()
            total += loss.detach() * len(index)
        total.item()


def _augmented(images: Tensor) -> Tensor:
    """Images cropped by up to four pixels and flipped at random, normalized."""
    n, _, height, width = images.shape
    floats = images.float().sub_(127.5).div_(64)
    padded = nn.functional.pad(floats, (4, 4, 4, 4))
    down, right = torch.randint(9, (2, n, 1), device=images.device)
    rows = torch.arange(height, device=images.device) + down
    columns = torch.arange(width, device=images.device) + right
    flips = torch.rand(n, 1, device=images.device) < 0.5
    columns = torch.where(flips, columns.flip(1), columns)
    every = torch.arange(n, device=images.device)[:, None, None]
    return padded.permute(0, 2, 3, 1)[every, rows[:, :, None], columns[:, None]].permute(0, 3, 1, 2)


def four_at_once(device: str, effort: Effort) -> Spread:
    """How much faster four runs of LeNet-5 are at once than one after another."""
    study = study_of(device, epochs=effort.epochs, seeds=4)
    rates: dict[str, Callable[[], float]] = {
        "one": lambda: _rate(study, 1),
        "four": lambda: _rate(study, 4),
    }
    return ratio(interleave(rates, rounds=1), "four", "one")


def _rate(study: Study, per_device: int) -> float:
    """Runs a minute, from the first one's start to the last one's end."""
    at: list[float] = []

    def watch(event: Event) -> None:
        if isinstance(event, RunBegins | RunEnded):
            at.append(time.perf_counter())

    with tempfile.TemporaryDirectory() as out:
        on_cpu = study.device == "cpu"
        jobs = per_device if on_cpu else None
        paribus.run(study, Path(out) / "out", jobs=jobs, per_device=per_device, watch=watch)
    return 60 * 4 / (at[-1] - at[0])


# ---- all of it -------------------------------------------------------------------------------


def main(device: str, effort: Effort) -> bool:
    """Check and measure everything, and print it; whether all holds."""
    write_images(effort.images)
    kind = "cuda" if device.startswith("cuda") else device
    facts = environment(None, Device(kind))  # type: ignore[arg-type]  # it is one of its words
    print(f"### On a GPU\n\n{described(facts)}; {effort.images:,} images of 32x32.\n", flush=True)
    difference = near_the_cpu(device)
    held = {
        "augmentation there gives the CPU's bits": same_batches(kind),
        f"the first losses are the CPU's within {ROUNDING:g} ({difference:.2g})": difference
        < ROUNDING,
        f"a run of one epoch waits for the GPU {AT_MOST} times at most": waits(kind) <= AT_MOST,
        "a run that was killed ends with the same bits": resumes(device),
        "so does one in bfloat16": resumes(device, precision="bfloat16"),
    }
    rows = [(what, "yes" if ok else "NO") for what, ok in held.items()]
    print(table(("what must hold", "does it"), rows), end="\n\n", flush=True)
    print(table(("what is measured", "median (lowest to highest)"), _measured(device, effort)))
    return all(held.values())


def _measured(device: str, effort: Effort) -> list[tuple[str, str]]:
    rows = []
    for precision, rounds in effort.rounds.items():
        study = study_of(
            device, network=effort.network, batch_size=effort.batch, precision=precision
        )
        dataset = prepare_data(study, None, quiet)["baseline"].dataset
        run = runs(study)[0]
        large = Large(run, dataset, devices(study, 1)["baseline"])
        contenders: dict[str, Callable[[], float]] = {
            "bare": large.bare,
            "ours": partial(large.ours, deterministic=False),
            "deterministic": partial(large.ours, deterministic=True),
        }
        rates = interleave(contenders, rounds)
        name = f"{effort.network}, {precision}, batches of {effort.batch}"
        ours, price = ratio(rates, "ours", "bare"), ratio(rates, "deterministic", "ours")
        rows += [
            (f"{name}: Paribus over a bare tuned loop (target {TARGET})", str(ours)),
            (f"{name}: deterministic over the fastest algorithms", str(price)),
        ]
    at_once = four_at_once(device, effort)
    return [*rows, ("four runs of LeNet-5 at once over one after another", str(at_once))]


@contextmanager
def scratch() -> Iterator[None]:
    """A folder of its own, with its own cache, that is removed afterwards."""
    with tempfile.TemporaryDirectory() as place, chdir(place):
        os.environ["PARIBUS_CACHE"] = str(Path(place) / "cache")
        yield


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--device", default="cuda")
    options.add_argument("--quick", action="store_true", help="a few images, to try every part")
    given = options.parse_args()
    with scratch():
        holds = main(given.device, QUICK if given.quick else FULL)
    sys.exit(0 if holds else 1)
