"""A moving average of a network's weights, and what is tested of it."""

import copy
from dataclasses import dataclass

import torch
from torch import nn

from paribus.training.predict import Predict


class Average:
    """An exponential moving average: after each step, decay * average + (1 - decay) * weights.

    It begins with the weights before the first step. Buffers of real numbers, as batch
    normalization's means, are averaged alike; counts are copied. (timm's ModelEmaV2 does the same.)
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.network, self._of, self._decay = copy.deepcopy(network), network, decay

    @torch.no_grad()
    def follow(self) -> None:
        """Take the network's weights in, after a step."""
        own = self.network.state_dict()
        for name, value in self._of.state_dict().items():
            if value.is_floating_point():
                own[name].lerp_(value, 1 - self._decay)
            else:
                own[name].copy_(value)


@dataclass(frozen=True)
class Evaluated:
    """What is validated and tested of a training.

    Attributes:
        network: that which is trained, or the average of its weights.
        predict: its predictions, in its current state.
        average: None where the network itself is tested.
    """

    network: nn.Module
    predict: Predict
    average: Average | None = None
