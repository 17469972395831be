"""Records that look like a real study's, made without training anything."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from paribus.records.types import (
    Curves,
    DataFacts,
    Environment,
    Failure,
    Floats,
    NetworkFacts,
    Predictions,
    Record,
    RunFacts,
    Series,
    StreamHashes,
)
from paribus.study.plan import TrainedRun, runs
from paribus.study.spec import Study

ANIMALS = ("airplane", "bird", "car", "cat", "deer", "dog", "horse", "monkey", "ship", "truck")
STEPS = 40  # an epoch


def make_study(
    *,
    seeds: int = 10,
    epochs: int = 100,
    name: str = "LeNet-5 on synthetic images",
    settings: Sequence[str] = ("main", "batch-norm", "l2"),
) -> Study:
    """A study like the reference one: a baseline, then variations of it."""
    overrides: list[dict[str, object]] = [
        {"network.batch_norm": True},
        {"optimizer.weight_decay": 1e-5},
    ]
    overrides += [{"optimizer.lr": 1.1e-4 * number} for number in range(1, len(settings))]
    return Study.model_validate(
        {
            "name": name,
            "data": {"source": "stl10"},
            "network": "lenet5",
            "optimizer": {"kind": "adam", "lr": 1e-3},
            "schedule": {"kind": "step", "every": 20, "factor": 0.5},
            "epochs": epochs,
            "baseline": settings[0],
            "seeds": seeds,
            "variations": dict(zip(settings[1:], overrides, strict=False)),
        }
    )


def make_records(
    study: Study,
    *,
    classes: Sequence[str] = ANIMALS,
    images: int = 500,
    failing: tuple[str, int] | None = None,
) -> list[Record]:
    """A record for every run of `study`; the run `failing` (setting, seed) fails half-way."""
    return [
        make_record(study, run, classes, images, fails=(run.setting.name, run.seed) == failing)
        for run in runs(study)
    ]


def make_record(
    study: Study, run: TrainedRun, classes: Sequence[str], images: int, *, fails: bool
) -> Record:
    """One run's record: plausible curves and predictions, the same at every call."""
    name, config = run.setting.name, run.setting.config
    number = [study.baseline, *study.variations].index(name)
    curves = _curves(config.epochs, number, run.seed)
    if fails:
        curves = _cut(curves, config.epochs // 2)
    facts = RunFacts(
        study=study.name,
        setting=name,
        baseline=study.baseline,
        seed=run.seed,
        status="failed" if fails else "finished",
        failure=_failure(name, run.seed, config.epochs // 2) if fails else None,
        changes={path: after for path, (_, after) in run.setting.changes.items()},
        config=config.recorded(),
        digest=_hash(name, run.seed),
        data=_data(classes, images),
        network=_network(number),
        streams=_streams(number, run.seed),
        environment=_environment(),
        started=f"2026-05-04T10:{run.seed:02d}:00+00:00",
        ended=f"2026-05-04T10:{run.seed:02d}:50+00:00",
        best_epoch=int(curves.values("val_loss").argmin()) + 1,
        train_seconds=50.0 + 6 * (number == 1) + 0.1 * run.seed,
        train_cpu_seconds=49.0 + 6 * (number == 1) + 0.1 * run.seed,
    )
    return Record(facts, curves, None if fails else _predictions(classes, images, number, run))


def _curves(epochs: int, number: int, seed: int) -> Curves:
    draw = np.random.default_rng([number, seed])
    at = np.arange(epochs * STEPS) / STEPS
    speed = (12.0, 8.0, 13.0)[number % 3]
    smooth = 0.25 + 2.05 * np.exp(-at / (2 * speed))
    step_loss = (smooth * draw.lognormal(0, 0.08, at.size)).astype(np.float32)
    epoch = np.arange(1, epochs + 1)
    val_loss = 1.45 + 0.85 * np.exp(-epoch / (speed / 2)) + 0.012 * epoch
    val_loss += draw.normal(0, 0.02, epochs)
    accuracy = 0.1 + 0.37 * (1 - np.exp(-epoch / speed)) + draw.normal(0, 0.005, epochs)
    return Curves.of_training(
        step_loss=step_loss,
        train_loss=step_loss.reshape(epochs, STEPS).mean(axis=1),
        val_loss=val_loss.astype(np.float32),
        val_accuracy=accuracy.astype(np.float32),
        learning_rate=(1e-3 * 0.5 ** ((epoch - 1) // 20)).astype(np.float32),
    )


def _cut(curves: Curves, epochs: int) -> Curves:
    """The curves of a run whose loss stopped being a number in the middle of an epoch."""
    step_loss = curves.values("step_loss")[: epochs * STEPS + STEPS // 2].copy()
    step_loss[-1] = np.nan
    return Curves.of_training(
        step_loss,
        train_loss=curves.values("train_loss")[:epochs],
        val_loss=curves.values("val_loss")[:epochs],
        val_accuracy=curves.values("val_accuracy")[:epochs],
        learning_rate=curves.values("learning_rate")[: epochs + 1],
    )


def changed_curves(curves: Curves, **changed: npt.ArrayLike) -> Curves:
    """The curves with some of their series by epoch replaced."""
    series = {
        name: Series(
            "epoch",
            np.arange(1, np.size(values) + 1, dtype=np.float32),
            np.asarray(values, np.float32),
        )
        for name, values in changed.items()
    }
    return Curves({**curves.series, **series})


def _predictions(classes: Sequence[str], images: int, number: int, run: TrainedRun) -> Predictions:
    draw = np.random.default_rng([number, run.seed, 1])
    labels = np.arange(images) % len(classes)
    # Some images are hard for every seed, some classes for every setting.
    ease = np.random.default_rng(7).normal(0.9, 1.0, images) - 0.6 * (labels % 3)
    pull = np.random.default_rng(8).normal(0, 1, (images, len(classes)))
    logits = pull + draw.normal(0, 0.7, (images, len(classes)))
    logits[np.arange(images), labels] += ease + 1.6 + 0.05 * number
    return Predictions(
        index=np.arange(images) * 3 + 11,
        labels=labels,
        last=_log_softmax(logits * 1.5),
        best=_log_softmax(logits),
    )


def _log_softmax(logits: npt.NDArray[np.float64]) -> Floats:
    shifted = logits - logits.max(axis=1, keepdims=True)
    logs: Floats = (shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))).astype(np.float32)
    return logs


def _failure(setting: str, seed: int, epoch: int) -> Failure:
    message = f"{setting}, seed {seed}: the training loss became nan at epoch {epoch + 1}"
    return Failure(message=message, epoch=epoch + 1, step=epoch * STEPS + STEPS // 2)


def _data(classes: Sequence[str], images: int) -> DataFacts:
    return DataFacts(
        source="stl10",
        fingerprint=_hash("images", images),
        classes=tuple(classes),
        training=5000,
        validation=3000,
        test=images,
        shape=(3, 32, 32),
        mean=(0.45, 0.44, 0.41),
        std=(0.26, 0.25, 0.27),
    )


def _network(number: int) -> NetworkFacts:
    two, one = ("BatchNorm2d-", "BatchNorm1d-") if number == 1 else ("", "")
    conv, dense = f"Conv-{two}ReLU-MaxPool", f"FC-{one}ReLU"
    parameters = 62_006 + 452 * (number == 1)
    return NetworkFacts(layers=(conv, conv, dense, dense, "FC-LogSoftmax"), parameters=parameters)


def _streams(number: int, seed: int) -> StreamHashes:
    names = ["conv1.weight", "conv1.bias", "fc1.weight", "fc1.bias"]
    names += ["norm1.weight", "norm1.bias"] * (number == 1)
    return StreamHashes(
        initial_values={name: _hash("initial", name, seed) for name in names},
        order=_hash("order", seed),
        augmentation=_hash("augmentation", seed),
        dropout=_hash("dropout", seed),
    )


def _environment() -> Environment:
    return Environment(
        paribus="0.1.0",
        python="3.12.1",
        torch="2.13.0",
        numpy="2.4.6",
        platform="Linux x86_64",
        cpu="Synthetic CPU",
        cpu_capability="AVX2",
        threads=1,
        git_commit="0123456789abcdef0123456789abcdef01234567",
        git_dirty=False,
    )


def _hash(*parts: str | int) -> str:
    return hashlib.sha256("/".join(map(str, parts)).encode()).hexdigest()
