"""Small trainings of every kind, run in this process and killed where a test likes."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from paribus.events import EpochDone, Event, quiet
from paribus.execution.inputs import run_inputs
from paribus.execution.session import prepare_data
from paribus.execution.train import Training
from paribus.records.types import EngineFacts
from paribus.study.plan import runs
from paribus.study.spec import Study

#: What may differ between a record and that of the same run without an interruption.
TIMES = {"started", "ended", "train_seconds", "train_cpu_seconds", "peak_memory"}
COUNTS = {"resumes", "retries"}

#: Between them, everything that has a state: dropout, moves, running means, every optimizer
#: and every schedule.
KINDS: dict[str, dict[str, Any]] = {
    "adam": {"optimizer": {"kind": "adam", "lr": 0.002, "weight_decay": 0.01}},
    "adamw, cosine": {
        "optimizer": {"kind": "adamw", "lr": 0.002},
        "schedule": {"kind": "cosine", "final": 1e-4},
    },
    "sgd without momentum": {"optimizer": {"kind": "sgd", "lr": 0.05, "momentum": 0.0}},
    "sgd, step": {
        "optimizer": {"kind": "sgd", "lr": 0.05, "momentum": 0.9},
        "schedule": {"kind": "step", "every": 2, "factor": 0.5},
    },
    "adamw, decay of weights, clipped": {
        "network": {"kind": "lenet5", "batch_norm": True},
        "optimizer": {"kind": "adamw", "lr": 0.002, "betas": [0.8, 0.99], "decay": "weights"},
        "clip_gradients": 0.5,
    },
    "sgd, nesterov": {
        "optimizer": {"kind": "sgd", "lr": 0.02, "momentum": 0.9, "nesterov": True},
    },
    "multistep after a warm-up": {
        "schedule": {"kind": "multistep", "epochs": [2, 3], "factor": 0.5, "warmup": 1.5},
    },
    "one cycle": {"schedule": "one_cycle"},
    "a residual network": {
        "network": "resnet20",
        "optimizer": {"kind": "sgd", "lr": 0.02, "momentum": 0.9},
    },
    "wide, with dropout": {
        "network": {"kind": "wide_resnet", "depth": 10, "widen": 1, "dropout": 0.3},
        "augmentation": {"flip": True, "shift": 2},
    },
    "a convnet": {"network": "convnet", "optimizer": {"kind": "sgd", "lr": 0.02}},
    "frozen in part": {
        "network": {"kind": "resnet20", "freeze": ["conv.*", "norm.*", "stage1.*"]},
        "optimizer": {"kind": "adamw", "lr": 0.002, "weight_decay": 0.1},
    },
    "stochastic depth": {"network": {"kind": "resnet20", "stochastic_depth": 0.5}},
    "a transformer": {"network": {"kind": "vit_tiny", "patch": 8, "stochastic_depth": 0.2}},
    "an mlp": {"network": {"kind": "mlp", "hidden": [12], "dropout": 0.2}},
    "smoothed and balanced": {"label_smoothing": 0.1, "class_weights": "balanced"},
    "in bfloat16": {"precision": "bfloat16", "ema": 0.8},
    "everything drawn": {
        "network": {"kind": "lenet5", "batch_norm": True, "dropout": 0.3},
        "augmentation": {"flip": True, "shift": 2},
    },
}


class Killed(BaseException):
    """Ends a run as a kill would: nothing between here and the test may catch it."""


def draw_images(folder: Path) -> Path:
    """Three classes of ten small images, which a network can tell apart."""
    draw = np.random.default_rng(5)
    for number in range(3):
        (folder / f"class {number}").mkdir(parents=True)
        for i in range(10):
            pixels = draw.integers(0, 150, (16, 16), dtype=np.uint8)
            pixels[5 * number : 5 * number + 5] += 100
            Image.fromarray(pixels).save(folder / f"class {number}" / f"{i}.png")
    return folder


def small_study(images: Path, kind: str = "everything drawn", epochs: int = 4) -> Study:
    """A study that trains in a tenth of a second a run."""
    return Study.model_validate(
        {
            "name": "small",
            "data": {"source": "folder", "path": str(images), "size": 16, "color": "gray"},
            "epochs": epochs,
            "batch_size": 6,
            "seeds": 1,
            "variations": {"l2": {"optimizer.weight_decay": 0.05}},
            **KINDS[kind],
        }
    )


def training(study: Study, out: Path, engine: EngineFacts | None = None) -> Training:
    """The task of training the first run of a study by an engine, None being PyTorch."""
    run = runs(study)[0]
    dataset = prepare_data(study, None, quiet)[run.setting.name].dataset
    return Training(
        study=study.name,
        study_digest="",
        baseline=study.baseline,
        run=run,
        dataset=dataset.folder,
        data=dataset.facts,
        inputs=run_inputs(run, dataset, engine),
        out=out,
    )


def train_until(task: Training, epoch: int) -> None:
    """Train, and be killed when that epoch has ended."""

    def watch(event: Event) -> None:
        if isinstance(event, EpochDone) and event.epoch == epoch:
            raise Killed

    with pytest.raises(Killed):
        task.perform(watch)


def content(out: Path, but_for: frozenset[str] = frozenset(TIMES | COUNTS)) -> dict[str, Any]:
    """All that lies under `out/runs`, without the times and counts that may differ."""
    return dict(_content(out / "runs", but_for))


def _content(folder: Path, but_for: frozenset[str]) -> Iterator[tuple[str, Any]]:
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.name == "record.json":
            facts = json.loads(path.read_text())
            for key in facts.keys() - but_for:
                yield f"{name}: {key}", facts[key]
        elif path.is_file() and path.name != "SHA256SUMS":
            yield name, path.read_bytes()


def differing(one: dict[str, Any], other: dict[str, Any]) -> set[str]:
    """Names of what differs between two contents, or is in one alone."""
    return {name for name in one.keys() | other.keys() if one.get(name) != other.get(name)}
