"""Train one contender in its own process: `contender.py NAME DATA EPOCHS`.

Prints {"rate": training images per second, "loss": the last training loss}, and for Paribus
"peak_memory": bytes of the worker that used most. NAME is a module of peers/, or "auto-2",
"torch-2" or "native-2": a study of two runs in two worker processes with this engine.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import get_args

from images import tensors
from paribus.study.config import Engine
from peers import Training


def train(name: str, data: Path, epochs: int) -> tuple[list[Training], dict[str, int]]:
    """Train by name. Paribus trains one run per worker, a peer one; also what else is known."""
    engine, _, workers = name.partition("-")
    if engine in get_args(Engine):
        from paribus_loop import train_study

        trained = train_study(data, epochs, int(workers), engine)
        return trained.trainings, {"peak_memory": trained.peak_memory}
    return [import_module(f"peers.{name}").train(data, epochs)], {}


def main(name: str, data: str, epochs: str) -> None:
    trainings, known = train(name, Path(data), int(epochs))
    _, labels = tensors(Path(data), "train")
    rate = sum(training.rate(len(labels)) for training in trainings)
    print(json.dumps({"rate": rate, "loss": max(values.loss for values in trainings), **known}))


if __name__ == "__main__":  # worker processes import this module again
    main(*sys.argv[1:])
