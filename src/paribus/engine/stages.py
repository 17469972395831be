"""The stages that the engine runs: what each does, and which layers become one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from torch import nn

Shape = tuple[int, int, int]
Pair = tuple[int, int]
Kind = Literal["convolution", "pooled convolution", "activation", "dropout"]
Layer = nn.Conv2d | nn.Linear
Normalization = nn.BatchNorm1d | nn.BatchNorm2d


@dataclass(frozen=True)
class Pooling:
    """A window of max pooling, its steps and the margin around the image; (rows, columns)."""

    window: Pair = (1, 1)
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)


@dataclass(frozen=True)
class Stage:
    """What the engine runs as one piece; src/paribus/engine/native says how.

    Attributes:
        before, after: (channels, height, width) of what it takes and gives.
        layer: the layer whose weights it has; a linear one is a convolution whose kernel is the
            whole image.
        normalization: an activation's batch normalization.
        cancelled: the layer is followed by batch normalization, which takes its bias away.
        dropout: the probability of a dropout.
    """

    kind: Kind
    before: Shape
    after: Shape
    layer: Layer | None = None
    normalization: Normalization | None = None
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


def fused(stages: list[Stage]) -> list[Stage]:
    """The same with [batch normalization] + [ReLU] + [pooling] in one, and what fits a layer."""
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
    done = (first.normalization is not None, first.relu, first.pooling != Pooling())
    adds = (second.normalization is not None, second.relu, second.pooling != Pooling())
    return max(i for i in range(3) if done[i]) < min(i for i in range(3) if adds[i])


def _joined(first: Stage, second: Stage) -> Stage:
    return replace(
        first,
        after=second.after,
        relu=first.relu or second.relu,
        pooling=second.pooling if second.pooling != Pooling() else first.pooling,
    )


def _with_layers(stages: list[Stage]) -> list[Stage]:
    """A layer before batch normalization loses its bias; convolution, ReLU and pooling join."""
    result: list[Stage] = []
    for stage in stages:
        layer = result[-1] if result and result[-1].kind == "convolution" else None
        if layer and stage.kind == "activation" and _is_plain(stage):
            result[-1] = replace(
                layer, kind="pooled convolution", after=stage.after, pooling=stage.pooling
            )
        else:
            if layer and stage.normalization:
                result[-1] = replace(layer, cancelled=True)
            result.append(stage)
    return result


def _is_plain(activation: Stage) -> bool:
    """ReLU and pooling in squares side by side, which have a faster way back."""
    its = activation.pooling
    return (
        activation.normalization is None
        and activation.relu
        and its in (Pooling((2, 2), (2, 2)), Pooling((3, 3), (3, 3)))
    )
