from __future__ import annotations

from torch import nn

from paribus.engine.stages import torch_is_faster
from paribus.engine.vocabulary import translate
from paribus.network.cifar_resnet import cifar_resnet
from paribus.network.lenet import lenet5
from paribus.network.resnet import resnet
from paribus.network.wide_resnet import wide_resnet


def test_large_linear_layers_are_left_to_torch() -> None:
    large = nn.Sequential(nn.Flatten(), nn.Linear(3072, 100), nn.ReLU(), nn.Linear(100, 10))
    reason = torch_is_faster(translate(large, (3, 32, 32)))
    assert reason is not None and "308,200 weights" in reason


def test_so_are_networks_with_very_many_weights() -> None:
    reason = torch_is_faster(translate(resnet(3, 10, 18), (3, 32, 32)))
    assert reason is not None and "11,164,352 weights" in reason


def test_small_residual_networks_are_not() -> None:
    for network in (cifar_resnet(3, 10, 56), wide_resnet(3, 10, depth=16, widen=4, dropout=0.0)):
        assert torch_is_faster(translate(network, (3, 32, 32))) is None


def test_small_ones_are_not() -> None:
    small = nn.Sequential(nn.Flatten(), nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 10))
    assert torch_is_faster(translate(small, (1, 28, 28))) is None


def test_nor_are_large_ones_beside_more_work_in_convolutions() -> None:
    for side in (32, 64, 96):
        lenet = lenet5(3, side, side, 10, batch_norm=False, dropout=0.0)
        assert torch_is_faster(translate(lenet, (3, side, side))) is None
