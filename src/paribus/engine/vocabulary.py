"""Translates a module into the stages that the engine runs, or says why it can't."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NoReturn

import torch
from torch import nn

from paribus.engine.stages import (
    Beside,
    Normalization,
    Pair,
    Pooling,
    Program,
    Shape,
    Stage,
    fused,
)
from paribus.network import residual, wide_resnet
from paribus.network.residual import BasicBlock, Padded
from paribus.network.wide_resnet import WideBlock

#: Hooks of a module or parameter, by torch's names: the engine would not call them.
_HOOKS = (
    "_forward_hooks",
    "_forward_pre_hooks",
    "_backward_hooks",
    "_backward_pre_hooks",
    "_post_accumulate_grad_hooks",
)


class UnsupportedLayer(ValueError):  # noqa: N818  # a result, not a mistake
    """What the engine doesn't support in a network, as a clause."""


def translate(module: nn.Module, shape: Shape) -> Program:
    """The stages that train `module` on images of `shape` (channels, height, width).

    Raises:
        UnsupportedLayer: if the engine doesn't support some part of it.
    """
    if type(module) is not nn.Sequential:
        kind = f"the network is a {type(module).__name__}"
        raise UnsupportedLayer(f"{kind}; the engine supports an nn.Sequential of layers")
    reading = _Reading(shape)
    reading.read("", module, 0)
    _require_plain_parameters(module)
    stages = fused(reading.stages)
    if not any(stage.layer for stage in stages):
        raise UnsupportedLayer("it has no layer with weights")
    if stages[-1].after[1:] != (1, 1):
        raise UnsupportedLayer("it doesn't end in a flat vector of classes")
    return Program(tuple(stages), reading.ended_by is not None)


class _Reading:
    """The stages of the layers that were read so far.

    nn.Flatten needs none: a linear layer takes the image as it is, and the other layers allowed
    behind it don't depend on the order of values.
    """

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self.stages: list[Stage] = []
        self.flat = False
        self.ended_by: str | None = None  # the name of a LogSoftmax, which only comes last

    def shape_of(self, value: int) -> Shape:
        """(channels, height, width) of the images, 0, or of what stage `value` - 1 gives."""
        return self.stages[value - 1].after if value else self.shape

    def add(self, stage: Stage | None, value: int) -> int:
        """Have a stage, if there is one, read a value; the number of what it gives."""
        if stage is None:
            return value
        self.stages.append(replace(stage, source=value))
        return len(self.stages)

    def read(self, name: str, module: Any, value: int) -> int:
        """Read a module that takes a value; the number of what it gives."""
        _require_unhooked(name or "the network", module)
        if type(module) is nn.Sequential:
            # Not `named_children`, which gives a layer that is used twice only once.
            for key, child in module._modules.items():
                value = self.read(f"{name}.{key}" if name else key, child, value)
            return value
        if self.ended_by:
            raise UnsupportedLayer(f"{self.ended_by} is a LogSoftmax, but not the last layer")
        match type(module):
            case residual.BasicBlock if not self.flat:
                return self._basic_block(name, module, value)
            case wide_resnet.WideBlock if not self.flat:
                return self._wide_block(name, module, value)
            case nn.LogSoftmax:
                if module.dim not in (1, -1):
                    _outside(name, module, "LogSoftmax over the classes (dim=1)")
                self.ended_by = name
                return value
            case nn.Flatten:
                if (module.start_dim, module.end_dim) not in ((1, -1), (1, 3)):
                    _outside(name, module, "flattening of all dimensions but the first")
                self.flat = True
                return value
        return self.add(_stage(name, module, self.shape_of(value), self.flat), value)

    def _basic_block(self, name: str, block: BasicBlock, value: int) -> int:
        _require_kinds(name, block, kept=nn.Identity, conv1=nn.Conv2d, norm1=nn.BatchNorm2d)
        shortcut = block.shortcut
        if isinstance(shortcut, Padded):
            _require_kinds(name, block, shortcut=Padded)
            beside = Beside(value, shortcut.stride, shortcut.channels[0])
        else:
            beside = Beside(self._shortcut(f"{name}.shortcut", shortcut, value))
        hidden = self.read(f"{name}.conv1", block.conv1, value)
        hidden = self._relu(self.read(f"{name}.norm1", block.norm1, hidden))
        hidden = self.read(f"{name}.conv2", block.conv2, hidden)
        hidden = self.read(f"{name}.norm2", block.norm2, hidden)
        return self._relu(self._sum(name, hidden, beside))

    def _wide_block(self, name: str, block: WideBlock, value: int) -> int:
        _require_kinds(name, block, kept=nn.Identity, norm1=nn.BatchNorm2d, conv1=nn.Conv2d)
        ready = self._relu(self.read(f"{name}.norm1", block.norm1, value))
        beside = value
        if block.shortcut is not None:
            beside = self._shortcut(f"{name}.shortcut", block.shortcut, ready)
        hidden = self.read(f"{name}.conv1", block.conv1, ready)
        hidden = self._relu(self.read(f"{name}.norm2", block.norm2, hidden))
        hidden = self.read(f"{name}.dropout", block.dropout, hidden)
        hidden = self.read(f"{name}.conv2", block.conv2, hidden)
        return self._sum(name, hidden, Beside(beside))

    def _shortcut(self, name: str, module: nn.Module, value: int) -> int:
        """A shortcut by layers; only of these can the engine add up gradients."""
        for part in module.modules():
            if type(part) not in (nn.Sequential, nn.Identity, nn.Conv2d, nn.BatchNorm2d):
                _outside(name, part, "a shortcut by convolution and batch normalization")
        return self.read(name, module, value)

    def _relu(self, value: int) -> int:
        shape = self.shape_of(value)
        return self.add(Stage("activation", shape, shape, relu=True), value)

    def _sum(self, name: str, value: int, beside: Beside) -> int:
        shape, (channels, height, width) = self.shape_of(value), self.shape_of(beside.value)
        rows, columns = -(-height // beside.step), -(-width // beside.step)
        if (rows, columns) != shape[1:] or channels + beside.channel > shape[0]:
            raise UnsupportedLayer(f"{name} adds {(channels, height, width)} to {shape}")
        return self.add(Stage("activation", shape, shape, beside=beside), value)


def _stage(name: str, layer: Any, before: Shape, flat: bool) -> Stage | None:
    """One layer as a stage; None for a layer without effect."""
    match type(layer):
        case nn.Conv2d if not flat:
            return _convolution(name, layer, before)
        case nn.Linear:
            if not flat:
                _outside(name, layer, "a linear layer only behind nn.Flatten")
            _require_inputs(name, layer.in_features, math.prod(before))
            _require_sizes(name, layer, layer.out_features, layer.in_features)
            return Stage("convolution", before, (layer.out_features, 1, 1), layer=layer)
        case nn.BatchNorm2d if not flat:
            return _normalization(name, layer, before)
        case nn.BatchNorm1d if flat:
            if before[1:] != (1, 1):
                _outside(name, layer, "BatchNorm1d behind a linear layer")
            return _normalization(name, layer, before)
        case nn.ReLU:
            return Stage("activation", before, before, relu=True)
        case nn.MaxPool2d if not flat:
            return _max_pooling(name, layer, before)
        case nn.AvgPool2d if not flat:
            return _average(name, layer, before)
        case nn.AdaptiveAvgPool2d if not flat:
            if layer.output_size not in (1, (1, 1)):
                _outside(name, layer, "an adaptive average over the whole image")
            return Stage("average", before, (before[0], 1, 1), pooling=Pooling(before[1:]))
        case nn.Dropout:
            if layer.p == 1:
                _outside(name, layer, "a probability below 1")
            return Stage("dropout", before, before, dropout=layer.p) if layer.p else None
        case nn.Identity:
            return None
        case other:
            where = " behind nn.Flatten" if flat else ""
            raise UnsupportedLayer(
                f"{name} is a {other.__name__}{where}, which the engine doesn't support"
            )


def _normalization(name: str, layer: Normalization, before: Shape) -> Stage:
    if not (layer.affine and layer.track_running_stats and layer.momentum is not None):
        _outside(name, layer, "batch normalization with its default options")
    _require_inputs(name, layer.num_features, before[0])
    _require_sizes(name, layer, layer.num_features)
    return Stage("activation", before, before, normalization=layer)


def _convolution(name: str, layer: nn.Conv2d, before: Shape) -> Stage:
    if layer.dilation != (1, 1) or layer.groups != 1:
        _outside(name, layer, "a convolution of dilation 1 and one group")
    if layer.padding_mode != "zeros" or isinstance(layer.padding, str):
        _outside(name, layer, "zero padding by a number")
    _require_inputs(name, layer.in_channels, before[0])
    _require_sizes(name, layer, layer.out_channels, layer.in_channels, *layer.kernel_size)
    window = Pooling(*map(_pair, (layer.kernel_size, layer.stride, layer.padding)))
    sides = _sides(f"{name}'s kernel", window, before)
    return Stage("convolution", before, (layer.out_channels, *sides), layer=layer)


def _max_pooling(name: str, layer: nn.MaxPool2d, before: Shape) -> Stage | None:
    pooling = Pooling(*map(_pair, (layer.kernel_size, layer.stride, layer.padding)))
    if _pair(layer.dilation) != (1, 1) or layer.return_indices or layer.ceil_mode:
        _outside(name, layer, "max pooling without dilation, indices and ceil_mode")
    if pooling == Pooling():
        return None
    sides = _sides(f"{name}'s window", pooling, before)
    return Stage("activation", before, (before[0], *sides), pooling=pooling)


def _average(name: str, layer: nn.AvgPool2d, before: Shape) -> Stage:
    pooling = Pooling(*map(_pair, (layer.kernel_size, layer.stride, layer.padding)))
    if pooling.padding != (0, 0) or layer.ceil_mode or layer.divisor_override is not None:
        _outside(name, layer, "average pooling without padding, ceil_mode and divisor_override")
    sides = _sides(f"{name}'s window", pooling, before)
    return Stage("average", before, (before[0], *sides), pooling=pooling)


def _sides(what: str, window: Pooling, before: Shape) -> Pair:
    """Height and width of what a window gives that slides over images."""
    pairs = zip(before[1:], window.window, window.stride, window.padding, strict=True)
    height, width = ((side + 2 * p - w) // s + 1 for side, w, s, p in pairs)
    if min(height, width) < 1:
        raise UnsupportedLayer(f"{what} is larger than its images")
    return height, width


def _pair(value: int | Sequence[int]) -> Pair:
    """Rows and columns: one number, alone or in a sequence, means both."""
    return (value, value) if isinstance(value, int) else (value[0], value[-1])


def _require_kinds(name: str, block: nn.Module, **kinds: type[nn.Module]) -> None:
    """Refuse a block with other layers: the engine adds up the gradients of these alone."""
    for key, kind in kinds.items():
        layer = getattr(block, key)
        _require_unhooked(f"{name}.{key}", layer)
        if type(layer) is not kind:
            _outside(f"{name}.{key}", layer, f"nn.{kind.__name__} there")


def _outside(name: str, layer: nn.Module, supported: str) -> NoReturn:
    raise UnsupportedLayer(f"{name} is {layer}; the engine supports {supported}")


def _require_inputs(name: str, expected: int, got: int) -> None:
    if expected != got:
        raise UnsupportedLayer(f"{name} expects {expected} channels or features, but gets {got}")


def _require_sizes(name: str, layer: nn.Module, *weight: int) -> None:
    """Refuse replaced weights of another size: the engine would read beyond smaller ones."""
    for key, tensor in [*layer.named_parameters(), *layer.named_buffers()]:
        expected = {"weight": weight, "num_batches_tracked": ()}.get(key, weight[:1])
        if tensor.shape != expected:
            got = tuple(tensor.shape)
            raise UnsupportedLayer(f"{name}.{key} has the shape {got} instead of {expected}")


def _require_unhooked(name: str, part: nn.Module | nn.Parameter) -> None:
    if any(getattr(part, hooks, None) for hooks in _HOOKS):
        raise UnsupportedLayer(f"{name} has hooks, which the engine wouldn't call")
    if "forward" in vars(part):
        raise UnsupportedLayer(f"{name} replaces forward, which the engine wouldn't call")


def _require_plain_parameters(module: nn.Module) -> None:
    named = list(module.named_parameters(remove_duplicate=False))
    if len({id(parameter) for _, parameter in named}) < len(named):
        raise UnsupportedLayer("layers share their weights")
    for name, tensor in [*named, *module.named_buffers()]:
        if tensor.is_floating_point() and (
            tensor.dtype != torch.float32 or tensor.device.type != "cpu"
        ):
            raise UnsupportedLayer(f"{name} isn't float32 on the processor")
        if not tensor.is_contiguous():
            raise UnsupportedLayer(f"{name} isn't contiguous in memory")
    for name, parameter in named:
        _require_unhooked(name, parameter)
        if not parameter.requires_grad:
            raise UnsupportedLayer(f"{name} is frozen; the engine trains every weight")
