"""Translates a module into the stages that the engine runs, or says why it can't."""

import math
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

import torch
from torch import nn

from paribus.engine.stages import Normalization, Pair, Pooling, Program, Shape, Stage, fused

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
    layers = list(_layers(module))
    log_softmax = bool(layers) and type(layers[-1][1]) is nn.LogSoftmax
    if log_softmax:
        name, last = layers.pop()
        if last.dim not in (1, -1):
            _outside(name, last, "LogSoftmax over the classes (dim=1)")
    _require_plain_parameters(module)
    stages = fused(_stages(layers, shape))
    if not any(stage.layer for stage in stages):
        raise UnsupportedLayer("it has no layer with weights")
    if stages[-1].after[1:] != (1, 1):
        raise UnsupportedLayer("it doesn't end in a flat vector of classes")
    return Program(tuple(stages), log_softmax)


def _layers(module: nn.Module, name: str = "") -> Iterator[tuple[str, Any]]:
    """The layers of an nn.Sequential in order, inner ones included, each with its name."""
    if type(module) is not nn.Sequential:
        kind = f"{name or 'the network'} is a {type(module).__name__}"
        raise UnsupportedLayer(f"{kind}; the engine supports an nn.Sequential of layers")
    _require_unhooked(name or "the network", module)
    # Not `named_children`, which gives a layer that is used twice only once.
    for key, child in module._modules.items():
        path = f"{name}.{key}" if name else key
        if type(child) is nn.Sequential:
            yield from _layers(child, path)
        else:
            _require_unhooked(path, child)
            yield path, child


def _stages(layers: list[tuple[str, Any]], shape: Shape) -> list[Stage]:
    """A stage for each layer that computes something.

    nn.Flatten needs none: a linear layer takes the image as it is, and the other layers allowed
    behind it don't depend on the order of values.
    """
    stages: list[Stage] = []
    flat = False
    for name, layer in layers:
        if type(layer) is nn.Flatten:
            if (layer.start_dim, layer.end_dim) not in ((1, -1), (1, 3)):
                _outside(name, layer, "flattening of all dimensions but the first")
            flat = True
        else:
            stage = _stage(name, layer, stages[-1].after if stages else shape, flat)
            stages += [stage] if stage else []
    return stages


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
            return _pooling(name, layer, before)
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
    if layer.stride != (1, 1) or layer.dilation != (1, 1) or layer.groups != 1:
        _outside(name, layer, "a convolution of stride 1, dilation 1 and one group")
    if layer.padding_mode != "zeros" or isinstance(layer.padding, str):
        _outside(name, layer, "zero padding by a number")
    _require_inputs(name, layer.in_channels, before[0])
    _require_sizes(name, layer, layer.out_channels, layer.in_channels, *layer.kernel_size)
    pairs = zip(before[1:], layer.kernel_size, layer.padding, strict=True)
    height, width = (side + 2 * padding - kernel + 1 for side, kernel, padding in pairs)
    if min(height, width) < 1:
        raise UnsupportedLayer(f"{name}'s kernel is larger than its images")
    return Stage("convolution", before, (layer.out_channels, height, width), layer=layer)


def _pooling(name: str, layer: nn.MaxPool2d, before: Shape) -> Stage | None:
    pooling = Pooling(*map(_pair, (layer.kernel_size, layer.stride, layer.padding)))
    if _pair(layer.dilation) != (1, 1) or layer.return_indices or layer.ceil_mode:
        _outside(name, layer, "max pooling without dilation, indices and ceil_mode")
    if pooling == Pooling():
        return None
    pairs = zip(before[1:], pooling.window, pooling.stride, pooling.padding, strict=True)
    height, width = ((side + 2 * p - w) // s + 1 for side, w, s, p in pairs)
    if min(height, width) < 1:
        raise UnsupportedLayer(f"{name}'s window is larger than its images")
    return Stage("activation", before, (before[0], height, width), pooling=pooling)


def _pair(value: int | Sequence[int]) -> Pair:
    """Rows and columns: one number, alone or in a sequence, means both."""
    return (value, value) if isinstance(value, int) else (value[0], value[-1])


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
