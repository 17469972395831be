"""Keras's Sequential.fit on its PyTorch backend, with Keras's own layers, loss and Adam."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from images import CLASSES, tensors
from peers import BATCH, LEARNING_RATE, Training


def train(data: Path, epochs: int) -> Training:
    """Train only: `fit` validates only when it is given validation data."""
    # Both are read at the first import. Keras reads or creates a file of settings; in `data` it
    # isn't the user's, so Keras's defaults apply and nothing is left behind.
    os.environ["KERAS_BACKEND"] = "torch"
    os.environ["KERAS_HOME"] = str(data / "keras")
    import keras

    class Stopwatch(keras.callbacks.Callback):
        """Records the time at the end of every epoch."""

        def __init__(self) -> None:
            super().__init__()
            self.laps: list[float] = []

        def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
            """Record the time."""
            self.laps.append(time.perf_counter())

    images, labels = tensors(data, "train")
    stopwatch = Stopwatch()
    model = _lenet5(keras)
    model.compile(
        optimizer=keras.optimizers.Adam(LEARNING_RATE), loss="sparse_categorical_crossentropy"
    )
    history = model.fit(
        images.permute(0, 2, 3, 1).contiguous().numpy(),  # channels last, as Keras has them
        labels.numpy(),
        batch_size=BATCH,
        epochs=epochs,
        verbose=0,
        callbacks=[stopwatch],
    )
    return Training(stopwatch.laps, history.history["loss"][-1])


def _lenet5(keras: Any) -> Any:
    """The layers of Paribus's LeNet-5, with Keras's own initial values."""
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            layers.Conv2D(6, 5, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(16, 5, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(120, activation="relu"),
            layers.Dense(84, activation="relu"),
            layers.Dense(CLASSES, activation="softmax"),
        ]
    )
