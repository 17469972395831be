"""How the weights of a layer start."""

from collections.abc import Callable
from typing import Any

from torch import nn

#: Draws the initial values of a layer that has `reset_parameters`, from torch's generator.
Initialize = Callable[[Any], None]


def pytorchs_initial(layer: Any) -> None:
    """As PyTorch does by default: uniform within 1 / sqrt(inputs of an output)."""
    layer.reset_parameters()


def he_initial(layer: Any) -> None:
    """Convolutions as He et al. 2015, others as PyTorch does.

    Their weights are normal with variance 2 / (outputs x pixels of the kernel); they have no bias.
    """
    layer.reset_parameters()
    if isinstance(layer, nn.Conv2d):
        nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")


def truncated_initial(*kinds: type[nn.Module]) -> Initialize:
    """As transformers start: normal with standard deviation 0.02 and no bias.

    So do layers of these kinds, all others as PyTorch or their own module has it.
    """

    def draw(layer: Any) -> None:
        layer.reset_parameters()
        if type(layer) in kinds:
            nn.init.trunc_normal_(layer.weight, std=0.02)
            nn.init.zeros_(layer.bias)

    return draw
