"""The stages that the engine runs, which layers share one, and whether the engine pays."""

import math
from dataclasses import dataclass, replace
from typing import Literal

from torch import nn

Shape = tuple[int, int, int]
Pair = tuple[int, int]
Kind = Literal["convolution", "pooled convolution", "activation", "dropout"]
Layer = nn.Conv2d | nn.Linear
Normalization = nn.BatchNorm1d | nn.BatchNorm2d

#: Weights of linear layers. The engine reads all of them for every 16 images, which is slow if
#: they don't stay in the processor's cache.
MOST_WEIGHTS = 100_000


@dataclass(frozen=True)
class Pooling:
    """Window, stride and padding of max pooling, as (rows, columns)."""

    window: Pair = (1, 1)
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)


@dataclass(frozen=True)
class Stage:
    """One step of the engine; src/paribus/engine/native has the code.

    Attributes:
        before, after: (channels, height, width) of its input and output.
        layer: the layer whose weights it uses; a linear layer is a convolution whose kernel is
            the whole image.
        normalization: an activation's batch normalization.
        cancelled: batch normalization follows the layer and cancels its bias.
        dropout: the dropout probability.
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
    """A network's stages in order; with `log_softmax` it gives log probabilities."""

    stages: tuple[Stage, ...]
    log_softmax: bool

    @property
    def classes(self) -> int:
        """The number of outputs per image."""
        return self.stages[-1].after[0]


def torch_is_faster(program: Program) -> str | None:
    """Why torch is likely to train the network faster, as a clause; None if it isn't.

    It is where most of the work is in large linear layers (docs/benchmarks.md).
    """
    weights = work = 0
    for stage in program.stages:
        if stage.layer is None:
            continue
        size = stage.layer.weight.numel()
        weights += size if isinstance(stage.layer, nn.Linear) else 0
        work += size * math.prod(stage.after[1:]) * math.prod(stage.pooling.window)
    if weights <= MOST_WEIGHTS or 2 * weights < work:
        return None
    return f"most of its work is in linear layers with {weights:,} weights, where torch is as fast"


def fused(stages: list[Stage]) -> list[Stage]:
    """The stages with batch normalization, ReLU and pooling merged, into a layer if possible."""
    result: list[Stage] = []
    for stage in stages:
        last = result[-1] if result else None
        if last and stage.kind == last.kind == "activation" and _joins(last, stage):
            result[-1] = _joined(last, stage)
        else:
            result.append(stage)
    return _with_layers(result)


def _joins(first: Stage, second: Stage) -> bool:
    """Whether `second` only adds operations that come after those of `first`."""
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
    """Cancels biases before batch normalization; merges convolution, ReLU and pooling."""
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
    """ReLU and pooling in adjacent squares, which have a faster backward pass."""
    squares = (Pooling((2, 2), (2, 2)), Pooling((3, 3), (3, 3)))
    return activation.normalization is None and activation.relu and activation.pooling in squares
