"""Networks of the engine's vocabulary, of every shape, and what torch says of them in double."""

from __future__ import annotations

import copy
import itertools
import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, pad
from torch.overrides import TorchFunctionMode

from effort import EFFORT
from paribus.network.residual import BasicBlock, Padded, projected
from paribus.network.wide_resnet import WideBlock

Shape = tuple[int, int, int]

#: Kernel, stride and padding of the max pools that are tried; the first two most of all, for
#: which the engine has a way of its own.
POOLS = [(2, 2, 0), (3, 3, 0)] * 3 + [(2, 2, 1), (3, 2, 0), (3, 2, 1), (2, 1, 0)]

#: So many values at most of one layer and batch: with more, some ReLU is sure to be so near its
#: kink that single precision can't tell on which side.
VALUES = 60_000

#: The bias of a unit that no image wakes.
DEAD = -100.0


def examples(number: int) -> settings:
    """Settings of a hypothesis test: `number` examples in `make fuzz`, and half in `make test`.

    In `make sanitize`, where each takes long, a quarter.
    """
    share = 4 if "SANITIZED" in os.environ else 1 if EFFORT else 2
    return settings(
        max_examples=number // share,
        deadline=None,  # the machine may be busy
        derandomize=True,
        phases=[Phase.explicit, Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )


@dataclass(frozen=True)
class Case:
    """A network, the shape of its images and a batch of them."""

    module: nn.Sequential
    shape: Shape
    images: Tensor
    labels: Tensor
    seed: int

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """How hypothesis shows a case that failed."""
        printer.text(f"{len(self.images)} images of {self.shape}, seed {self.seed}, for ")
        printer.text(repr(self.module))


@dataclass(frozen=True)
class Answer:
    """What a network in double precision says of a batch in training.

    Attributes:
        gradients: of the mean cross entropy, by the parameter's name.
        buffers: after the step, by name.
        margin: the least distance of any ReLU or max pool from choosing otherwise.
        variance: the least that any batch norm divided by; infinite without one.
    """

    loss: float
    gradients: dict[str, Tensor]
    buffers: dict[str, Tensor]
    margin: float
    variance: float


@st.composite
def networks(
    draw: st.DrawFn, *, batch_norm: bool | None = None, dropout: bool = True
) -> tuple[nn.Sequential, Shape]:
    """Up to two stages before and two hidden layers behind a flatten, and the images' shape."""
    shape = channels, height, width = (
        draw(st.integers(1, 9)),
        draw(st.integers(1, 13)),
        draw(st.integers(1, 13)),
    )
    torch.manual_seed(draw(st.integers(0, 2**16)))
    normal = st.booleans() if batch_norm is None else st.just(batch_norm)
    layers: list[nn.Module] = []
    for _ in range(draw(st.integers(0, 2))):
        if batch_norm is not False and draw(st.integers(0, 2)) == 0:
            layers.append(draw(_block(channels)))
        else:
            layers += draw(_stage(channels, height, width, normal))
        if dropout and draw(st.integers(0, 4)) == 0:
            layers.append(nn.Dropout(0.2))
        channels, height, width = _shape_after(layers, shape)
    layers.append(nn.Flatten())
    inputs = channels * height * width
    for _ in range(draw(st.integers(0, 2))):
        outputs = draw(st.integers(1, 40))
        layers.append(nn.Linear(inputs, outputs, bias=draw(st.booleans())))
        if draw(normal):
            layers.append(nn.BatchNorm1d(outputs))
        if draw(st.booleans()):
            layers.append(nn.ReLU())
        if dropout and draw(st.booleans()):
            layers.append(nn.Dropout(draw(st.sampled_from([0.1, 0.5]))))
        inputs = outputs
    layers.append(nn.Linear(inputs, draw(st.integers(2, 12))))
    if draw(st.booleans()):
        layers.append(nn.LogSoftmax(dim=1))
    module = nn.Sequential(*layers)
    _stir(module, draw(st.sampled_from([0.0, 0.3, 1.0])))
    return module, shape


@st.composite
def _stage(
    draw: st.DrawFn, channels: int, height: int, width: int, normal: st.SearchStrategy[bool]
) -> list[nn.Module]:
    """A convolution and what may follow it, now and then in another order or without it."""
    stage: list[nn.Module] = []
    if draw(st.integers(0, 7)) > 0:
        padding = (draw(st.integers(0, 3)), draw(st.integers(0, 3)))
        kernel = (
            draw(st.integers(1, min(5, height + 2 * padding[0]))),
            draw(st.integers(1, min(5, width + 2 * padding[1]))),
        )
        stride = draw(st.sampled_from([(1, 1)] * 3 + [(2, 2), (3, 1), (1, 2)]))
        inputs, channels = channels, draw(st.integers(1, 9))
        bias = draw(st.booleans())
        stage = [nn.Conv2d(inputs, channels, kernel, stride, padding, bias=bias)]
        height = (height + 2 * padding[0] - kernel[0]) // stride[0] + 1
        width = (width + 2 * padding[1] - kernel[1]) // stride[1] + 1
    followers: list[nn.Module] = []
    if draw(normal):
        followers.append(nn.BatchNorm2d(channels))
    if draw(st.integers(0, 3)) > 0:
        followers.append(nn.ReLU())
    fitting = [(k, s, p) for k, s, p in POOLS if min(height, width) + 2 * p >= k]
    if draw(st.integers(0, 2)) > 0 and fitting:
        window, step, margin = draw(st.sampled_from(fitting))
        followers.append(nn.MaxPool2d(window, step, margin))
    elif draw(st.integers(0, 4)) == 0:
        whole = draw(st.booleans()) or min(height, width) < 3
        followers.append(nn.AdaptiveAvgPool2d(1) if whole else nn.AvgPool2d((2, 3), (1, 2)))
    if draw(st.integers(0, 5)) == 0:
        followers = draw(st.permutations(followers))
    return stage + followers


@st.composite
def _block(draw: st.DrawFn, channels: int) -> nn.Module:
    """A residual block, with each kind of shortcut."""
    outputs = draw(st.sampled_from([channels, channels, channels + 1, channels + 4]))
    stride = draw(st.integers(1, 2))
    if draw(st.booleans()):
        # With as many channels, its shortcut is what came in.
        stride = 1 if outputs == channels else stride
        return WideBlock(channels, outputs, stride, draw(st.sampled_from([0.0, 0.2])))
    return BasicBlock(channels, outputs, stride, draw(st.sampled_from([Padded, projected])))


def _shape_after(layers: list[nn.Module], shape: Shape) -> Shape:
    with torch.inference_mode():
        channels, height, width = nn.Sequential(*layers).eval()(torch.zeros(1, *shape)).shape[1:]
    return channels, height, width


def _stir(module: nn.Sequential, dead: float) -> None:
    """Give batch norms a life before this step, and units that no image wakes.

    A share `dead` of the layers before a ReLU has one; if it is 1, they have no others.
    """
    for layer in module.modules():
        if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
            nn.init.normal_(layer.weight)
            nn.init.normal_(layer.bias)
            layer.running_mean.normal_()  # type: ignore[union-attr]  # it has statistics
            layer.running_var.uniform_(0.5, 2)  # type: ignore[union-attr]
            layer.momentum, layer.eps = [(0.1, 1e-5), (0.3, 1e-3)][int(torch.rand(()) < 0.3)]
    for layer, after in itertools.pairwise(module):
        bias = getattr(layer, "bias", None)
        if isinstance(after, nn.ReLU) and bias is not None and torch.rand(()) < dead:
            with torch.no_grad():
                bias[0 if dead < 1 else slice(None)] = DEAD


@st.composite
def cases(draw: st.DrawFn, /, *, kind: str = "random", **which: Any) -> Case:
    """A network with a batch on which single precision decides as double precision does.

    Args:
        kind: "random", "constant" (each of one color) or "equal" (all of one color).
        which: as `networks` takes it.
    """
    module, shape = draw(networks(**which))
    most = max(1, min(300, VALUES // _widest(module, shape)))
    batch = draw(st.one_of(st.integers(1, min(40, most)), st.integers(1, most)))
    seed = draw(st.integers(0, 2**16))
    return Case(module, shape, *batch_of(module, shape, batch, seed, kind), seed)


def batch_of(
    module: nn.Sequential, shape: Shape, batch: int, seed: int, kind: str = "random"
) -> tuple[Tensor, Tensor]:
    """Normally distributed images (batch, *shape) and any labels."""
    generator = torch.Generator().manual_seed(seed)
    size = {
        "random": (batch, *shape),
        "constant": (batch, shape[0], 1, 1),
        "equal": (1, shape[0], 1, 1),
    }[kind]
    images = torch.randn(size, generator=generator).expand(batch, *shape).contiguous()
    return images, torch.randint(0, classes(module), (batch,), generator=generator)


def classes(module: nn.Sequential) -> int:
    """How many classes a network tells apart."""
    return [layer for layer in module if isinstance(layer, nn.Linear)][-1].out_features


def _widest(module: nn.Sequential, shape: Shape) -> int:
    """How many values one image has in the layer that has most."""
    x, most = torch.zeros(1, *shape), math.prod(shape)
    for layer in copy.deepcopy(module).eval():
        x = layer(x)
        most = max(most, x.numel())
    return most


def values_per_channel(case: Case) -> float:
    """Over how many values the batch norms of a network form their means, at the least."""
    module, fewest = copy.deepcopy(case.module).eval(), [math.inf]
    for layer in module.modules():
        if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
            _watch(layer, lambda layer, x: torch.tensor(len(case.images) * x[0, 0].numel()), fewest)
    module(torch.zeros(1, *case.shape))
    return min(fewest)


def in_double(case: Case) -> Answer:
    """What torch makes of a case in double precision, with the dropout masks of its seed."""
    module = copy.deepcopy(case.module).double().train()
    margins, variances = [math.inf], [math.inf]
    for layer in module.modules():
        if isinstance(layer, nn.MaxPool2d):
            _watch(layer, _gaps, margins)
        elif isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
            _watch(
                layer, lambda layer, x: x.transpose(0, 1).flatten(1).var(1, correction=0), variances
            )
    torch.manual_seed(case.seed)
    with _Kinks(margins):
        loss = cross_entropy(module(case.images.double()), case.labels)
    loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
    gradients = {name: p.grad for name, p in module.named_parameters() if p.grad is not None}
    return Answer(
        loss.item(), gradients, dict(module.named_buffers()), min(margins), min(variances)
    )


class _Kinks(TorchFunctionMode):
    """Adds to a list how near to 0 any ReLU comes, of a layer or of a block's own."""

    def __init__(self, margins: list[float]) -> None:
        super().__init__()
        self.margins = margins

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if func in (torch.relu, torch.nn.functional.relu):
            self.margins.append(float(args[0].detach().abs().min()))
        return func(*args, **(kwargs or {}))


def _watch(layer: nn.Module, metric: Callable[[Any, Tensor], Tensor], least: list[float]) -> None:
    """Have the least of what `metric` says of a layer's input added to a list."""

    def hook(layer: nn.Module, inputs: tuple[Tensor]) -> None:
        least.append(float(metric(layer, inputs[0].detach()).min()))

    layer.register_forward_pre_hook(hook)


def _variances(norm: nn.Module, x: Tensor) -> Tensor:
    return x.transpose(0, 1).flatten(1).var(1, correction=0)


def _gaps(pool: nn.MaxPool2d, x: Tensor) -> Tensor:
    """By how much the largest value of each window exceeds the second.

    Where both are equal it doesn't matter which is chosen: both are 0 behind a ReLU, or look
    at equal pixels and so give equal gradients.
    """
    window, step, margin = (
        value if isinstance(value, tuple) else (value, value)
        for value in (pool.kernel_size, pool.stride, pool.padding)
    )
    padded = pad(x, (margin[1], margin[1], margin[0], margin[0]), value=-math.inf)
    windows = padded.unfold(2, window[0], step[0]).unfold(3, window[1], step[1])
    if math.prod(window) == 1:
        return torch.tensor(math.inf)
    best = windows.flatten(4).topk(2).values
    gaps = best[..., 0] - best[..., 1]
    return torch.where(gaps < 1e-12, math.inf, gaps)
