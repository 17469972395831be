"""A data set that adds noise, in a module of its own, which spawned workers can import."""

from typing import Any

import torch
from torch.utils.data import Dataset

from paribus import Streams


class Noisy(Dataset[Any]):
    """Examples with noise from a stream that the data set holds, as people write it."""

    def __init__(self, of: Streams) -> None:
        self.streams, self.numpy, self.python = of, of.numpy("held"), of.python("held")

    def __len__(self) -> int:
        return 24

    def __getitem__(self, number: int) -> tuple[int, float, float, float, float]:
        asked = self.streams.numpy("asked").random()
        of_torch = torch.rand((), generator=self.streams.torch("asked")).item()
        return number, asked, self.numpy.random(), of_torch, self.python.random()
