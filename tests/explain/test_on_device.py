"""Explanations of networks that lie on a GPU: nothing is mixed with what lies elsewhere."""

from __future__ import annotations

import torch
from torch import nn

from paribus.explain.attribution import integrated_gradients, occlusion, outside, pooled
from paribus.explain.interventions import intervened
from paribus.explain.neighbors import last_hidden
from paribus.metrics.interventions import interventions
from paribus.network.build import build
from paribus.study.networks import LeNet5
from training.fake_gpu import META, Strict

SHAPE = (3, 32, 32)


def network() -> nn.Module:
    return build(LeNet5(), SHAPE, 10, seed=0).eval().to(META)


def test_interventions_stay_where_the_images_are() -> None:
    images, net = torch.randn(8, *SHAPE, device=META), network()
    with Strict():
        changed = dict(intervened(images, torch.arange(8), (0.5,) * 3, (0.2,) * 3))
        answers = {name: net(one).device.type for name, one in changed.items()}
    assert answers == dict.fromkeys((change.name for change in interventions(3)), META)


def test_maps_and_hidden_activations_are_made_there() -> None:
    images, net = torch.randn(8, *SHAPE, device=META), network()
    targets = torch.zeros(8, dtype=torch.int64, device=META)
    with Strict():
        maps = integrated_gradients(net, images, targets, steps=2)
        covered = occlusion(net, images, targets)
        made = (maps, covered, pooled(maps, 8), outside(maps), last_hidden(net, images))
    assert {one.device.type for one in made} == {META}
