"""From a setting and a seed to a module with its initial values."""

from typing import Any

import torch
from torch import nn

from paribus.network.cifar_resnet import cifar_resnet
from paribus.network.convnet import convnet
from paribus.network.convnext import convnext_atto
from paribus.network.describe import describe, multiply_adds
from paribus.network.initial import Initialize, he_initial, pytorchs_initial, truncated_initial
from paribus.network.lenet import lenet5
from paribus.network.mlp import mlp
from paribus.network.pretrained import fine_tune
from paribus.network.residual import leave_out, require_size
from paribus.network.resnet import resnet
from paribus.network.users import Shape, build_own
from paribus.network.vit import vit_tiny
from paribus.network.wide_resnet import wide_resnet
from paribus.network.zoo import build_timm
from paribus.records.types import NetworkFacts
from paribus.stream import torch_seed
from paribus.study.networks import (
    AnyNetwork,
    BuiltIn,
    CifarResNet,
    ConvNet,
    ConvNeXtAtto,
    LeNet5,
    Mlp,
    OwnNetwork,
    Residual,
    ResNet,
    TimmNetwork,
    ViTTiny,
    WideResNet,
)
from paribus.study.sections import Section

#: How the layers of a network start, where it isn't as PyTorch has it.
_INITIAL: dict[type[Section], Initialize] = {
    **dict.fromkeys((CifarResNet, ResNet, WideResNet), he_initial),
    ViTTiny: truncated_initial(nn.Linear),
    ConvNeXtAtto: truncated_initial(nn.Linear, nn.Conv2d),
}


def build(network: AnyNetwork, shape: Shape, classes: int, seed: int) -> nn.Module:
    """Build a network for images of `shape` (channels, height, width), initialized by `seed`.

    Each layer of Paribus's own networks draws from a stream named after it, so that layers of the
    same name and shape start equal in every setting. A user's module, or one of timm, draws from
    one stream in the order in which it is built: only it knows how it wants to be initialized.

    Weights that the network names take the place of its initial values; its last layer alone keeps
    these where the weights are for other classes.

    Raises:
        NetworkError: if it can't be built, its output isn't (n, classes), or weights don't fit it.
    """
    return build_and_describe(network, shape, classes, seed)[0]


def build_and_describe(
    network: AnyNetwork, shape: Shape, classes: int, seed: int
) -> tuple[nn.Module, NetworkFacts]:
    """Build a network as `build` does; it, and what a record says of it."""
    module, facts = _initialized(network, shape, classes, seed)
    facts |= fine_tune(network, module, shape, classes)
    return module, describe(module).model_copy(update=facts)


def _initialized(
    network: AnyNetwork, shape: Shape, classes: int, seed: int
) -> tuple[nn.Module, dict[str, Any]]:
    """A network with its initial values, and what was noticed of it, as fields of NetworkFacts."""
    if isinstance(network, OwnNetwork):
        return build_own(network, shape, classes, seed)
    if isinstance(network, TimmNetwork):
        module = build_timm(network, shape, classes, seed)
    else:
        module = _built_in(network, shape, classes)
        _initialize_by_name(module, seed, _INITIAL.get(type(network), pytorchs_initial))
    return module, {"multiply_adds": multiply_adds(module, shape)}


def _built_in(network: BuiltIn, shape: Shape, classes: int) -> nn.Module:
    module = _layers(network, shape, classes)
    if isinstance(network, Residual) and network.stochastic_depth:
        leave_out(module, network.stochastic_depth)
    return module


def _layers(network: BuiltIn, shape: Shape, classes: int) -> nn.Module:
    channels, height, width = shape
    if isinstance(network, ConvNet | CifarResNet | ResNet | WideResNet):
        require_size(network.kind, height, width)
    match network:
        case LeNet5(batch_norm=batch_norm, dropout=dropout):
            return lenet5(*shape, classes, batch_norm=batch_norm, dropout=dropout)
        case Mlp(hidden=hidden, dropout=dropout):
            return mlp(shape, classes, hidden, dropout)
        case ConvNet():
            return convnet(shape, classes)
        case CifarResNet(kind=kind):
            return cifar_resnet(channels, classes, int(kind.removeprefix("resnet")))
        case ResNet(kind=kind):
            return resnet(channels, classes, int(kind.removeprefix("resnet")))
        case WideResNet(depth=depth, widen=widen, dropout=dropout):
            return wide_resnet(channels, classes, depth=depth, widen=widen, dropout=dropout)
        case ViTTiny(patch=patch):
            return vit_tiny(shape, classes, patch)
        case ConvNeXtAtto(patch=patch):
            require_size(network.kind, height, width, smallest=8 * patch)
            return convnext_atto(channels, classes, patch)


def _initialize_by_name(module: nn.Module, seed: int, initialize: Initialize) -> None:
    """Draw the initial values of each layer from the stream named after it."""
    for name, layer in module.named_modules():
        if hasattr(layer, "reset_parameters"):
            # Only torch's generator: this also runs in the process of a user's script.
            torch.manual_seed(torch_seed(seed, "initial values", name))
            initialize(layer)
