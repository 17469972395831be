"""All cores, full trainings, against what users would pick instead."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from functools import partial
from pathlib import Path

from measure import Measured, interleave, ratio, spread
from page import at_least, table
from paribus.execution.workers import cores

TARGET = 1.9
HEAD = (
    "contender",
    "images/s",
    "study / contender",
    "one run / contender",
    "what it does in every epoch",
)
PEERS = {
    "imagefolder": (
        "ImageFolder script",
        "reads, decodes and resizes every PNG with Pillow (torchvision itself isn't used) in a "
        "DataLoader with one process per core; trains only",
    ),
    "dataloader": (
        "DataLoader over tensors",
        "shuffles normalized floats in memory with DataLoader's default settings; trains only",
    ),
    "lightning_loop": (
        "Lightning",
        "the same DataLoader under `Trainer(accelerator='cpu')` without checkpoints, logs and "
        "progress bar; trains only, its default without validation data",
    ),
    "skorch_loop": (
        "skorch",
        "`NeuralNetClassifier` on the same tensors; validates, as it does by default",
    ),
    "keras_loop": (
        "Keras",
        "`Sequential.fit` on its PyTorch backend, on the same floats with channels last, its "
        "default; its own layers and Adam; trains only, its default without validation data",
    ),
}
#: `paribus run` without its own engine.
TORCH = "torch-1"
TORCH_TEXT = ("Paribus, one run with PyTorch", "the same with `engine: torch`")
#: Paribus trains this many times as many epochs as a peer, because its engine is fast: workers
#: that start a moment apart must run side by side most of the time.
LONGER = 4
#: The loss of a network that only guesses among ten classes.
GUESSING = math.log(10)
SCRIPT = Path(__file__).with_name("contender.py")


def section(data: Path, rounds: int, epochs: int) -> str:
    """Measure and describe."""
    workers = cores()
    ours = {_name(number): _describe(number) for number in sorted({1, 2, workers})}
    texts = ours | {TORCH: TORCH_TEXT} | PEERS
    measured = interleave({name: partial(_rate, name, data, epochs) for name in texts}, rounds)
    two = ratio(measured, _name(2), _name(1))
    return (
        f"### Whole machine: {workers} cores\n\n{rounds} rounds, each contender in its own "
        f"process: training images per second over {epochs - 1} epochs (Paribus "
        f"{LONGER * epochs - 1}), after one warm-up epoch. Peers use PyTorch's default number of "
        "threads and its default Adam; Paribus uses one thread per worker.\n\n"
        f"{table(HEAD, _rows(measured, texts, _name(workers)))}\n"
        f"Two workers are {two} times as fast as one; target {at_least(two.median, TARGET)}.\n"
    )


def _rate(name: str, data: Path, epochs: int) -> float:
    return contend(name, data, epochs if name in PEERS else LONGER * epochs)["rate"]


def contend(name: str, data: Path, epochs: int) -> dict[str, float]:
    """What contender.py prints for a contender; ends if its network didn't learn."""
    command = [sys.executable, str(SCRIPT), name, str(data), str(epochs)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{name} failed:\n{done.stderr}")
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    if not result["loss"] < GUESSING - 0.2:
        sys.exit(f"{name} did not learn: its loss is {result['loss']:.3f}, {GUESSING:.3f} guessing")
    return result


def _rows(
    measured: Measured, texts: dict[str, tuple[str, str]], study: str
) -> list[tuple[str, ...]]:
    rows = []
    for name, (title, sentence) in texts.items():
        rate = f"{spread(measured[name]).median:,.0f}"
        to_study, to_run = (
            "" if ours == name else str(ratio(measured, ours, name)) for ours in (study, _name(1))
        )
        compared = to_run if name in (TORCH, *PEERS) else ""
        rows.append((title, rate, to_study, compared, sentence))
    return rows


def _name(workers: int) -> str:
    return f"auto-{workers}"


def _describe(workers: int) -> tuple[str, str]:
    if workers == 1:
        return (
            "Paribus, one run",
            "`paribus run` with one worker, so on one core, with the engine that Paribus chooses, "
            "its own; validates",
        )
    return (
        f"Paribus, a study of {workers} runs",
        f"`paribus run` with {workers} workers, their rates summed; each run validates",
    )
