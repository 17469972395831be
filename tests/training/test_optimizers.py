"""Optimizers do what their names promise, checked against PyTorch's own."""

import pytest
import torch
from torch import nn

from paribus.study.optimizers import Adam, AdamW, Optimizer, Sgd
from paribus.training.optimizers import build_optimizer


@pytest.mark.parametrize(
    ("spec", "plain"),
    [
        (Adam(lr=0.01, weight_decay=0.1), lambda p: torch.optim.Adam(p, lr=0.01, weight_decay=0.1)),
        (
            AdamW(kind="adamw", lr=0.01, weight_decay=0.1),
            lambda p: torch.optim.AdamW(p, lr=0.01, weight_decay=0.1),
        ),
        (
            Sgd(kind="sgd", lr=0.01, momentum=0.9, weight_decay=0.1),
            lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9, weight_decay=0.1),
        ),
        (
            Adam(lr=0.01, betas=(0.8, 0.95), eps=1e-3),
            lambda p: torch.optim.Adam(p, lr=0.01, betas=(0.8, 0.95), eps=1e-3),
        ),
        (
            AdamW(kind="adamw", lr=0.01, betas=(0.8, 0.95), eps=1e-3),
            lambda p: torch.optim.AdamW(p, lr=0.01, betas=(0.8, 0.95), eps=1e-3),
        ),
        (
            Sgd(kind="sgd", lr=0.01, momentum=0.9, nesterov=True),
            lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9, nesterov=True),
        ),
    ],
)
def test_fused_optimizers_step_as_the_plain_ones(spec: Optimizer, plain: object) -> None:
    ours, theirs = nn.Linear(5, 3), nn.Linear(5, 3)
    theirs.load_state_dict(ours.state_dict())
    pairs = [
        (ours, build_optimizer(spec, ours)),
        (theirs, plain(theirs.parameters())),  # type: ignore[operator]  # as above
    ]
    for step in range(20):
        images = torch.randn(4, 5, generator=torch.Generator().manual_seed(step))
        for network, optimizer in pairs:
            optimizer.zero_grad()
            network(images).square().sum().backward()
            optimizer.step()
    torch.testing.assert_close(ours.weight, theirs.weight)


@pytest.mark.parametrize("kind", [Adam, AdamW, Sgd])
def test_only_weights_decay_where_that_is_asked(kind: type[Adam | AdamW | Sgd]) -> None:
    """Without a gradient, what a step changes is what the decay does."""
    spec = kind.model_validate({"kind": kind.__name__.lower(), "weight_decay": 0.1, "lr": 0.1})
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(2, 2))
    for decay, expected in (
        ("all", [*dict(network.named_parameters())]),
        ("weights", ["0.weight", "3.weight"]),
    ):
        asked = spec.model_copy(update={"decay": decay})
        optimizer = build_optimizer(asked, network)
        for parameter in network.parameters():
            parameter.data.fill_(1.0)
            parameter.grad = torch.zeros_like(parameter)
        optimizer.step()
        decayed = [name for name, p in network.named_parameters() if bool((p != 1).any())]
        assert decayed == expected


def test_gradients_above_the_largest_norm_are_scaled_to_it_as_torch_does() -> None:
    ours, theirs = nn.Linear(5, 3), nn.Linear(5, 3)
    theirs.load_state_dict(ours.state_dict())
    spec = Sgd(kind="sgd", lr=0.1, momentum=0.9)
    our_optimizer, their_optimizer = build_optimizer(spec, ours, 1.5), build_optimizer(spec, theirs)
    norms = []
    for step in range(6):
        images = torch.randn(4, 5, generator=torch.Generator().manual_seed(step))
        for network, optimizer in ((ours, our_optimizer), (theirs, their_optimizer)):
            optimizer.zero_grad()
            (network(images).square().sum() * (0.01 if step % 2 else 1)).backward()
        norms.append(float(nn.utils.clip_grad_norm_(theirs.parameters(), 1.5)))
        our_optimizer.step()
        their_optimizer.step()
        torch.testing.assert_close(ours.weight, theirs.weight, rtol=0, atol=0)
    assert min(norms) < 1.5 < max(norms)  # both cases were met
