"""The networks that the engine is measured on, their images and their operation counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from images import CLASSES
from paribus.data.dataset import Dataset
from paribus.data.splits import Splits
from paribus.network.cifar_resnet import cifar_resnet
from paribus.network.lenet import lenet5
from peers import BATCH

COLOR, GRAY, LARGE = (3, 32, 32), (1, 28, 28), (3, 64, 64)
#: As in the reference study: 39 batches of 128 and one of 8.
IMAGES = 5000
#: For networks that take several times as long: 8 batches and one of 8.
FEW = 1032


@dataclass(frozen=True)
class Case:
    """A network, as it is measured.

    Attributes:
        network: makes it for (channels, height, width), with PyTorch's own initial values.
        target: the rate that the engine should reach on AVX2, relative to the bare PyTorch loop.
        images: per epoch.
        channels_last: whether PyTorch gets network and images in this memory format, in which it
            trains them faster.
    """

    name: str
    network: Callable[[int, int, int], nn.Sequential]
    shape: tuple[int, int, int] = COLOR
    batch: int = BATCH
    target: float = 1.0
    images: int = IMAGES
    channels_last: bool = False

    def build(self) -> nn.Sequential:
        """The network, anew."""
        return self.network(*self.shape)


def _lenet(
    channels: int, height: int, width: int, *, batch_norm: bool = False, dropout: float = 0.0
) -> nn.Sequential:
    return lenet5(channels, height, width, CLASSES, batch_norm=batch_norm, dropout=dropout)


def _wide(channels: int, height: int, width: int) -> nn.Sequential:
    """Convolutions of 32 and 64 filters, 5x5, each with ReLU and pooling; one dense layer."""
    left = ((height - 4) // 2 - 4) // 2 * (((width - 4) // 2 - 4) // 2)
    return nn.Sequential(
        *(nn.Conv2d(channels, 32, 5), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(32, 64, 5), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(64 * left, CLASSES), nn.LogSoftmax(1)),
    )


def _pairs(channels: int, height: int, width: int, *, batch_norm: bool) -> nn.Sequential:
    """Two pairs of padded 3x3 convolutions, each pair with a pooling, as VGG has them."""
    layers: list[nn.Module] = []
    for filters in (16, 32):
        for inputs in (channels, filters):
            layers.append(nn.Conv2d(inputs, filters, 3, padding=1))
            layers += [nn.BatchNorm2d(filters)] if batch_norm else []
            layers.append(nn.ReLU())
        layers.append(nn.MaxPool2d(2))
        channels = filters
    left = channels * (height // 4) * (width // 4)
    layers += [nn.Flatten(), nn.Linear(left, 64), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(64, CLASSES), nn.LogSoftmax(1))


def _resnet20(channels: int, height: int, width: int) -> nn.Sequential:
    return cifar_resnet(channels, CLASSES, 20)


def _dense(channels: int, height: int, width: int) -> nn.Sequential:
    inputs = channels * height * width
    return nn.Sequential(
        *(nn.Flatten(), nn.Linear(inputs, 256), nn.ReLU()),
        *(nn.Linear(256, CLASSES), nn.LogSoftmax(1)),
    )


CASES = (
    Case("LeNet-5", _lenet, target=4.0),
    Case("LeNet-5, batch norm", partial(_lenet, batch_norm=True), target=3.5),
    Case("LeNet-5 at 64x64", _lenet, LARGE, target=2.5, images=FEW),
    Case("32 and 64 filters", _wide, target=2.5, images=FEW),
    Case("LeNet-5, gray 28x28", _lenet, GRAY),
    Case("LeNet-5, dropout", partial(_lenet, dropout=0.5)),
    Case("LeNet-5, batches of 32", _lenet, batch=32),
    Case("LeNet-5, batches of 16", _lenet, batch=16),
    Case("3x3 pairs", partial(_pairs, batch_norm=False), images=FEW),
    Case("3x3 pairs, batch norm", partial(_pairs, batch_norm=True), images=FEW),
    Case("ResNet-20", _resnet20, target=1.8, images=FEW, channels_last=True),
    Case("dense 784-256-10", _dense, GRAY),
)


def resized(dataset: Dataset, case: Case) -> Dataset:
    """The training images in a case's number and shape; ten of them also validate."""
    channels, *size = case.shape
    numbers = dataset.splits.training[: case.images]
    color = torch.from_numpy(dataset.images[numbers])
    images = interpolate(color, tuple(size), mode="bilinear", antialias=True)[:, :channels]
    place = np.arange(len(numbers))
    return replace(
        dataset,
        images=images.contiguous().numpy(),
        labels=dataset.labels[numbers],
        splits=Splits(place, place[:10], place[:0]),
        mean=dataset.mean[:channels],
        std=dataset.std[:channels],
    )


def training_flops(module: nn.Sequential, shape: tuple[int, int, int]) -> int:
    """Multiplications and additions of one training step, per image.

    They are those of convolutions and dense layers: forward, the gradient of the weights, and,
    except in the first layer, the gradient of the input. All are counted, including sums that
    the engine skips because they are known to be 0.
    """
    forward: list[int] = []

    def count(layer: nn.Module, result: tuple[Tensor, ...], gave: Tensor) -> None:
        taps = layer.weight[0].numel()
        forward.append(2 * taps * gave[0].numel())

    hooks = [
        layer.register_forward_hook(count)
        for layer in module.modules()
        if isinstance(layer, nn.Conv2d | nn.Linear)
    ]
    module.eval()(torch.zeros(1, *shape))
    for hook in hooks:
        hook.remove()
    module.train()
    return 3 * sum(forward) - forward[0]
