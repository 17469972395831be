"""From a setting and a seed to a module with its initial values, and its layers in words."""

import torch
from torch import nn

from paribus.network.lenet import lenet5
from paribus.network.users import Shape, build_own
from paribus.records.types import NetworkFacts
from paribus.streams import torch_seed
from paribus.study.config import LeNet5, OwnNetwork

#: Names of layers in a report; a layer called "" is left out.
NAMES = {
    **dict.fromkeys(("Conv1d", "Conv2d", "Conv3d"), "Conv"),
    **dict.fromkeys(("Flatten", "Identity"), ""),
    "Linear": "FC",
    "MaxPool2d": "MaxPool",
}


def build(network: LeNet5 | OwnNetwork, shape: Shape, classes: int, seed: int) -> nn.Module:
    """Build a network for images of `shape` (channels, height, width), initialized by `seed`.

    Each layer of LeNet-5 draws from a stream named after it, so that layers of the same name and
    shape start equal in every setting. A user's module draws from one stream in the order in
    which it is built, since only it knows how it wants to be initialized.

    Raises:
        NetworkError: if it can't be built or its output isn't (n, classes).
    """
    return build_and_describe(network, shape, classes, seed)[0]


def build_and_describe(
    network: LeNet5 | OwnNetwork, shape: Shape, classes: int, seed: int
) -> tuple[nn.Module, NetworkFacts]:
    """Build a network as `build` does; it, and what a record says of it."""
    if isinstance(network, OwnNetwork):
        module, noticed = build_own(network, shape, classes, seed)
        return module, describe(module).model_copy(update=noticed)
    module = lenet5(*shape, classes, batch_norm=network.batch_norm, dropout=network.dropout)
    _initialize_by_name(module, seed)
    return module, describe(module)


def describe(module: nn.Module) -> NetworkFacts:
    """The module's layers as a report writes them, and its number of trainable parameters.

    Each convolution or dense layer starts a group, such as "Conv-BatchNorm2d-ReLU-MaxPool";
    layers come in the order in which the module registered them.
    """
    groups: list[list[str]] = []
    for layer in module.modules():
        kind = type(layer).__name__
        name = NAMES.get(kind, kind)
        if not name or any(True for _ in layer.children()):
            continue
        if name in {"Conv", "FC"} or not groups:
            groups.append([])
        groups[-1].append(name)
    parameters = sum(p.numel() for p in module.parameters() if p.requires_grad)
    return NetworkFacts(layers=tuple("-".join(g) for g in groups), parameters=parameters)


def _initialize_by_name(module: nn.Module, seed: int) -> None:
    """Draw PyTorch's default initial values of each layer from the stream named after it."""
    for name, layer in module.named_modules():
        if hasattr(layer, "reset_parameters"):
            # Only torch's generator: this also runs in the process of a user's script.
            torch.manual_seed(torch_seed(seed, "initial values", name))
            layer.reset_parameters()
