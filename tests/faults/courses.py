"""Small trainings of every kind, run in this process and killed where a test likes."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from paribus.events import EpochDone, Event, quiet
from paribus.execution.conduct import Prepared, prepare_data
from paribus.execution.deciding import deciding
from paribus.execution.train import Training, train_and_record
from paribus.study.plan import Run, runs
from paribus.study.spec import Study

#: What may differ between a record and that of the same run without an interruption.
TIMES = {"started", "ended", "train_seconds", "train_cpu_seconds", "peak_memory"}
COUNTS = {"resumes", "retries"}

#: Between them, everything that has a state: dropout, moves, running means, every optimiser
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
    "everything drawn": {
        "network": {"kind": "lenet5", "batch_norm": True, "dropout": 0.3},
        "augmentation": {"flip": True, "shift": 2},
    },
}


class Killed(BaseException):
    """Ends a run as a kill would: nothing between here and the test may catch it."""


def course(kind: str, epochs: int = 4) -> tuple[Run, Prepared, Study]:
    """The first run of a small study of that kind, with its pictures."""
    study = Study.model_validate(
        {
            "name": "small",
            "data": {"source": "digits", "size": 16, "validation": 20, "test": 120},
            "epochs": epochs,
            "batch_size": 64,
            "seeds": 1,
            "variations": {"other": {"epochs": epochs + 1}},
            **KINDS[kind],
        }
    )
    run = runs(study)[0]
    return run, prepare_data(study, None, quiet)[run.setting.name], study


def training(kind: str, out: Path, epochs: int = 4) -> Training:
    """The task of training such a run."""
    run, prepared, study = course(kind, epochs)
    return Training(
        study=study.name,
        study_digest="",
        baseline=study.baseline,
        run=run,
        dataset=prepared.dataset.folder,
        deciding=deciding(run, prepared.dataset),
        out=out,
    )


def train_until(task: Training, epoch: int) -> None:
    """Train, and be killed when that epoch has ended."""

    def watch(event: Event) -> None:
        if isinstance(event, EpochDone) and event.epoch == epoch:
            raise Killed

    with pytest.raises(Killed):
        train_and_record(task, watch)


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


Build = Callable[..., Study]
