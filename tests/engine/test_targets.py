"""Towards smoothed, weighted and mixed targets, the engine's gradients are those of torch's losses.

The loss that a step returns is plain cross entropy, whatever is minimized.
"""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, one_hot

from engine.cases import Case, cases, classes, examples, in_double, values_per_channel
from paribus.engine.native import Trainer
from paribus.study.optimizers import Sgd
from paribus.training.optimizers import build_optimizer

pytestmark = pytest.mark.usefixtures("engine")

#: As in test_gradients.py.
TOLERANCE, SMALL, ROUNDING = 2e-5, 0.05, 4e-6

Loss = Callable[[Tensor], Tensor]


def step(case: Case, labels: Tensor, targets: Tensor | None) -> tuple[float, dict[str, Tensor]]:
    """The loss that a step of the engine returns, and its gradients by name."""
    module = copy.deepcopy(case.module)
    optimizer = build_optimizer(Sgd(kind="sgd", lr=0.1, momentum=0.9), module)
    trainer = Trainer(module, case.shape, optimizer, len(case.images))
    torch.manual_seed(case.seed)
    loss = trainer.step(case.images, labels, targets)
    return loss, {
        name: optimizer.state[p]["momentum_buffer"] for name, p in module.named_parameters()
    }


def by_torch(case: Case, minimized: Loss, recorded: Loss) -> tuple[float, dict[str, Tensor]]:
    """The same of torch in double precision."""
    module = copy.deepcopy(case.module).double().train()
    torch.manual_seed(case.seed)
    output = module(case.images.double())
    minimized(output).backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
    gradients = {name: p.grad for name, p in module.named_parameters() if p.grad is not None}
    return recorded(output.detach()).item(), gradients


def agree(
    case: Case, labels: Tensor, targets: Tensor | None, minimized: Loss, recorded: Loss
) -> None:
    assume(values_per_channel(case) >= 8)
    true = in_double(case)
    assume(true.margin > ROUNDING and true.variance > SMALL)
    (ours, gradients), (theirs, expected) = (
        step(case, labels, targets),
        by_torch(case, minimized, recorded),
    )
    assert ours == pytest.approx(theirs, rel=1e-5, abs=1e-6)
    largest = max(float(gradient.abs().max()) for gradient in expected.values())
    for name, gradient in gradients.items():
        scale = max(float(expected[name].abs().max()), 0.1 * largest)
        error = float((gradient - expected[name]).abs().max())
        assert error <= TOLERANCE * scale, f"{name} is off by {error / scale:.1e}"


def shares(case: Case, seed: int) -> Tensor:
    """(n, classes): each image is a mixture of two, as mixup makes them."""
    generator = torch.Generator().manual_seed(seed)
    labels = one_hot(case.labels, classes(case.module)).float()
    share = torch.rand(len(labels), 1, generator=generator)
    return share * labels + (1 - share) * labels.flip(0)


@examples(60)
@given(cases(), st.floats(0, 1), st.booleans(), st.integers(0, 2**16))
def test_smoothed_labels_and_weighted_classes(
    case: Case, smoothing: float, weighted: bool, seed: int
) -> None:
    number = classes(case.module)
    weights = torch.rand(number, generator=torch.Generator().manual_seed(seed))
    weights[int(case.labels[0])] = 1.0  # a batch of weight 0 has no mean
    weights = weights if weighted else torch.ones(number)
    labels = one_hot(case.labels, number).float()
    targets = weights * ((1 - smoothing) * labels + smoothing / number)
    targets /= weights[case.labels].sum()

    def minimized(output: Tensor) -> Tensor:
        return cross_entropy(output, case.labels, weights.double(), label_smoothing=smoothing)

    agree(case, case.labels, targets, minimized, lambda output: cross_entropy(output, case.labels))


@examples(60)
@given(cases(), st.floats(0, 0.9), st.integers(0, 2**16))
def test_mixed_images(case: Case, smoothing: float, seed: int) -> None:
    mixed = shares(case, seed)
    smoothed = (1 - smoothing) * mixed + smoothing / mixed.shape[1]

    def minimized(output: Tensor) -> Tensor:
        return cross_entropy(output, mixed.double(), label_smoothing=smoothing)

    def recorded(output: Tensor) -> Tensor:
        return cross_entropy(output, mixed.double())

    agree(case, mixed, smoothed / len(mixed), minimized, recorded)


@examples(30)
@given(cases(), st.integers(0, 2**16))
def test_shares_alone_are_what_is_minimized(case: Case, seed: int) -> None:
    mixed = shares(case, seed)
    ours, theirs = step(case, mixed, None), step(case, mixed, mixed / len(mixed))
    assert ours[0] == theirs[0]
    assert all(torch.equal(ours[1][name], theirs[1][name]) for name in ours[1])


@examples(30)
@given(cases())
def test_labels_written_as_shares_are_the_same_labels(case: Case) -> None:
    labels, written_out = case.labels, one_hot(case.labels, classes(case.module)).float()
    (ours, gradients), (theirs, same) = step(case, labels, None), step(case, written_out, None)
    assert ours == pytest.approx(theirs, rel=1e-5, abs=1e-6)
    for name, gradient in gradients.items():
        scale = max(1e-3, float(gradient.abs().max()))
        assert float((gradient - same[name]).abs().max()) <= 1e-5 * scale, name


def test_targets_that_do_not_fit_are_refused_in_words() -> None:
    module = nn.Sequential(nn.Flatten(), nn.Linear(4, 3))
    trainer = Trainer(module, (1, 2, 2), build_optimizer(Sgd(kind="sgd", lr=0.1), module), 5)
    images, labels = torch.zeros(5, 1, 2, 2), torch.zeros(5, dtype=torch.int64)
    with pytest.raises(ValueError, match=r"float32 targets of shape \(5, 3\), .* \(5, 2\)"):
        trainer.step(images, labels, torch.zeros(5, 2))
    with pytest.raises(ValueError, match=r"float32 targets of .*float64"):
        trainer.step(images, labels, torch.zeros(5, 3, dtype=torch.float64))
    with pytest.raises(ValueError, match=r"float32 labels of shape \(5, 3\), .* \(5, 4\)"):
        trainer.step(images, torch.zeros(5, 4))
