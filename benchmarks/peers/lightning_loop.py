"""Lightning's Trainer, without the checkpoints, logs and bars that it would write."""

from __future__ import annotations

import time
from pathlib import Path

import lightning
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, TensorDataset

from images import tensors
from peers import BATCH, LEARNING_RATE, Training, network


class Classifier(lightning.LightningModule):
    """LeNet-5 as a LightningModule."""

    def __init__(self) -> None:
        super().__init__()
        self.network = network()
        self.laps: list[float] = []
        self.loss = torch.tensor(0.0)

    def training_step(self, batch: tuple[Tensor, Tensor]) -> Tensor:
        """The loss of a batch."""
        images, labels = batch
        loss = cross_entropy(self.network(images), labels)
        self.loss = loss.detach()
        return loss

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Adam in PyTorch's default form."""
        return torch.optim.Adam(self.parameters(), lr=LEARNING_RATE)

    def on_train_epoch_end(self) -> None:
        """Record the time."""
        self.laps.append(time.perf_counter())


def train(data: Path, epochs: int) -> Training:
    """Train only: Lightning validates only when it is given validation data."""
    loader = DataLoader(TensorDataset(*tensors(data, "train")), batch_size=BATCH, shuffle=True)
    module = Classifier()
    trainer = lightning.Trainer(
        accelerator="cpu",
        max_epochs=epochs,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(module, loader)
    return Training(module.laps, module.loss.item())
