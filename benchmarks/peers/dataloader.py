"""A script with everything in memory: a DataLoader over tensors with its default settings."""

from __future__ import annotations

from pathlib import Path

from torch.utils.data import DataLoader, TensorDataset

from images import tensors
from peers import BATCH, Training
from peers.loop import train_from


def train(data: Path, epochs: int) -> Training:
    """Train in this process, with PyTorch's default number of threads."""
    loader = DataLoader(TensorDataset(*tensors(data, "train")), batch_size=BATCH, shuffle=True)
    return train_from(loader, epochs)
