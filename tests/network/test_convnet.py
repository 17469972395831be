"""The small fast network: as large as its source says, and the same to either engine."""

import copy

import pytest
import torch
from torch import nn

from paribus.engine.library import NoLibrary, library
from paribus.engine.native import Trainer
from paribus.network.build import build, build_and_describe
from paribus.study.networks import ConvNet
from paribus.study.optimizers import Sgd
from paribus.training.optimizers import build_optimizer
from paribus.training.steps import TorchSteps

CONVNET = ConvNet(kind="convnet")
#: As the README of its author's ablations says; he trains no scales of batch normalization.
PUBLISHED, SCALES = 1_971_640, 2 * (64 + 256 + 256)


def test_it_has_the_published_number_of_parameters_and_scales() -> None:
    module, facts = build_and_describe(CONVNET, (3, 32, 32), 10, seed=0)
    norms = [layer for layer in module.modules() if isinstance(layer, nn.BatchNorm2d)]
    assert sum(norm.weight.numel() for norm in norms) == SCALES
    assert facts.parameters == PUBLISHED + SCALES


def test_each_of_its_convolutions_is_a_line() -> None:
    assert build_and_describe(CONVNET, (3, 32, 32), 10, seed=0)[1].layers == (
        "Conv-ReLU",
        *2 * ("Conv-MaxPool-BatchNorm2d-ReLU", "Conv-BatchNorm2d-ReLU"),
        "Conv-MaxPool-BatchNorm2d-ReLU",
        "Conv-BatchNorm2d-ReLU-MaxPool",
        "FC",
    )


@pytest.mark.parametrize("size", [(16, 16), (17, 40), (64, 48)], ids=str)
def test_its_last_pooling_leaves_one_pixel(size: tuple[int, int]) -> None:
    module = build(CONVNET, (1, *size), 4, seed=0)
    assert isinstance(module, nn.Sequential)
    flat = next(i for i, layer in enumerate(module) if isinstance(layer, nn.Flatten))
    assert module[:flat](torch.randn(2, 1, *size)).shape == (2, 256, 1, 1)


def test_either_engine_trains_it_alike() -> None:
    try:
        library()
    except NoLibrary as reason:
        pytest.skip(f"no engine: {reason}")
    ours = build(CONVNET, (3, 20, 28), 4, seed=0)
    theirs = copy.deepcopy(ours)
    torch.manual_seed(0)
    images, labels = torch.randn(32, 3, 20, 28), torch.arange(32) % 4
    optimizers = [build_optimizer(Sgd(kind="sgd", lr=0.01), one) for one in (ours, theirs)]
    native = Trainer(ours, (3, 20, 28), optimizers[0], 32)
    by_torch = TorchSteps(theirs, optimizers[1])
    for _ in range(3):
        loss = native.step(images, labels)
        assert loss == pytest.approx(by_torch.step(images, labels), rel=1e-4)
