"""A module becomes the stages that the engine runs, or is found to lie outside of what it knows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NoReturn

import torch
from torch import nn

Shape = tuple[int, int, int]
Pair = tuple[int, int]
Kind = Literal["convolution", "pooled convolution", "activation", "dropout"]
Layer = nn.Conv2d | nn.Linear
Normalisation = nn.BatchNorm1d | nn.BatchNorm2d

#: Hooks of a module or parameter, by torch's names: the engine would pass over them.
_HOOKS = (
    "_forward_hooks",
    "_forward_pre_hooks",
    "_backward_hooks",
    "_backward_pre_hooks",
    "_post_accumulate_grad_hooks",
)


class OutsideVocabulary(ValueError):  # noqa: N818  # it is a finding, not a fault
    """A network that the engine doesn't know; the message says what of it, as a clause."""


@dataclass(frozen=True)
class Pooling:
    """A window of max pooling, its steps and the margin around the picture; (rows, columns)."""

    window: Pair = (1, 1)
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)


@dataclass(frozen=True)
class Stage:
    """What the engine runs as one piece; src/paribus/engine/native says how.

    Attributes:
        before, after: (channels, height, width) of what it takes and gives.
        layer: the layer whose weights it has; a linear one is a convolution whose kernel is the
            whole picture.
        normalisation: an activation's batch normalisation.
        cancelled: the layer is followed by batch normalisation, which takes its bias away.
        dropout: the probability of a dropout.
    """

    kind: Kind
    before: Shape
    after: Shape
    layer: Layer | None = None
    normalisation: Normalisation | None = None
    relu: bool = False
    pooling: Pooling = Pooling()
    cancelled: bool = False
    dropout: float = 0.0


@dataclass(frozen=True)
class Program:
    """A network's stages in order; `log_softmax`: its answers are log probabilities."""

    stages: tuple[Stage, ...]
    log_softmax: bool

    @property
    def classes(self) -> int:
        """The numbers that it gives of each image."""
        return self.stages[-1].after[0]


def translate(module: nn.Module, shape: Shape) -> Program:
    """The stages that train `module` on pictures of `shape` (channels, height, width).

    Raises:
        OutsideVocabulary: if there is anything in it that the engine doesn't know.
    """
    layers = list(_layers(module))
    log_softmax = bool(layers) and type(layers[-1][1]) is nn.LogSoftmax
    if log_softmax:
        name, last = layers.pop()
        if last.dim not in (1, -1):
            _outside(name, last, "over the classes only (dim=1)")
    _demand_plain_parameters(module)
    fused = _fused(_stages(layers, shape))
    if not any(stage.layer for stage in fused):
        raise OutsideVocabulary("it has no layer with weights")
    if fused[-1].after[1:] != (1, 1):
        raise OutsideVocabulary("it doesn't end in a flat vector of classes")
    return Program(tuple(fused), log_softmax)


# ---- reading a module -----------------------------------------------------------------------


def _layers(module: nn.Module, name: str = "") -> Iterator[tuple[str, Any]]:
    """The layers of an nn.Sequential in order, each with its name, those of inner ones too."""
    if type(module) is not nn.Sequential:
        said = f"{name or 'the network'} is a {type(module).__name__}"
        raise OutsideVocabulary(f"{said}; the engine knows an nn.Sequential of layers")
    _demand_unhooked(name or "the network", module)
    # Not `named_children`, which names a layer that stands twice only once.
    for key, child in module._modules.items():
        its = f"{name}.{key}" if name else key
        if type(child) is nn.Sequential:
            yield from _layers(child, its)
        else:
            _demand_unhooked(its, child)
            yield its, child


def _stages(layers: list[tuple[str, Any]], shape: Shape) -> list[Stage]:
    """A stage for each layer that does anything.

    Flattening does nothing: the linear layer behind it takes a picture as it is, and everything
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
            _demand_inputs(name, layer.in_features, math.prod(before))
            _demand_sizes(name, layer, layer.out_features, layer.in_features)
            return Stage("convolution", before, (layer.out_features, 1, 1), layer=layer)
        case nn.BatchNorm2d if not flat:
            return _normalisation(name, layer, before)
        case nn.BatchNorm1d if flat:
            if before[1:] != (1, 1):
                _outside(name, layer, "BatchNorm1d behind a linear layer")
            return _normalisation(name, layer, before)
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
            raise OutsideVocabulary(
                f"{name} is a {other.__name__}{where}, which the engine doesn't know"
            )


def _normalisation(name: str, layer: Normalisation, before: Shape) -> Stage:
    if not (layer.affine and layer.track_running_stats and layer.momentum is not None):
        _outside(name, layer, "batch normalisation as it is by default")
    _demand_inputs(name, layer.num_features, before[0])
    _demand_sizes(name, layer, layer.num_features)
    return Stage("activation", before, before, normalisation=layer)


def _convolution(name: str, layer: nn.Conv2d, before: Shape) -> Stage:
    if layer.stride != (1, 1) or layer.dilation != (1, 1) or layer.groups != 1:
        _outside(name, layer, "a convolution of stride 1, dilation 1 and one group")
    if layer.padding_mode != "zeros" or isinstance(layer.padding, str):
        _outside(name, layer, "padding by a number of zeros")
    _demand_inputs(name, layer.in_channels, before[0])
    _demand_sizes(name, layer, layer.out_channels, layer.in_channels, *layer.kernel_size)
    pairs = zip(before[1:], layer.kernel_size, layer.padding, strict=True)
    height, width = (side + 2 * padding - kernel + 1 for side, kernel, padding in pairs)
    if min(height, width) < 1:
        raise OutsideVocabulary(f"{name}'s kernel is larger than its pictures")
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
        raise OutsideVocabulary(f"{name}'s window is larger than its pictures")
    return Stage("activation", before, (before[0], height, width), pooling=pooling)


def _pair(value: int | Sequence[int]) -> Pair:
    """As torch reads it: a number for both, in a list or tuple or alone, or one for each."""
    return (value, value) if isinstance(value, int) else (value[0], value[-1])


# ---- fusing ---------------------------------------------------------------------------------


def _fused(stages: list[Stage]) -> list[Stage]:
    """The same with [batch normalisation] + [ReLU] + [pooling] in one, and what fits a layer."""
    result: list[Stage] = []
    for stage in stages:
        last = result[-1] if result else None
        if last and stage.kind == last.kind == "activation" and _joins(last, stage):
            result[-1] = _joined(last, stage)
        else:
            result.append(stage)
    return _with_layers(result)


def _joins(first: Stage, second: Stage) -> bool:
    """Whether `second` comes after all that `first` does, in the order of an activation."""
    done = (first.normalisation is not None, first.relu, first.pooling != Pooling())
    adds = (second.normalisation is not None, second.relu, second.pooling != Pooling())
    return max(i for i in range(3) if done[i]) < min(i for i in range(3) if adds[i])


def _joined(first: Stage, second: Stage) -> Stage:
    return replace(
        first,
        after=second.after,
        relu=first.relu or second.relu,
        pooling=second.pooling if second.pooling != Pooling() else first.pooling,
    )


def _with_layers(stages: list[Stage]) -> list[Stage]:
    """A layer before batch normalisation loses its bias; convolution, ReLU and pooling join."""
    result: list[Stage] = []
    for stage in stages:
        layer = result[-1] if result and result[-1].kind == "convolution" else None
        if layer and stage.kind == "activation" and _is_plain(stage):
            result[-1] = replace(
                layer, kind="pooled convolution", after=stage.after, pooling=stage.pooling
            )
        else:
            if layer and stage.normalisation:
                result[-1] = replace(layer, cancelled=True)
            result.append(stage)
    return result


def _is_plain(activation: Stage) -> bool:
    """ReLU and pooling in squares side by side, which have a faster way back."""
    its = activation.pooling
    return (
        activation.normalisation is None
        and activation.relu
        and its in (Pooling((2, 2), (2, 2)), Pooling((3, 3), (3, 3)))
    )


# ---- refusing -------------------------------------------------------------------------------


def _outside(name: str, layer: nn.Module, known: str) -> NoReturn:
    raise OutsideVocabulary(f"{name} is {layer}; the engine knows {known}")


def _demand_inputs(name: str, expected: int, came: int) -> None:
    if expected != came:
        raise OutsideVocabulary(f"{name} takes {expected} channels or features; {came} come")


def _demand_sizes(name: str, layer: nn.Module, *weight: int) -> None:
    """Refuse weights that were changed for others: the engine would read beyond smaller ones."""
    for its, tensor in [*layer.named_parameters(), *layer.named_buffers()]:
        expected = {"weight": weight, "num_batches_tracked": ()}.get(its, weight[:1])
        if tensor.shape != expected:
            came = tuple(tensor.shape)
            raise OutsideVocabulary(f"{name}.{its} has the shape {came} instead of {expected}")


def _demand_unhooked(name: str, its: nn.Module | nn.Parameter) -> None:
    if any(getattr(its, hooks, None) for hooks in _HOOKS):
        raise OutsideVocabulary(f"{name} has hooks, which the engine wouldn't call")
    if "forward" in vars(its):
        raise OutsideVocabulary(f"{name} has a forward of its own, which the engine wouldn't call")


def _demand_plain_parameters(module: nn.Module) -> None:
    named = list(module.named_parameters(remove_duplicate=False))
    if len({id(parameter) for _, parameter in named}) < len(named):
        raise OutsideVocabulary("layers share their weights")
    for name, tensor in [*named, *module.named_buffers()]:
        if tensor.is_floating_point() and (
            tensor.dtype != torch.float32 or tensor.device.type != "cpu"
        ):
            raise OutsideVocabulary(f"{name} isn't float32 on the processor")
        if not tensor.is_contiguous():
            raise OutsideVocabulary(f"{name} isn't contiguous in memory")
    for name, parameter in named:
        _demand_unhooked(name, parameter)
        if not parameter.requires_grad:
            raise OutsideVocabulary(f"{name} is frozen; the engine trains every weight")
