"""skorch's NeuralNetClassifier, which validates after every epoch by default."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import torch
from skorch import NeuralNetClassifier
from skorch.callbacks import Callback
from skorch.dataset import Dataset
from skorch.helper import predefined_split
from torch import nn

from images import tensors
from peers import BATCH, LEARNING_RATE, Training, network


class Stopwatch(Callback):
    """Records the time at the end of every epoch."""

    def __init__(self) -> None:
        self.laps: list[float] = []

    def on_epoch_end(self, net: NeuralNetClassifier, **ignored: Any) -> None:
        """Record the time."""
        self.laps.append(time.perf_counter())


def train(data: Path, epochs: int) -> Training:
    """Train; validate on separate images, so that all training images are trained on."""
    stopwatch = Stopwatch()
    net = NeuralNetClassifier(
        network,
        criterion=nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        lr=LEARNING_RATE,
        batch_size=BATCH,
        max_epochs=epochs,
        iterator_train__shuffle=True,
        train_split=predefined_split(Dataset(*tensors(data, "val"))),
        callbacks=[stopwatch],
        verbose=0,
    )
    net.fit(*tensors(data, "train"))
    return Training(stopwatch.laps, net.history[-1]["train_loss"])
