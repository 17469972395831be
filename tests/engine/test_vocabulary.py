"""What the engine knows, and in which words it refuses what it doesn't."""

from __future__ import annotations

import re
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from paribus.engine.vocabulary import UnsupportedLayer, translate
from paribus.network.cifar_resnet import cifar_resnet
from paribus.network.convnet import convnet
from paribus.network.lenet import lenet5
from paribus.network.residual import BasicBlock, Padded, StochasticDepth
from paribus.network.resnet import resnet
from paribus.network.wide_resnet import WideBlock, wide_resnet

SHAPE = (3, 8, 8)


class OwnReLU(nn.ReLU):
    """Does something else, or may."""

    def forward(self, input: Tensor) -> Tensor:
        return input.abs()


class OwnSequence(nn.Sequential):
    """Goes its own way through its layers."""

    def forward(self, input: Tensor) -> Tensor:
        for layer in self:
            input = layer(input)
        return input + 1


class OwnBlock(BasicBlock):
    """Does something else, or may."""


def replaced(block: nn.Module, **parts: nn.Module) -> nn.Module:
    for name, part in parts.items():
        setattr(block, name, part)
    return block


def hooked_within() -> nn.Module:
    block = BasicBlock(4, 4, 1, Padded)
    block.conv2.register_forward_hook(lambda layer, inputs, output: output * 2)
    return block


def named(layers: dict[str, nn.Module]) -> nn.Sequential:
    module = nn.Sequential()
    for name, layer in layers.items():
        module.add_module(name, layer)
    return module


def around(**odd: nn.Module) -> nn.Sequential:
    """A network in which one layer behind the convolution is odd."""
    return named(
        {"conv": nn.Conv2d(3, 4, 3, padding=1), **odd, "flatten": nn.Flatten()}
        | {"fc": nn.LazyLinear(5)}
    )


def built(module: nn.Module) -> nn.Module:
    """Let the last layer take on its size."""
    with torch.inference_mode():
        module.eval()(torch.zeros(2, *SHAPE))
    return module.train()


def frozen() -> nn.Module:
    module = built(around(relu=nn.ReLU()))
    module.get_submodule("fc").get_parameter("bias").requires_grad_(False)
    return module


def hooked() -> nn.Module:
    module = built(around(relu=nn.ReLU()))
    module.get_submodule("relu").register_forward_hook(lambda layer, inputs, output: output * 2)
    return module


def patched() -> nn.Module:
    module = built(around(relu=nn.ReLU()))
    vars(module.get_submodule("relu"))["forward"] = lambda x: x * 2
    return module


def hooked_whole() -> nn.Module:
    module = built(around(relu=nn.ReLU()))
    module.register_forward_pre_hook(lambda layer, inputs: inputs)
    return module


def hooked_weight() -> nn.Module:
    module = built(around(relu=nn.ReLU()))
    weight: Any = module.get_parameter("conv.weight")
    weight.register_hook(lambda gradient: gradient * 2)
    return module


def hooked_step() -> nn.Module:
    module = built(around(relu=nn.ReLU()))
    weight: Any = module.get_parameter("conv.weight")
    weight.register_post_accumulate_grad_hook(lambda weight: weight.clamp_(-1, 1))
    return module


def pruned() -> nn.Module:
    """What torch runs, for it asks the weights alone how many outputs there are."""
    first, second = nn.Conv2d(3, 8, 3), nn.Conv2d(8, 4, 3)
    first.weight, first.bias = (nn.Parameter(p[:6]) for p in first.parameters())
    second.weight = nn.Parameter(second.weight[:, :6].contiguous())
    return built(nn.Sequential(first, second, nn.Flatten(), nn.Linear(64, 5)))


def shared() -> nn.Module:
    again = nn.Conv2d(3, 3, 3, padding=1)
    return named({"a": again, "relu": nn.ReLU(), "b": again, "flatten": nn.Flatten()})


def tied() -> nn.Module:
    module = nn.Sequential(nn.Flatten(), nn.Linear(192, 192), nn.ReLU(), nn.Linear(192, 192))
    module[3].weight = module[1].weight
    return module


def strided() -> nn.Module:
    module = built(around(relu=nn.ReLU()))
    module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's gap
    return module


def norm(**changes: Any) -> nn.Module:
    return built(around(norm=nn.BatchNorm2d(4, **changes)))


OUTSIDE = {
    "dilation": (lambda: built(around(odd=nn.Conv2d(4, 4, 3, dilation=2))), "odd"),
    "groups": (lambda: built(around(odd=nn.Conv2d(4, 4, 3, groups=2))), "odd"),
    "reflection": (
        lambda: built(around(odd=nn.Conv2d(4, 4, 3, padding=1, padding_mode="reflect"))),
        "odd",
    ),
    "padded average": (lambda: built(around(odd=nn.AvgPool2d(2, padding=1))), "odd"),
    "average of parts": (lambda: built(around(odd=nn.AdaptiveAvgPool2d(2))), "odd"),
    "average of rows": (lambda: built(around(odd=nn.AdaptiveAvgPool2d((None, 1)))), "odd"),
    "another divisor": (lambda: built(around(odd=nn.AvgPool2d(2, divisor_override=3))), "odd"),
    "a shortcut of one's own": (
        lambda: built(around(odd=BasicBlock(4, 4, 2, lambda *sizes: nn.MaxPool2d(2)))),
        "odd.shortcut",
    ),
    "a block with other layers": (
        lambda: built(around(odd=replaced(BasicBlock(4, 4, 1, Padded), norm1=nn.Identity()))),
        "odd.norm1",
    ),
    "stochastic depth": (
        lambda: built(around(odd=replaced(WideBlock(4, 4, 1, 0.0), kept=StochasticDepth(0.5)))),
        "odd.kept",
    ),
    "a block of one's own": (lambda: built(around(odd=OwnBlock(4, 4, 1, Padded))), "odd"),
    "a hook in a block": (lambda: built(around(odd=hooked_within())), "odd.conv2"),
    "ceil mode": (lambda: built(around(odd=nn.MaxPool2d(3, ceil_mode=True))), "odd"),
    "dilated pool": (lambda: built(around(odd=nn.MaxPool2d(2, dilation=2))), "odd"),
    "indices": (
        lambda: named(
            {"odd": nn.MaxPool2d(2, return_indices=True), "f": nn.Flatten(), "l": nn.Linear(48, 2)}
        ),
        "odd",
    ),
    "another activation": (lambda: built(around(odd=nn.GELU())), "odd"),
    "one's own ReLU": (lambda: built(around(odd=OwnReLU())), "odd"),
    "channels dropped": (lambda: built(around(odd=nn.Dropout2d())), "odd"),
    "log softmax midway": (lambda: built(around(odd=nn.LogSoftmax(dim=1))), "odd"),
    "softmax over pixels": (
        lambda: nn.Sequential(nn.Flatten(), nn.Linear(192, 5), nn.LogSoftmax(dim=0)),
        "2",
    ),
    "no affine": (lambda: norm(affine=False), "norm"),
    "no statistics": (lambda: norm(track_running_stats=False), "norm"),
    "mean of all batches": (lambda: norm(momentum=None), "norm"),
    "one dimension": (
        lambda: nn.Sequential(nn.Flatten(2), nn.Conv1d(3, 2, 3), nn.Flatten(), nn.Linear(124, 2)),
        None,
    ),
    "one's own sequence": (
        lambda: OwnSequence(nn.Flatten(), nn.Linear(192, 2)),
        "OwnSequence",
    ),
    "a sequence within": (
        lambda: nn.Sequential(OwnSequence(nn.Conv2d(3, 2, 3)), nn.Flatten(), nn.Linear(72, 2)),
        "0",
    ),
    "no sequence": (lambda: nn.Linear(192, 2), "Linear"),
    "no layers": (nn.Sequential, None),
    "no weights": (lambda: nn.Sequential(nn.Flatten()), None),
    "images as answers": (lambda: nn.Sequential(nn.Conv2d(3, 2, 3)), None),
    "linear over the columns": (lambda: nn.Sequential(nn.Linear(8, 2), nn.Flatten()), "0"),
    "the same layer twice": (shared, None),
    "the same weights twice": (tied, None),
    "frozen": (frozen, "fc.bias"),
    "hook": (hooked, "relu"),
    "forward of its own": (patched, "relu"),
    "hook of the whole": (hooked_whole, None),
    "hook of a weight": (hooked_weight, "conv.weight"),
    "hook of a weight's step": (hooked_step, "conv.weight"),
    "weights of other sizes": (pruned, "0.weight"),
    "double": (lambda: built(around(relu=nn.ReLU())).double(), "conv.weight"),
    "half": (lambda: built(around(relu=nn.ReLU())).half(), "conv.weight"),
    "strided weights": (
        strided,
        "conv.weight",
    ),
    "other images": (
        lambda: nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(72, 2)),
        "0",
    ),
    "a kernel beyond the image": (
        lambda: nn.Sequential(nn.Conv2d(3, 2, 9), nn.Flatten(), nn.Linear(2, 2)),
        "0",
    ),
}


@pytest.mark.parametrize("odd", OUTSIDE)
def test_what_lies_outside_is_refused_by_a_clause_that_names_it(odd: str) -> None:
    make, name = OUTSIDE[odd]
    with pytest.raises(UnsupportedLayer) as refusal:
        translate(make(), SHAPE)  # type: ignore[operator]  # a constructor of the table above
    clause = str(refusal.value)
    assert clause[0] == clause[0].lower() or clause.startswith(str(name)), clause
    assert not clause.endswith(".")
    assert "\n" not in clause
    assert len(clause) < 200, clause
    if name is not None:
        assert re.search(rf"\b{re.escape(name)}\b", clause), clause


@pytest.mark.parametrize("batch_norm", [False, True])
@pytest.mark.parametrize("dropout", [0.0, 0.5])
@pytest.mark.parametrize("size", [16, 32, 33, 64])
def test_every_lenet_is_inside(batch_norm: bool, dropout: float, size: int) -> None:
    translate(lenet5(3, size, size, 10, batch_norm=batch_norm, dropout=dropout), (3, size, size))


def test_residual_networks_are_inside() -> None:
    for module, shape in [
        (cifar_resnet(3, 10, 20), (3, 32, 32)),
        (resnet(1, 10, 34), (1, 28, 28)),
        (wide_resnet(3, 10, depth=16, widen=2, dropout=0.3), (3, 33, 48)),
        (convnet((3, 32, 32), 10), (3, 32, 32)),
    ]:
        translate(module, shape)


AGAIN = nn.ReLU()


@pytest.mark.parametrize(
    "module",
    [
        nn.Sequential(nn.Conv2d(3, 4, 3), AGAIN, nn.Flatten(), nn.Linear(144, 9), AGAIN),
        nn.Sequential(nn.Flatten(), nn.Linear(192, 2)),
        nn.Sequential(nn.Sequential(nn.Conv2d(3, 4, 3)), nn.Flatten(), nn.Linear(144, 2)),
        nn.Sequential(nn.Conv2d(3, 4, (1, 3), padding=(0, 1)), nn.Flatten(), nn.Linear(256, 2)),
        nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(inplace=True), nn.Flatten(), nn.Linear(144, 2)),
        nn.Sequential(nn.MaxPool2d(2), nn.ReLU(), nn.Flatten(), nn.Dropout(), nn.Linear(48, 2)),
        nn.Sequential(nn.Flatten(), nn.Identity(), nn.Linear(192, 2), nn.LogSoftmax(dim=-1)),
        nn.Sequential(
            nn.MaxPool2d(1), nn.ReLU(), nn.MaxPool2d((2,)), nn.Flatten(), nn.Linear(48, 2)
        ),
    ],
    ids=lambda module: ", ".join(type(layer).__name__ for layer in module),
)
def test_less_usual_networks_are_inside(module: nn.Module) -> None:
    translate(module, SHAPE)
