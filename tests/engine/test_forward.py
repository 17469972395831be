"""What the engine says of images is what torch says of them in evaluation mode."""

from __future__ import annotations

import copy

import pytest
import torch
from hypothesis import given
from torch import nn

from engine.cases import Case, cases, examples
from paribus.engine.native import Forward

pytestmark = pytest.mark.usefixtures("engine")


@examples(150)
@given(cases())
def test_the_engine_answers_as_torch_does(case: Case) -> None:
    ours = Forward(case.module, case.shape)(case.images)
    with torch.inference_mode():
        theirs = copy.deepcopy(case.module).double().eval()(case.images.double())
    assert ours.shape == theirs.shape
    assert ours.dtype == torch.float32
    largest = max(1.0, float(theirs.abs().max()))
    assert float((ours - theirs).abs().max()) <= 1e-5 * largest


@examples(30)
@given(cases())
def test_asking_changes_nothing(case: Case) -> None:
    before = copy.deepcopy(case.module.state_dict())
    images, training = case.images.clone(), case.module.training
    torch.manual_seed(3)
    Forward(case.module, case.shape)(images)
    drawn = torch.get_rng_state()
    torch.manual_seed(3)
    assert torch.equal(drawn, torch.get_rng_state())
    assert torch.equal(images, case.images)
    assert case.module.training == training
    for name, value in case.module.state_dict().items():
        assert torch.equal(value, before[name]), name


def test_a_image_is_answered_alike_alone_and_among_others() -> None:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv2d(3, 7, 3), nn.ReLU(), nn.Flatten(), nn.Linear(7 * 36, 5))
    forward = Forward(module, (3, 8, 8))
    images = torch.randn(35, 3, 8, 8)
    together = forward(images)
    for n in (0, 15, 16, 34):
        assert torch.equal(forward(images[n : n + 1])[0], together[n])


def test_the_weights_of_the_moment_count() -> None:
    module = nn.Sequential(nn.Flatten(), nn.Linear(4, 2))
    forward = Forward(module, (1, 2, 2))
    images = torch.randn(3, 1, 2, 2)
    forward(images)
    with torch.no_grad():
        module.get_parameter("1.weight").zero_()
        module.get_parameter("1.bias").copy_(torch.tensor([2.0, -1.0]))
    assert forward(images).tolist() == [[2.0, -1.0]] * 3


def test_no_images_have_no_answers() -> None:
    module = nn.Sequential(nn.Flatten(), nn.Linear(4, 2))
    assert Forward(module, (1, 2, 2))(torch.empty(0, 1, 2, 2)).shape == (0, 2)


def test_images_in_another_memory_format_are_the_same_images() -> None:
    module = nn.Sequential(nn.Conv2d(3, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(32, 2))
    images = torch.randn(5, 3, 6, 6)
    forward = Forward(module, (3, 6, 6))
    assert torch.equal(
        forward(images), forward(images.contiguous(memory_format=torch.channels_last))
    )


def test_what_does_not_fit_is_refused_in_words() -> None:
    forward = Forward(nn.Sequential(nn.Flatten(), nn.Linear(12, 2)), (3, 2, 2))
    with pytest.raises(ValueError, match=r"\(3, 2, 2\).*\(3, 4, 2\)"):
        forward(torch.zeros(5, 3, 4, 2))
    with pytest.raises(ValueError, match="float32"):
        forward(torch.zeros(5, 3, 2, 2, dtype=torch.float64))


@pytest.mark.parametrize(
    ("kernel", "padding", "side"), [(5, 2, 1), (7, 3, 2), (3, 1, 1), (7, 3, 1)]
)
def test_a_kernel_wider_than_its_image_stays_within_the_outputs(
    kernel: int, padding: int, side: int
) -> None:
    """`make sanitize` sees a write beyond them."""
    torch.manual_seed(0)
    module = nn.Sequential(
        nn.Conv2d(2, 4, kernel, padding=padding), nn.ReLU(), nn.Flatten(), nn.Linear(4 * side**2, 3)
    ).eval()
    images = torch.randn(19, 2, side, side)
    with torch.no_grad():
        torch.testing.assert_close(Forward(module, (2, side, side))(images), module(images))
