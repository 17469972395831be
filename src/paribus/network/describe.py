"""What a module says of itself: its layers in words, its parameters, its multiply-adds."""

from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, scaled_dot_product_attention
from torch.overrides import TorchFunctionMode

from paribus.network.residual import Block
from paribus.network.users import Shape
from paribus.records.types import NetworkFacts

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
#: Of a network with more lines than this, larger parts are a line, as Paribus's own blocks are.
MOST_LINES = 20
#: Parts that are described in one go, with their words.
Blocks = dict[nn.Module, str]
_CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)


def describe(module: nn.Module) -> NetworkFacts:
    """The module's layers as a report writes them, and its number of trainable parameters.

    Each convolution or dense layer starts a group, such as "Conv-BatchNorm2d-ReLU-MaxPool", and so
    does what follows a block; equal blocks in a row are one line, such as "3 x basic block 16".
    Layers come in the order in which the module registered them.
    """
    parameters = sum(p.numel() for p in module.parameters() if p.requires_grad)
    lines: tuple[str, ...] = ()
    for blocks_of in (_own_blocks, _in_containers, _parts):
        lines = tuple(_lines(_names(module, blocks_of(module))))
        if len(lines) <= MOST_LINES:
            break
    return NetworkFacts(layers=lines, parameters=parameters)


def multiply_adds(module: nn.Module, shape: Shape) -> int:
    """Products that convolutions, dense layers and attention sum for one image of `shape`.

    Counted in a forward pass in evaluation mode, which changes nothing.
    """
    counter = _Counter()
    with torch.no_grad(), counter:
        module.eval()(torch.zeros(1, *shape))
    module.train()
    return counter.products


class _Counter(TorchFunctionMode):
    """Counts the products of all that is called while it is entered."""

    def __init__(self) -> None:
        super().__init__()
        self.products = 0

    def __torch_function__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        result = function(*args, **(kwargs or {}))
        if function in _PRODUCTS:
            self.products += _PRODUCTS[function](result, *args)
        return result


def _of_layer(output: Tensor, _: Tensor, weight: Tensor, *rest: Any) -> int:
    """Each output sums as many products as it has weights."""
    return output.numel() * weight[0].numel()


def _of_matrices(output: Tensor, left: Tensor, *rest: Any) -> int:
    return output.numel() * left.shape[-1]


def _of_attention(output: Tensor, query: Tensor, key: Tensor, *rest: Any) -> int:
    """Each query by each key, and the weights that they give by the values."""
    return (query.numel() + output.numel()) * key.shape[-2]


#: What multiplies, by the function that does it.
_PRODUCTS: dict[Any, Callable[..., int]] = {
    **dict.fromkeys((torch.conv1d, torch.conv2d, torch.conv3d, linear), _of_layer),
    **dict.fromkeys((torch.matmul, torch.bmm, Tensor.matmul, Tensor.__matmul__), _of_matrices),
    scaled_dot_product_attention: _of_attention,
}


def _lines(names: Iterator[tuple[str, bool]]) -> Iterator[str]:
    for name, equal in groupby(_groups(names)):
        *more, last = equal
        if isinstance(name, str):
            yield f"{len(more) + 1} x {last}"
        else:
            yield from map("-".join, (*more, last))


def _groups(names: Iterator[tuple[str, bool]]) -> Iterator[str | tuple[str, ...]]:
    """Blocks by their words, and groups of other layers by their names."""
    group: list[str] = []
    for name, is_block in names:
        if group and (is_block or name in {"Conv", "FC"}):
            yield tuple(group)
            group = []
        if is_block:
            yield name
        else:
            group.append(name)
    if group:
        yield tuple(group)


def _names(module: nn.Module, blocks: Blocks) -> Iterator[tuple[str, bool]]:
    """Each block, and each layer outside of blocks, by name; whether it is a block."""
    inside: set[nn.Module] = set()
    for layer in module.modules():
        if layer in blocks:
            inside.update(layer.modules())
            yield blocks[layer], True
        elif layer not in inside and _is_layer(layer):
            kind = type(layer).__name__
            if name := NAMES.get(kind, kind):
                yield name, False


def _is_layer(module: nn.Module) -> bool:
    return not isinstance(module, _CONTAINERS) and not any(True for _ in module.children())


def _own_blocks(module: nn.Module) -> Blocks:
    return {part: part.in_words for part in module.modules() if isinstance(part, Block)}


def _in_containers(module: nn.Module) -> Blocks:
    """The innermost parts of containers that have several layers: "Bottleneck 256"."""
    several = {
        part
        for parent in module.modules()
        if isinstance(parent, _CONTAINERS)
        for part in parent.children()
        if not isinstance(part, _CONTAINERS)
        and sum(any(True for _ in child.parameters()) for child in part.children()) > 1
    }
    innermost = [part for part in several if not several & {*part.modules()} - {part}]
    return {part: _in_words(part) for part in innermost}


def _parts(module: nn.Module) -> Blocks:
    """What the module itself is made of."""
    return {part: _in_words(part) for part in module.children() if not _is_layer(part)}


def _in_words(part: nn.Module) -> str:
    """Its type, and the number of its outputs, which its last parameter tells."""
    kind, parameters = type(part).__name__, [*part.parameters()]
    return f"{kind} {parameters[-1].shape[0]}" if parameters and parameters[-1].ndim else kind
