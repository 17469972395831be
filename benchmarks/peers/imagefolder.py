"""A script with a folder of images: every file decoded and resized again in every epoch.

torchvision's ImageFolder does the same with the same Pillow. It isn't used here because it
requires one particular build of torch.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from peers import BATCH, Training
from peers.loop import train_from

# ImageNet's, as usual in such scripts.
MEAN = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
STD = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)


class ImageFolder(Dataset):
    """One subfolder per class; an image is read when it is requested."""

    def __init__(self, folder: Path) -> None:
        classes = sorted(path.name for path in folder.iterdir())
        self.files = [
            (file, label)
            for label, name in enumerate(classes)
            for file in sorted((folder / name).iterdir())
        ]

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, number: int) -> tuple[Tensor, int]:
        file, label = self.files[number]
        with Image.open(file) as image:
            small = image.convert("RGB").resize((32, 32), Image.Resampling.BILINEAR)
        pixels = torch.from_numpy(np.array(small)).permute(2, 0, 1)
        return (pixels.float() / 255 - MEAN) / STD, label


def train(data: Path, epochs: int) -> Training:
    """Train with one loading process per core."""
    loader = DataLoader(
        ImageFolder(data / "images" / "train"),
        batch_size=BATCH,
        shuffle=True,
        num_workers=os.cpu_count() or 1,
    )
    return train_from(loader, epochs)
