"""What users would pick instead of Paribus, each as its own documentation shows it.

Every peer trains the same LeNet-5 on the same images in batches of 128 with Adam. Only Keras
has its own layers, initial values and Adam.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import nn

from paribus.network.lenet import lenet5

BATCH = 128
LEARNING_RATE = 1e-3


@dataclass(frozen=True)
class Training:
    """The result of a training.

    Attributes:
        laps: the time at the end of each epoch, in seconds. The first epoch warms up.
        loss: the last training loss, which proves that the network was trained.
    """

    laps: Sequence[float]
    loss: float

    def rate(self, images: int) -> float:
        """Training images per second, from the end of the first epoch to the end of the last."""
        return images * (len(self.laps) - 1) / (self.laps[-1] - self.laps[0])


def network(*, batch_norm: bool = False) -> nn.Sequential:
    """Paribus's LeNet-5, with PyTorch's own initial values."""
    return lenet5(3, 32, 32, 10, batch_norm=batch_norm, dropout=0.0)
