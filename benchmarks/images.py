"""Synthetic images of STL-10's size, so that anyone can measure without the data set."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor

from paribus.data.dataset import Dataset

CLASSES = 10
SIDE = 96  # as STL-10's
SMALL = 32  # as LeNet-5 sees them

Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Counts:
    """How many images each part has."""

    train: int
    val: int
    test: int


def write_images(folder: Path, counts: Counts) -> None:
    """Write PNG files as <part>/<class>/<number>.png, the same at every call."""
    draw = np.random.default_rng(0)
    for part, count in vars(counts).items():
        for number in range(count):
            label = number % CLASSES
            place = folder / part / f"class-{label}"
            place.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels(draw, label)).save(place / f"{number}.png")


def pixels(draw: np.random.Generator, label: int) -> Bytes:
    """An image (96, 96, 3) of coarse and fine random patches over its class's tint.

    Amplitudes fall as a power of frequency, as in natural images (Field 1987). With a power
    of 1.5 a PNG file is as large as one of STL-10's, 18 kB.
    """
    tint = np.random.default_rng(label).uniform(60, 196, 3)
    rows, columns = np.fft.fftfreq(SIDE)[:, None], np.fft.rfftfreq(SIDE)
    frequency = np.hypot(rows, columns)
    frequency[0, 0] = np.inf  # the tint alone says how bright the image is
    spectrum = np.fft.rfft2(draw.normal(size=(3, SIDE, SIDE))) / frequency**1.5
    patches = np.fft.irfft2(spectrum, s=(SIDE, SIDE)).transpose(1, 2, 0)
    patches *= 45 / patches.std()
    return np.clip(tint + patches, 0, 255).astype(np.uint8)


def write_tensors(folder: Path, dataset: Dataset) -> None:
    """Save a prepared data set as normalized floats, for loops that keep everything in memory."""
    mean, std = (
        np.array(figures, np.float32).reshape(-1, 1, 1) for figures in (dataset.mean, dataset.std)
    )
    for part, index in (("train", dataset.splits.training), ("val", dataset.splits.validation)):
        images = (dataset.images[index].astype(np.float32) / 255 - mean) / std
        np.save(folder / f"{part}-images.npy", images)
        np.save(folder / f"{part}-labels.npy", dataset.labels[index])


def tensors(folder: Path, part: str) -> tuple[Tensor, Tensor]:
    """Normalized images (n, 3, 32, 32) and labels (n,) of "train" or "val"."""
    images, labels = (
        np.load(folder / f"{part}-{what}.npy", allow_pickle=False) for what in ("images", "labels")
    )
    return torch.from_numpy(images), torch.from_numpy(labels)
