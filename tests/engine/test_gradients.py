"""Every gradient of every network in the vocabulary, against torch's in double precision.

An optimizer with momentum keeps the first step's gradient as it came, so it is seen without
rounding of the parameters. Single precision may choose otherwise than double where a ReLU is
within rounding of its kink, or two values of a pool window within rounding of each other; such
batches are left out, and all else must agree to TOLERANCE. Where a batch norm divides by next to
nothing, single precision has nothing left to say, torch's neither: those are left out as well.
"""

from __future__ import annotations

import copy
from collections.abc import Callable

import pytest
import torch
from hypothesis import assume, given
from torch import Tensor, nn

from engine.cases import (
    Answer,
    Case,
    Shape,
    batch_of,
    cases,
    examples,
    in_double,
    values_per_channel,
)
from paribus.engine.native import Trainer
from paribus.network.cifar_resnet import cifar_resnet
from paribus.network.lenet import lenet5
from paribus.network.resnet import resnet
from paribus.network.wide_resnet import wide_resnet
from paribus.study.optimizers import Sgd
from paribus.training.optimizers import build_optimizer

pytestmark = pytest.mark.usefixtures("engine")

#: Of the largest gradient. Over 2,500 networks the engine was off by 1.4e-5 at most, torch in
#: single precision by 3.1e-5.
TOLERANCE = 2e-5

#: A variance that a batch norm may divide by without making rounding large.
SMALL = 0.05

#: Single precision's error in a value of size 1 that went through a few layers.
ROUNDING = 4e-6


def answer(case: Case) -> tuple[float, dict[str, Tensor], nn.Module]:
    """The engine's loss, its gradients by name, and the module after the step."""
    module = copy.deepcopy(case.module)
    optimizer = build_optimizer(Sgd(kind="sgd", lr=0.1, momentum=0.9), module)
    trainer = Trainer(module, case.shape, optimizer, len(case.images))
    torch.manual_seed(case.seed)
    loss = trainer.step(case.images, case.labels)
    momenta = {name: optimizer.state[p]["momentum_buffer"] for name, p in module.named_parameters()}
    return loss, momenta, module


def agree(case: Case, least: float) -> None:
    """Compare each tensor by its largest gradient, but not below `least` of the network's."""
    assume(values_per_channel(case) >= 8)
    true = in_double(case)
    assume(true.margin > ROUNDING and true.variance > SMALL)
    compare(case, true, least)


def compare(case: Case, true: Answer, least: float) -> None:
    """The engine's loss, gradients and statistics with the true ones, as `agree` says."""
    loss, gradients, module = answer(case)
    assert loss == pytest.approx(true.loss, rel=1e-5, abs=1e-6)
    largest = {name: float(gradient.abs().max()) for name, gradient in true.gradients.items()}
    for name, gradient in gradients.items():
        error = float((gradient - true.gradients[name]).abs().max())
        scale = max(largest[name], least * max(largest.values()))
        assert error <= TOLERANCE * scale, f"{name} is off by {error / scale:.1e}"
    for name, buffer in module.named_buffers():
        torch.testing.assert_close(
            buffer.double(), true.buffers[name].double(), rtol=1e-5, atol=ROUNDING
        )


@examples(120)
@given(cases(batch_norm=False))
def test_gradients_are_torchs(case: Case) -> None:
    agree(case, least=0.01)


@examples(120)
@given(cases(batch_norm=True))
def test_gradients_through_batch_norm_are_torchs_and_so_are_its_statistics(case: Case) -> None:
    agree(case, least=0.1)  # its gradients are small differences of large sums


LARGER: dict[str, tuple[Callable[[], nn.Sequential], Shape]] = {
    "LeNet-5": (lambda: lenet5(3, 32, 32, 10, batch_norm=False, dropout=0.5), (3, 32, 32)),
    "LeNet-5 with batch norm": (
        lambda: lenet5(3, 37, 50, 7, batch_norm=True, dropout=0.0),
        (3, 37, 50),
    ),
    "32 and 64 filters": (
        lambda: nn.Sequential(
            *(nn.Conv2d(3, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(576, 10)),
        ),
        (3, 17, 18),
    ),
    "a large kernel": (
        lambda: nn.Sequential(
            *(nn.Conv2d(2, 17, (9, 7), padding=4), nn.ReLU(), nn.MaxPool2d(5, 2, 2)),
            *(nn.Conv2d(17, 13, 7), nn.MaxPool2d((1, 3)), nn.Flatten(), nn.Linear(208, 101)),
        ),
        (2, 19, 36),
    ),
    "many channels, wide paddings": (
        lambda: nn.Sequential(
            *(nn.Conv2d(3, 33, 1), nn.Conv2d(33, 37, 3, padding=(2, 0)), nn.ReLU()),
            *(nn.Conv2d(37, 32, 3, padding=(0, 3), bias=False), nn.AvgPool2d(2, 3)),
            *(nn.Flatten(), nn.Linear(192, 5)),
        ),
        (3, 6, 7),
    ),
    "strides beyond the kernel": (
        lambda: nn.Sequential(
            *(nn.Conv2d(3, 7, (1, 2), stride=(2, 3)), nn.BatchNorm2d(7), nn.ReLU()),
            *(nn.Conv2d(7, 5, 3, stride=(4, 3), padding=(1, 2)), nn.MaxPool2d(1, 2)),
            *(nn.Flatten(), nn.Linear(10, 5)),
        ),
        (3, 13, 17),
    ),
    "wide layers": (
        lambda: nn.Sequential(
            *(nn.Flatten(), nn.Linear(600, 257), nn.ReLU(), nn.Linear(257, 130), nn.Dropout()),
            *(nn.BatchNorm1d(130), nn.ReLU(), nn.Linear(130, 100), nn.LogSoftmax(dim=1)),
        ),
        (6, 10, 10),
    ),
}


RESIDUAL: dict[str, tuple[Callable[[], nn.Sequential], Shape]] = {
    "ResNet-8": (lambda: cifar_resnet(3, 10, 8), (3, 8, 9)),
    "ResNet-18": (lambda: resnet(1, 10, 18), (1, 7, 5)),
    "wide": (lambda: wide_resnet(3, 10, depth=10, widen=2, dropout=0.0), (3, 8, 8)),
    "wide, dropout": (lambda: wide_resnet(2, 7, depth=10, widen=1, dropout=0.3), (2, 9, 8)),
}


@pytest.mark.parametrize("which", [*LARGER, *RESIDUAL])
@pytest.mark.parametrize("batch", [9, 16, 19])
def test_gradients_of_larger_networks_are_torchs(which: str, batch: int) -> None:
    make, shape = (LARGER | RESIDUAL)[which]
    torch.manual_seed(0)
    module = make()
    for seed in range(100):
        case = Case(module, shape, *batch_of(module, shape, batch, seed), seed)
        true = in_double(case)
        if true.margin > ROUNDING:
            break
    else:
        pytest.fail("no batch is clear of all kinks")
    compare(case, true, least=0.1)


@examples(60)
@given(cases(batch_norm=False, kind="equal"))
def test_gradients_of_equal_images_of_one_color_are_torchs(case: Case) -> None:
    agree(case, least=0.01)


@examples(60)
@given(cases(kind="constant"))
def test_gradients_of_images_of_one_color_each_are_torchs(case: Case) -> None:
    agree(case, least=0.1)


@examples(60)
@given(cases(batch_norm=True, kind="equal"))
def test_nothing_is_infinite_where_a_batch_norm_divides_by_nothing(case: Case) -> None:
    assume(values_per_channel(case) > 1)
    loss, gradients, module = answer(case)
    assert torch.tensor(loss).isfinite()
    for value in [*gradients.values(), *module.state_dict().values()]:
        assert value.isfinite().all()


def test_a_bias_that_batch_norm_takes_away_has_no_gradient_at_all() -> None:
    """PyTorch gives rounding noise there, of which Adam makes steps of full size."""
    layers = [nn.Conv2d(3, 5, 3), nn.BatchNorm2d(5), nn.ReLU(), nn.Flatten(), nn.Linear(180, 7)]
    module = nn.Sequential(*layers, nn.BatchNorm1d(7), nn.ReLU(), nn.Linear(7, 4))
    images, labels = torch.randn(20, 3, 8, 8), torch.arange(20) % 4
    _, gradients, _ = answer(Case(module, (3, 8, 8), images, labels, seed=0))
    assert not gradients["0.bias"].any()
    assert not gradients["4.bias"].any()
    assert gradients["7.bias"].all()


def test_a_unit_that_no_image_wakes_learns_nothing() -> None:
    module = nn.Sequential(
        nn.Conv2d(2, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(36, 3)
    )
    with torch.no_grad():
        module.get_parameter("0.bias")[1:3] = -100.0
    images, labels = torch.randn(33, 2, 8, 8), torch.arange(33) % 3
    _, gradients, _ = answer(Case(module, (2, 8, 8), images, labels, seed=0))
    asleep = gradients["0.weight"].flatten(1).any(1)
    assert asleep.tolist() == [True, False, False, True]
    assert gradients["0.bias"].bool().tolist() == [True, False, False, True]


def test_dropout_leaves_torchs_generator_as_torch_would() -> None:
    module = nn.Sequential(
        nn.Flatten(), nn.Linear(12, 9), nn.ReLU(), nn.Dropout(0.3), nn.Linear(9, 5), nn.Dropout(),
        nn.Linear(5, 2),
    )  # fmt: skip
    case = Case(module, (3, 2, 2), torch.randn(21, 3, 2, 2), torch.arange(21) % 2, seed=5)
    answer(case)
    state = torch.get_rng_state()
    torch.manual_seed(case.seed)
    module.train()(case.images)
    assert torch.equal(state, torch.get_rng_state())
