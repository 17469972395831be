"""A module becomes the stages that the engine runs, or is found to lie outside of what it knows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

import torch
from torch import nn

from paribus.engine.stages import Normalization, Pair, Pooling, Program, Shape, Stage, fused

#: Hooks of a module or parameter, by torch's names: the engine would pass over them.
_HOOKS = (
    "_forward_hooks",
    "_forward_pre_hooks",
    "_backward_hooks",
    "_backward_pre_hooks",
    "_post_accumulate_grad_hooks",
)


class UnsupportedLayer(ValueError):  # noqa: N818  # it is a finding, not a fault
    """A network that the engine doesn't know; the message says what of it, as a clause."""


def translate(module: nn.Module, shape: Shape) -> Program:
    """The stages that train `module` on images of `shape` (channels, height, width).

    Raises:
        UnsupportedLayer: if there is anything in it that the engine doesn't know.
    """
    layers = list(_layers(module))
    log_softmax = bool(layers) and type(layers[-1][1]) is nn.LogSoftmax
    if log_softmax:
        name, last = layers.pop()
        if last.dim not in (1, -1):
            _outside(name, last, "over the classes only (dim=1)")
    _require_plain_parameters(module)
    stages = fused(_stages(layers, shape))
    if not any(stage.layer for stage in stages):
        raise UnsupportedLayer("it has no layer with weights")
    if stages[-1].after[1:] != (1, 1):
        raise UnsupportedLayer("it doesn't end in a flat vector of classes")
    return Program(tuple(stages), log_softmax)


# ---- reading a module -----------------------------------------------------------------------


def _layers(module: nn.Module, name: str = "") -> Iterator[tuple[str, Any]]:
    """The layers of an nn.Sequential in order, each with its name, those of inner ones too."""
    if type(module) is not nn.Sequential:
        said = f"{name or 'the network'} is a {type(module).__name__}"
        raise UnsupportedLayer(f"{said}; the engine knows an nn.Sequential of layers")
    _require_unhooked(name or "the network", module)
    # Not `named_children`, which names a layer that stands twice only once.
    for key, child in module._modules.items():
        its = f"{name}.{key}" if name else key
        if type(child) is nn.Sequential:
            yield from _layers(child, its)
        else:
            _require_unhooked(its, child)
            yield its, child


def _stages(layers: list[tuple[str, Any]], shape: Shape) -> list[Stage]:
    """A stage for each layer that does anything.

    Flattening does nothing: the linear layer behind it takes an image as it is, and everything
    else that may stand there asks for no order.
    """
    stages: list[Stage] = []
    flat = False
    for name, layer in layers:
        if type(layer) is nn.Flatten:
            if (layer.start_dim, layer.end_dim) not in ((1, -1), (1, 3)):
                _outside(name, layer, "flattening of everything but the images")
            flat = True
        else:
            stage = _stage(name, layer, stages[-1].after if stages else shape, flat)
            stages += [stage] if stage else []
    return stages


def _stage(name: str, layer: Any, before: Shape, flat: bool) -> Stage | None:
    """One layer as a stage of its own; None for one that does nothing."""
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
                f"{name} is a {other.__name__}{where}, which the engine doesn't know"
            )


def _normalization(name: str, layer: Normalization, before: Shape) -> Stage:
    if not (layer.affine and layer.track_running_stats and layer.momentum is not None):
        _outside(name, layer, "batch normalization as it is by default")
    _require_inputs(name, layer.num_features, before[0])
    _require_sizes(name, layer, layer.num_features)
    return Stage("activation", before, before, normalization=layer)


def _convolution(name: str, layer: nn.Conv2d, before: Shape) -> Stage:
    if layer.stride != (1, 1) or layer.dilation != (1, 1) or layer.groups != 1:
        _outside(name, layer, "a convolution of stride 1, dilation 1 and one group")
    if layer.padding_mode != "zeros" or isinstance(layer.padding, str):
        _outside(name, layer, "padding by a number of zeros")
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
    """As torch reads it: a number for both, in a list or tuple or alone, or one for each."""
    return (value, value) if isinstance(value, int) else (value[0], value[-1])


# ---- refusing -------------------------------------------------------------------------------


def _outside(name: str, layer: nn.Module, known: str) -> NoReturn:
    raise UnsupportedLayer(f"{name} is {layer}; the engine knows {known}")


def _require_inputs(name: str, expected: int, came: int) -> None:
    if expected != came:
        raise UnsupportedLayer(f"{name} takes {expected} channels or features; {came} come")


def _require_sizes(name: str, layer: nn.Module, *weight: int) -> None:
    """Refuse weights that were changed for others: the engine would read beyond smaller ones."""
    for its, tensor in [*layer.named_parameters(), *layer.named_buffers()]:
        expected = {"weight": weight, "num_batches_tracked": ()}.get(its, weight[:1])
        if tensor.shape != expected:
            came = tuple(tensor.shape)
            raise UnsupportedLayer(f"{name}.{its} has the shape {came} instead of {expected}")


def _require_unhooked(name: str, its: nn.Module | nn.Parameter) -> None:
    if any(getattr(its, hooks, None) for hooks in _HOOKS):
        raise UnsupportedLayer(f"{name} has hooks, which the engine wouldn't call")
    if "forward" in vars(its):
        raise UnsupportedLayer(f"{name} has a forward of its own, which the engine wouldn't call")


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
