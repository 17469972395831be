"""From a setting and a seed to a module with its initial values, and its layers in words."""

import torch
from torch import nn

from paribus.errors import NetworkError
from paribus.network.lenet import lenet5
from paribus.network.own import find, located
from paribus.records.types import NetworkFacts
from paribus.streams import torch_seed
from paribus.study.config import LeNet5, OwnNetwork

Shape = tuple[int, int, int]

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
    if isinstance(network, LeNet5):
        module: nn.Module = lenet5(
            *shape, classes, batch_norm=network.batch_norm, dropout=network.dropout
        )
        _initialize_by_name(module, seed)
        return module
    return _users_module(network, shape, classes, seed)


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
            torch.manual_seed(torch_seed(seed, "initial values", name))
            layer.reset_parameters()


def _users_module(network: OwnNetwork, shape: Shape, classes: int, seed: int) -> nn.Module:
    function = find(network.kind)
    channels, height, width = shape
    torch.manual_seed(torch_seed(seed, "initial values"))
    try:
        module = function(
            channels=channels, height=height, width=width, classes=classes, **network.arguments
        )
    except (Exception, SystemExit) as error:  # a user's code may raise anything
        raise NetworkError(f"{network.kind}: {located(error)}") from error
    if not isinstance(module, nn.Module):
        got = type(module).__name__
        raise NetworkError(f"{network.kind}: expected it to return a torch.nn.Module, got {got}")
    module.eval()
    try:
        # Not inference mode: what the module makes now, such as lazy layers, is trained later.
        with torch.no_grad():
            output = module(torch.zeros(2, *shape))
    except Exception as error:  # a user's code may raise anything
        why = f"failed on two images of shape {shape}: {located(error)}"
        raise NetworkError(f"{network.kind}: {why}") from error
    require_scores(network.kind, output, 2, classes)
    return module.train()


def require_scores(kind: str, output: object, images: int, classes: int, when: str = "") -> None:
    """Raise NetworkError unless a network's output is a score for each image and class."""
    got = tuple(output.shape) if isinstance(output, torch.Tensor) else type(output).__name__
    if got != (images, classes):
        expected = f"expected an output of shape {(images, classes)}"
        count = "two" if images == 2 else f"{images:,}"
        raise NetworkError(f"{kind}: {expected} for {count} images{when}, got {got}")
