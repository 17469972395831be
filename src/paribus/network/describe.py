"""What a module says of itself: its layers in words, its parameters, its multiply-adds."""

import math
from collections.abc import Iterable, Iterator
from itertools import groupby

from torch import nn

from paribus.network.residual import Block
from paribus.network.users import Shape
from paribus.network.vit import Attention, FirstToken, Tokens
from paribus.records.types import NetworkFacts

#: Height and width, or the number of tokens and 1; of what is flat, 1 and 1.
Sides = tuple[int, int]

#: Names of layers in a report; a layer called "" is left out.
NAMES = {
    **dict.fromkeys(("Conv1d", "Conv2d", "Conv3d"), "Conv"),
    **dict.fromkeys(("Flatten", "Identity"), ""),
    "AdaptiveAvgPool2d": "AvgPool",
    "ChannelNorm": "LayerNorm",
    "FirstToken": "class token",
    "Linear": "FC",
    "MaxPool2d": "MaxPool",
}


def describe(module: nn.Module) -> NetworkFacts:
    """The module's layers as a report writes them, and its number of trainable parameters.

    Each convolution or dense layer starts a group, such as "Conv-BatchNorm2d-ReLU-MaxPool", and so
    does what follows a block; equal blocks in a row are one line, such as "3 x basic block 16".
    Layers come in the order in which the module registered them.
    """
    parameters = sum(p.numel() for p in module.parameters() if p.requires_grad)
    return NetworkFacts(layers=tuple(_lines(module)), parameters=parameters)


def multiply_adds(module: nn.Module, shape: Shape) -> int:
    """Products that convolutions, dense layers and attention sum for one image of `shape`.

    Worked out from the layers of Paribus's own networks, since a forward pass of large images
    takes seconds.
    """
    return _counted(module, shape[1:])[0]


def _counted(module: nn.Module, sides: Sides) -> tuple[int, Sides]:
    """The products of a module for an image with these sides, and the sides that it gives."""
    match module:
        case Block():
            parts = dict(module.named_children())
            beside = parts.pop("shortcut", None)  # gets what the block gets
            products, after = _in_a_row(parts.values(), sides)
            return products + (_counted(beside, sides)[0] if beside else 0), after
        case nn.Sequential():
            return _in_a_row(module.children(), sides)
        case nn.Conv2d():
            assert not isinstance(module.padding, str)  # "same"
            places = zip(sides, module.kernel_size, module.stride, module.padding, strict=True)
            height, width = ((side + 2 * p - k) // s + 1 for side, k, s, p in places)
            return module.weight.numel() * height * width, (height, width)
        case nn.MaxPool2d(kernel_size=int(side)):
            return 0, (sides[0] // side, sides[1] // side)
        case nn.AdaptiveAvgPool2d() | nn.Flatten() | FirstToken():
            return 0, (1, 1)
        case nn.Linear():
            return module.weight.numel() * math.prod(sides), sides
        case Tokens():
            return 0, (module.positions.shape[1], 1)
        case Attention():
            # Each token's query by each token's key, and the weights by the values.
            tokens, each = (
                math.prod(sides),
                module.qkv.weight.numel() + module.project.weight.numel(),
            )
            return tokens * each + 2 * tokens**2 * module.project.in_features, sides
    return 0, sides


def _in_a_row(modules: Iterable[nn.Module], sides: Sides) -> tuple[int, Sides]:
    total = 0
    for module in modules:
        products, sides = _counted(module, sides)
        total += products
    return total, sides


def _lines(module: nn.Module) -> Iterator[str]:
    for name, equal in groupby(_groups(module)):
        *more, last = equal
        if isinstance(name, str):
            yield f"{len(more) + 1} x {last}"
        else:
            yield from map("-".join, (*more, last))


def _groups(module: nn.Module) -> Iterator[str | tuple[str, ...]]:
    """Blocks by their words, and groups of other layers by their names."""
    group: list[str] = []
    for name, is_block in _names(module):
        if group and (is_block or name in {"Conv", "FC"}):
            yield tuple(group)
            group = []
        if is_block:
            yield name
        else:
            group.append(name)
    if group:
        yield tuple(group)


def _names(module: nn.Module) -> Iterator[tuple[str, bool]]:
    """Each block, and each layer outside of blocks, by name; whether it is a block."""
    inside: set[nn.Module] = set()
    for layer in module.modules():
        if isinstance(layer, Block):
            inside.update(layer.modules())
            yield layer.in_words, True
        elif layer not in inside and not any(True for _ in layer.children()):
            kind = type(layer).__name__
            if name := NAMES.get(kind, kind):
                yield name, False
