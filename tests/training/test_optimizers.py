"""Optimizers and schedules do what their names promise, checked against PyTorch's own."""

import math

import pytest
import torch
from torch import nn

from paribus.study.config import Adam, AdamW, Constant, Cosine, Optimizer, Sgd, Step
from paribus.training.steps import build_optimizer, learning_rate


def test_step_halves_after_every_twenty_epochs_as_published() -> None:
    schedule = Step(kind="step", every=20, factor=0.5)
    rates = [learning_rate(schedule, 0.001, epoch, 100) for epoch in (1, 20, 21, 40, 41, 100)]
    assert rates == [0.001, 0.001, 0.0005, 0.0005, 0.00025, 0.0000625]


@pytest.mark.parametrize(
    ("schedule", "torchs"),
    [
        (Constant(), lambda o: torch.optim.lr_scheduler.ConstantLR(o, factor=1)),
        (
            Step(kind="step", every=3, factor=0.3),
            lambda o: torch.optim.lr_scheduler.StepLR(o, step_size=3, gamma=0.3),
        ),
        (
            Cosine(kind="cosine", final=0.01),
            lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, T_max=11, eta_min=0.01),
        ),
    ],
)
def test_schedules_agree_with_pytorchs(schedule: Constant | Step | Cosine, torchs: object) -> None:
    optimizer = torch.optim.SGD(nn.Linear(1, 1).parameters(), lr=0.1)
    theirs = torchs(optimizer)  # type: ignore[operator]  # a constructor of the table above
    for epoch in range(1, 12):
        rate = optimizer.param_groups[0]["lr"]
        assert math.isclose(learning_rate(schedule, 0.1, epoch, 11), rate, rel_tol=1e-9)
        optimizer.step()
        theirs.step()


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
