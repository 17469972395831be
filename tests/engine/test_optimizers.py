"""Steps of the engine are torch's own steps along the same gradients, and so is their state."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn

from paribus.engine.native import Trainer
from paribus.study.optimizers import Adam, AdamW, Optimizer, Sgd
from paribus.training.optimizers import build_optimizer, set_learning_rate

pytestmark = pytest.mark.usefixtures("engine")

SHAPE = (2, 3, 3)
OPTIMISERS = [
    Adam(lr=0.01),
    Adam(lr=0.01, weight_decay=0.1),
    AdamW(kind="adamw", lr=0.01, weight_decay=0.1),
    Sgd(kind="sgd", lr=0.1),
    Sgd(kind="sgd", lr=0.1, momentum=0.9, weight_decay=0.1),
    Sgd(kind="sgd", lr=0.1, momentum=0.9, nesterov=True),
    Adam(lr=0.01, betas=(0.8, 0.95), eps=1e-3),
    AdamW(kind="adamw", lr=0.01, weight_decay=0.1, decay="weights"),
]


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Flatten(), nn.Linear(18, 7), nn.BatchNorm1d(7), nn.ReLU(), nn.Linear(7, 3)
    )


def batch(step: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(step)
    labels = torch.randint(0, 3, (21,), generator=generator)
    return torch.randn(21, *SHAPE, generator=generator) + labels[:, None, None, None], labels


def gradients(module: nn.Module, images: Tensor, labels: Tensor) -> list[Tensor]:
    """The engine's own, taken from the momentum that a first step leaves."""
    probe = copy.deepcopy(module)
    optimizer = build_optimizer(Sgd(kind="sgd", lr=1.0, momentum=0.5), probe)
    Trainer(probe, SHAPE, optimizer, len(images)).step(images, labels)
    return [optimizer.state[p]["momentum_buffer"] for p in probe.parameters()]


@pytest.mark.parametrize("spec", OPTIMISERS, ids=str)
def test_twenty_steps_are_torchs(spec: Optimizer) -> None:
    ours, theirs = network(), network()
    our_optimizer, their_optimizer = build_optimizer(spec, ours), build_optimizer(spec, theirs)
    trainer = Trainer(ours, SHAPE, our_optimizer, 21)
    for step in range(20):
        if step == 10:  # as a schedule does between epochs
            set_learning_rate(our_optimizer, spec.lr / 3)
            set_learning_rate(their_optimizer, spec.lr / 3)
        images, labels = batch(step)
        for p, gradient in zip(theirs.parameters(), gradients(ours, images, labels), strict=True):
            p.grad = gradient
        their_optimizer.step()
        trainer.step(images, labels)
        for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
            torch.testing.assert_close(p, q, rtol=1e-5, atol=1e-7)
    state, their_state = our_optimizer.state_dict(), their_optimizer.state_dict()
    assert state["param_groups"] == their_state["param_groups"]
    assert state["state"].keys() == their_state["state"].keys()
    for parameter, values in their_state["state"].items():
        assert state["state"][parameter].keys() == values.keys()
        for name, value in values.items():
            torch.testing.assert_close(
                state["state"][parameter][name], value, rtol=1e-5, atol=1e-7, msg=name
            )


@pytest.mark.parametrize("spec", OPTIMISERS, ids=str)
def test_a_training_goes_on_from_its_saved_state_to_the_last_bit(spec: Optimizer) -> None:
    module = network()
    optimizer = build_optimizer(spec, module)
    trainer = Trainer(module, SHAPE, optimizer, 21)
    for step in range(5):
        trainer.step(*batch(step))
    resumed = network()
    resumed.load_state_dict(copy.deepcopy(module.state_dict()))
    its_optimizer = build_optimizer(spec, resumed)
    its_optimizer.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    its_trainer = Trainer(resumed, SHAPE, its_optimizer, 21)
    for step in range(5, 10):
        assert trainer.step(*batch(step)) == its_trainer.step(*batch(step))
    for name, value in module.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name


def test_a_state_that_is_loaded_on_the_way_is_gone_on_from() -> None:
    """As a checkpoint is: into the module and the optimizer that the trainer has."""
    spec = Adam(lr=0.01)
    module = network()
    optimizer = build_optimizer(spec, module)
    trainer = Trainer(module, SHAPE, optimizer, 21)
    trainer.step(*batch(0))
    saved = copy.deepcopy((module.state_dict(), optimizer.state_dict()))
    losses = [trainer.step(*batch(step)) for step in (1, 2, 3)]
    module.load_state_dict(saved[0])
    optimizer.load_state_dict(saved[1])
    assert [trainer.step(*batch(step)) for step in (1, 2, 3)] == losses


def test_gradients_that_are_taken_away_between_steps_come_back() -> None:
    """As by `zero_grad`, at which a step without would be none, and its memory another's."""
    losses = []
    for taken in (False, True):
        module = network()
        optimizer = build_optimizer(Adam(lr=0.01), module)
        trainer = Trainer(module, SHAPE, optimizer, 21)
        for step in range(3):
            losses.append(trainer.step(*batch(step)))
            if taken:
                optimizer.zero_grad()
    assert losses[3:] == losses[:3]


def test_gradients_of_the_engine_are_clipped_as_torchs() -> None:
    spec = Sgd(kind="sgd", lr=0.1, momentum=0.9)
    ours, theirs = network(), network()
    clipping, plain = build_optimizer(spec, ours, 0.2), build_optimizer(spec, theirs)
    trainer = Trainer(ours, SHAPE, clipping, 21)
    for step in range(5):
        images, labels = batch(step)
        for p, gradient in zip(theirs.parameters(), gradients(ours, images, labels), strict=True):
            p.grad = gradient
        assert nn.utils.clip_grad_norm_(theirs.parameters(), 0.2) > 0.2
        plain.step()
        trainer.step(images, labels)
        for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
            torch.testing.assert_close(p, q, rtol=1e-5, atol=1e-7)
