"""Train one contender in a process of its own: `contender.py NAME DATA EPOCHS`.

Prints {"rate": training images a second, "loss": the last training loss}. NAME is a module of
peers/, or "paribus-2" for a study of two runs in two worker processes.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path

from peers import Training
from pictures import tensors


def train(name: str, data: Path, epochs: int) -> list[Training]:
    """Train by name; Paribus trains a run a worker, a peer trains one."""
    if name.startswith("paribus-"):
        from paribus_loop import train_study

        return train_study(data, epochs, workers=int(name.removeprefix("paribus-")))
    return [import_module(f"peers.{name}").train(data, epochs)]


def main(name: str, data: str, epochs: str) -> None:
    trainings = train(name, Path(data), int(epochs))
    _, labels = tensors(Path(data), "train")
    rate = sum(training.rate(len(labels)) for training in trainings)
    print(json.dumps({"rate": rate, "loss": max(training.loss for training in trainings)}))


if __name__ == "__main__":  # worker processes import this module again
    main(*sys.argv[1:])
