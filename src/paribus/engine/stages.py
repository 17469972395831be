"""The stages that the engine runs, which layers share one, and whether the engine pays."""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from torch import nn

Shape = tuple[int, int, int]
Pair = tuple[int, int]
Kind = Literal["convolution", "pooled convolution", "activation", "average", "dropout"]
Layer = nn.Conv2d | nn.Linear
Normalization = nn.BatchNorm1d | nn.BatchNorm2d

#: Weights of all layers. The engine sums up the gradient of each in several lanes, and reads them
#: for every 16 images: with so many, torch is as fast, and takes less memory.
MOST_OF_ALL = 5_000_000

#: What an activation does, in this order.
NORMALIZATION, SUM, RELU, POOLING = range(4)

#: Weights of linear layers. The engine reads all of them for every 16 images, which is slow if
#: they don't stay in the processor's cache.
MOST_WEIGHTS = 100_000


@dataclass(frozen=True)
class Pooling:
    """Window, stride and padding of a pooling, as (rows, columns)."""

    window: Pair = (1, 1)
    stride: Pair = (1, 1)
    padding: Pair = (0, 0)


@dataclass(frozen=True)
class Beside:
    """What a residual sum adds: every `step`-th row and column of a value.

    Attributes:
        value: its number, as `Stage.source`.
        channel: the one that its first channel is added to.
    """

    value: int
    step: int = 1
    channel: int = 0


@dataclass(frozen=True)
class Stage:
    """One step of the engine; src/paribus/engine/native has the code.

    Attributes:
        before, after: (channels, height, width) of its input and output.
        source: the value that it reads: 0 are the images, n + 1 is what stage n gives.
        layer: the layer whose weights it uses; a linear layer is a convolution whose kernel is
            the whole image.
        normalization: an activation's batch normalization.
        beside: what an activation adds before its ReLU.
        cancelled: batch normalization follows the layer and cancels its bias.
        dropout: the dropout probability.
    """

    kind: Kind
    before: Shape
    after: Shape
    source: int = 0
    layer: Layer | None = None
    normalization: Normalization | None = None
    beside: Beside | None = None
    relu: bool = False
    pooling: Pooling = Pooling()
    cancelled: bool = False
    dropout: float = 0.0

    @property
    def reads(self) -> list[int]:
        """The values that it uses."""
        return [self.source, *([self.beside.value] if self.beside else [])]

    @property
    def steps(self) -> list[int]:
        """What an activation does, as numbers in this order."""
        does = {
            NORMALIZATION: self.normalization is not None,
            SUM: self.beside is not None,
            RELU: self.relu,
            POOLING: self.kind == "activation" and self.pooling != Pooling(),
        }
        return [step for step, done in does.items() if done]

    def reading(self, place: Sequence[int]) -> "Stage":
        """The same of values that have other numbers: `place` of each."""
        beside = self.beside and replace(self.beside, value=place[self.beside.value])
        return replace(self, source=place[self.source], beside=beside)


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

    It is where there are very many weights, or most of the work is in large linear layers
    (docs/benchmarks.md).
    """
    linear = every = work = 0
    for stage in program.stages:
        if stage.layer is None:
            continue
        size = stage.layer.weight.numel()
        every += size
        linear += size if isinstance(stage.layer, nn.Linear) else 0
        work += size * math.prod(stage.after[1:]) * math.prod(stage.pooling.window)
    if every > MOST_OF_ALL:
        return f"it has {every:,} weights, with which torch is as fast"
    if linear <= MOST_WEIGHTS or 2 * linear < work:
        return None
    return f"most of its work is in linear layers with {linear:,} weights, where torch is as fast"


def fused(stages: Sequence[Stage]) -> list[Stage]:
    """The stages with normalization, sum, ReLU and pooling merged, into a layer if possible."""
    return _with_layers(_merged(stages, _joined))


#: What two stages in a row become, if they are merged.
Merge = Callable[[Stage, Stage], Stage | None]


def _merged(stages: Sequence[Stage], merge: Merge) -> list[Stage]:
    """The stages with pairs merged whose first gives its value to the second alone."""
    uses = Counter(value for stage in stages for value in stage.reads)
    result: list[Stage] = []
    place = [0]  # of each value, among those of the result
    for stage in stages:
        moved = stage.reading(place)
        alone = uses[stage.source] == 1 and moved.source == len(result) > 0
        if alone and (both := merge(result[-1], moved)):
            result[-1] = both
        else:
            result.append(moved)
        place.append(len(result))
    return result


def _joined(first: Stage, second: Stage) -> Stage | None:
    """Both as one activation, if `second` only does what comes after what `first` does."""
    if not first.kind == second.kind == "activation":
        return None
    if max(first.steps) >= min(second.steps) or (first.beside and second.pooling != Pooling()):
        return None
    return replace(
        first,
        after=second.after,
        beside=first.beside or second.beside,
        relu=first.relu or second.relu,
        pooling=second.pooling,
    )


def _with_layers(stages: Sequence[Stage]) -> list[Stage]:
    """Cancels biases before batch normalization; merges convolution, ReLU and pooling."""
    uses = Counter(value for stage in stages for value in stage.reads)
    cancelled = {s.source for s in stages if s.normalization and uses[s.source] == 1}
    marked = [
        replace(stage, cancelled=stage.layer is not None and number in cancelled)
        for number, stage in enumerate(stages, 1)
    ]
    return _merged(marked, _pooled)


def _pooled(layer: Stage, activation: Stage) -> Stage | None:
    """A convolution with the ReLU and pooling behind it, which have a faster backward pass."""
    if layer.kind != "convolution" or not _is_plain(activation):
        return None
    if isinstance(layer.layer, nn.Conv2d) and layer.layer.stride != (1, 1):
        return None
    return replace(
        layer, kind="pooled convolution", after=activation.after, pooling=activation.pooling
    )


def _is_plain(stage: Stage) -> bool:
    """Whether it is ReLU and pooling in adjacent squares, and nothing else."""
    squares = (Pooling((2, 2), (2, 2)), Pooling((3, 3), (3, 3)))
    return stage.steps == [RELU, POOLING] and stage.pooling in squares
