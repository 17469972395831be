"""What is minimized is torch's loss; what is recorded stays plain cross entropy."""

from typing import Any

import numpy as np
import pytest
import torch
from sklearn.utils.class_weight import compute_class_weight
from torch import nn
from torch.nn.functional import cross_entropy, one_hot

from paribus.study.config import Config
from paribus.study.optimizers import Sgd
from paribus.training.objective import PLAIN, Objective, balanced, objective
from paribus.training.optimizers import build_optimizer
from paribus.training.steps import TorchSteps

CLASSES = 4
LABELS = np.array([0] * 12 + [1] * 3 + [2] * 5 + [3] * 2)


def config(**keys: Any) -> Config:
    return Config.model_validate({"data": {"source": "digits"}, "epochs": 1, **keys})


def test_balanced_weights_are_scikit_learns() -> None:
    theirs = compute_class_weight("balanced", classes=np.arange(CLASSES), y=LABELS)
    np.testing.assert_allclose(balanced(LABELS, CLASSES).numpy(), theirs, rtol=1e-6)
    per_class = balanced(LABELS, CLASSES).numpy() * np.bincount(LABELS)
    np.testing.assert_allclose(per_class, len(LABELS) / CLASSES, rtol=1e-6)


def test_a_class_without_images_has_no_weight_and_the_others_share_all() -> None:
    weights = balanced(LABELS[LABELS != 1], CLASSES)
    assert weights[1] == 0
    assert float(weights.numpy()[LABELS[LABELS != 1]].mean()) == pytest.approx(1)


def test_it_is_the_formula() -> None:
    """-sum over classes of (smoothed label * class weight * log p), over the images' weights."""
    output = torch.randn(22, CLASSES, generator=torch.Generator().manual_seed(1))
    labels = torch.from_numpy(LABELS)
    asked = objective(config(label_smoothing=0.2, class_weights="balanced"), LABELS, CLASSES)
    weights = balanced(LABELS, CLASSES)
    smoothed = 0.8 * one_hot(labels, CLASSES) + 0.2 / CLASSES
    each = -(smoothed * weights * output.log_softmax(1)).sum(1)
    torch.testing.assert_close(asked(output, labels), each.sum() / weights[labels].sum())


def test_nothing_asked_is_cross_entropy_to_the_last_bit() -> None:
    output = torch.randn(22, CLASSES, generator=torch.Generator().manual_seed(1))
    labels = torch.from_numpy(LABELS)
    assert objective(config(), LABELS, CLASSES).is_plain
    assert torch.equal(PLAIN(output, labels), cross_entropy(output, labels))


@pytest.mark.parametrize(
    "asked",
    [
        Objective(0.1),
        Objective(weights=torch.tensor([0.5, 2.0, 1.0, 3.0])),
        Objective(0.3, torch.tensor([0.5, 2.0, 1.0, 3.0])),
    ],
    ids=["smoothed", "weighted", "both"],
)
def test_a_step_follows_torchs_loss_and_tells_the_plain_one(asked: Objective) -> None:
    ours, theirs = nn.Linear(5, CLASSES), nn.Linear(5, CLASSES)
    theirs.load_state_dict(ours.state_dict())
    steps = TorchSteps(ours, build_optimizer(Sgd(kind="sgd", lr=0.1), ours), asked)
    optimizer = torch.optim.SGD(theirs.parameters(), lr=0.1)
    images = torch.randn(22, 5, generator=torch.Generator().manual_seed(2))
    labels = torch.from_numpy(LABELS)
    for _ in range(5):
        output = theirs(images)
        assert steps.step(images, labels) == pytest.approx(cross_entropy(output, labels).item())
        optimizer.zero_grad()
        loss = cross_entropy(output, labels, weight=asked.weights, label_smoothing=asked.smoothing)
        torch.autograd.backward(loss)
        optimizer.step()
        torch.testing.assert_close(ours.weight, theirs.weight)


@pytest.mark.parametrize(
    "asked",
    [
        Objective(classes=CLASSES),
        Objective(0.1, classes=CLASSES),
        Objective(0.3, torch.tensor([0.5, 2.0, 1.0, 3.0]), CLASSES),
    ],
    ids=["plain", "smoothed", "both"],
)
def test_targets_give_the_same_loss_and_mixed_ones_their_mean(asked: Objective) -> None:
    output = torch.randn(22, CLASSES, generator=torch.Generator().manual_seed(1))
    labels = torch.from_numpy(LABELS)
    hard = one_hot(labels, CLASSES).float()
    torch.testing.assert_close(asked(output, hard), asked(output, labels))
    by_targets = -(asked.targets(labels) * output.log_softmax(1)).sum()
    torch.testing.assert_close(by_targets, asked(output, labels))
    mixed = 0.3 * hard + 0.7 * hard.roll(1, 0)
    if asked.weights is None:
        expected = 0.3 * asked(output, labels) + 0.7 * asked(output, labels.roll(1, 0))
        torch.testing.assert_close(asked(output, mixed), expected)
        theirs = cross_entropy(output, mixed, label_smoothing=asked.smoothing)
        torch.testing.assert_close(asked(output, mixed), theirs)
